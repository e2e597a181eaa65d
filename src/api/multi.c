/* SPDX-License-Identifier: Apache-2.0 */
/* multi.c -- see multi.h. Checks and their order are TensorFlow Serving's. */
#include "api/multi.h"

#include <string.h>

#include "api/method.h"
#include "base/macros.h"
#include "base/mem.h"

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

/* is_taken[] of s's signatures: no more tasks are looked at than there are of these, and one. */
static td_status check_task(const td_session *s, const td_task *t, bool *is_taken)
{
    const td_string name = t->signature.size ? t->signature : (td_string){ "serving_default", 15 };
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
