/* SPDX-License-Identifier: Apache-2.0 */
/* multi.c -- see multi.h. Checks and their order are TensorFlow Serving's. */
#include "api/multi.h"

#include <string.h>

#include "api/method.h"
#include "base/macros.h"
#include "base/mem.h"
#include "exec/joint.h"
#include "tensor/limits.h"

static int cut(td_string s)
{
    return (int)TD_MIN(s.size, (size_t)1000);
}

static bool is_same(td_string a, td_string b)
{
    return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

static td_status check_model(const td_task *t, const td_task *first)
{
    if (!t->model.size) return TD_ERR(INVALID_ARGUMENT, "Found ModelSpec with an empty model name.");
    if (!is_same(t->model, first->model))
        return TD_ERR(INVALID_ARGUMENT,
                      "All ModelSpecs in a MultiInferenceRequest must access the same model name.");
    return NULL;
}

/* NULL: there is none. */
static const td_signature *find_signature(const td_session *s, td_string name)
{
    size_t n;
    const td_signature *const all = td_session_signatures(s, &n);

    for (size_t i = 0; i < n; i++)
        if (td_string_is(name, all[i].name)) return &all[i];
    return NULL;
}

static td_status check_form(const td_task *t, const td_signature *sig)
{
    const td_method verb = td_method_named(t->method_name);

    if (verb != TD_METHOD_CLASSIFY && verb != TD_METHOD_REGRESS)
        return TD_ERR(UNIMPLEMENTED, "Unsupported signature method_name: %.*s", cut(t->method_name),
                      t->method_name.size ? t->method_name.data : "");
    return td_examples_check(sig, verb);
}

static td_string name_of(const td_task *t)
{
    return t->signature.size ? t->signature : (td_string){ "serving_default", 15 };
}

/* is_taken[] of s's signatures: no more tasks are looked at than there are of these, and one. */
static td_status check_task(const td_session *s, const td_task *t, bool *is_taken)
{
    const td_string name = name_of(t);
    const td_signature *const sig = find_signature(s, name);
    size_t n;

    if (!sig)
        return TD_ERR(INVALID_ARGUMENT, "Requested signature not found in model graph: %.*s", cut(name),
                      name.data);
    bool *const is_mine = &is_taken[sig - td_session_signatures(s, &n)];

    if (*is_mine) return TD_ERR(INVALID_ARGUMENT, "Duplicate evaluation of signature: %s", sig->name);
    *is_mine = true;
    return check_form(t, sig);
}

td_status td_tasks_check(const td_session *s, const td_task *tasks, size_t n)
{
    size_t n_signatures;

    (void)td_session_signatures(s, &n_signatures);
    bool *const is_taken = TD_NEW_N(bool, n_signatures);
    td_status error = NULL;

    for (size_t i = 0; i < n && !error; i++) {
        error = check_model(&tasks[i], &tasks[0]);
        if (!error) error = check_task(s, &tasks[i], is_taken);
    }
    td_free(is_taken);
    return error;
}

/* The signature of all tasks together; NULL: they are no run together. */
static const td_signature *find_joint(const td_tasks *t, const td_session *s)
{
    const td_signature *joint = NULL;
    size_t first;

    for (size_t i = 0; i < t->n; i++) {
        const td_signature *const own = find_signature(s, name_of(&t->all[i]));
        const td_signature *const its = own ? td_joint_of(s, own, &first) : NULL;

        if (!its || (joint && its != joint)) return NULL;
        joint = its;
    }
    return t->n > 1 ? joint : NULL;
}

static td_method verb_of(const td_task *t)
{
    return td_method_named(t->method_name);
}

/* The outputs of task i of a joint run -> want; how many. */
static size_t want_outputs(const td_tasks *t, const td_session *s, size_t i, size_t *want)
{
    const td_signature *const sig = find_signature(s, name_of(&t->all[i]));
    const size_t n = td_examples_want(sig, verb_of(&t->all[i]), want);
    size_t first;

    (void)td_joint_of(s, sig, &first);
    for (size_t k = 0; k < n; k++)
        want[k] += first;
    return n;
}

static td_status open_joint(const td_tasks *t, td_servable *servable, const td_signature *sig,
                            td_arena *arena, td_predict *p)
{
    td_predict_open_on(servable, sig, arena, p);
    p->n_want = 0;
    for (size_t i = 0; i < t->n; i++)
        p->n_want += want_outputs(t, td_servable_session(servable), i, &p->want[p->n_want]);
    p->inputs[0] = td_examples_input(t->examples, t->n_examples);
    return td_limits_check(sig->inputs[0].alias, &p->inputs[0].shape);
}

td_status td_tasks_open(td_tasks *t, td_servable *servable, td_arena *arena, td_predict *p)
{
    const td_task *const task = &t->all[t->at];
    const td_signature *const joint =
        t->at || !t->n_examples ? NULL : find_joint(t, td_servable_session(servable));

    t->n_now = joint ? t->n : 1;
    if (!joint)
        return td_examples_open(servable, verb_of(task), task->signature, t->examples, t->n_examples, arena,
                                p);
    return open_joint(t, servable, joint, arena, p);
}

td_predict td_tasks_part(const td_tasks *t, const td_predict *p, size_t i)
{
    const td_session *const s = td_servable_session(p->servable);
    td_predict part = *p;
    size_t at = 0;

    if (t->n_now == 1) return part;
    part.n_want = 0;
    part.want = TD_ARENA_NEW_N(p->arena, size_t, p->sig->n_outputs); /* no part has more */
    for (size_t k = 0; k <= i; k++) {
        at += part.n_want; /* of the one before it */
        part.sig = find_signature(s, name_of(&t->all[k]));
        part.n_want = td_examples_want(part.sig, verb_of(&t->all[k]), part.want);
    }
    part.outputs = &p->outputs[at];
    return part;
}

bool td_tasks_go_on(td_tasks *t)
{
    t->at += t->n_now;
    return t->at < t->n;
}
