/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- opening on a signature, checking what a client sent against it, running. */
#include "api/predict.h"

#include <stdatomic.h>
#include <string.h>

#include "api/mistakes.h"
#include "base/macros.h"
#include "base/nearest.h"
#include "base/strbuf.h"
#include "base/mem.h"
#include "batch/batch.h"

static const char default_signature[] = "serving_default";

static td_status unknown_signature(const td_predict *p, const char *name, td_wording wording)
{
    td_strbuf known = { 0 };

    td_list_signatures((td_string){ name, strlen(name) }, td_servable_session(p->servable), &known);
    const td_status error =
        wording == TD_WORDING_REST
            ? TD_ERR(INVALID_ARGUMENT,
                     "Serving signature name: \"%s\" not found in signature def. The model's signatures: %s.",
                     name, td_strbuf_text(&known))
            : TD_ERR(FAILED_PRECONDITION,
                     "Serving signature key \"%s\" not found. The model's signatures: %s.", name,
                     td_strbuf_text(&known));

    td_strbuf_fini(&known);
    return error;
}

void td_predict_open_on(td_servable *servable, const td_signature *sig, td_arena *arena, td_predict *p)
{
    *p = (td_predict){ .servable = servable, .sig = sig, .arena = arena };
    p->inputs = TD_ARENA_NEW_N(arena, td_tensor, sig->n_inputs);
    p->n_want = sig->n_outputs;
    p->want = TD_ARENA_NEW_N(arena, size_t, p->n_want);
    for (size_t i = 0; i < p->n_want; i++)
        p->want[i] = i;
}

td_status td_predict_open(td_servable *servable, td_string signature_name, td_wording wording,
                          td_arena *arena, td_predict *p)
{
    const char *const name = signature_name.size
                                 ? td_arena_strndup(arena, signature_name.data, signature_name.size)
                                 : default_signature;

    *p = (td_predict){ .servable = servable, .arena = arena };
    const td_signature *const sig = td_session_find_signature(td_servable_session(servable), name);
    if (!sig) return unknown_signature(p, name, wording);
    td_predict_open_on(servable, sig, arena, p);
    return NULL;
}

/* Infos are sorted by alias, but signatures are small: a scan is as fast. */
static size_t find_alias(const td_tensor_info *infos, size_t n, td_string alias)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(infos[i].alias) == alias.size &&
            (!alias.size || !memcmp(infos[i].alias, alias.data, alias.size)))
            return i;
    return SIZE_MAX;
}

size_t td_predict_input(const td_predict *p, td_string alias)
{
    return find_alias(p->sig->inputs, p->sig->n_inputs, alias);
}

/* What was probably meant; NULL: nothing comes near. */
static const char *nearest_output(const td_signature *sig, td_string name)
{
    td_arena *const arena = td_arena_make();
    const char **const names = TD_ARENA_NEW_N(arena, const char *, sig->n_outputs);

    for (size_t i = 0; i < sig->n_outputs; i++)
        names[i] = sig->outputs[i].alias;
    const char *const nearest = td_nearest(name, names, sig->n_outputs);
    td_arena_free(arena);
    return nearest;
}

static td_status unknown_output(const td_signature *sig, td_string name)
{
    td_strbuf known = { 0 };

    for (size_t i = 0; i < sig->n_outputs; i++)
        td_strbuf_printf(&known, "%s%s", i ? "," : "", sig->outputs[i].alias);
    const char *const nearest = nearest_output(sig, name);
    const td_status error = TD_ERR(
        INVALID_ARGUMENT,
        "output tensor alias not found in signature: %.*s Outputs expected to be in the set {%s}.%s%s%s",
        (int)TD_MIN(name.size, (size_t)4096), name.size ? name.data : "", td_strbuf_text(&known),
        nearest ? " Did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");

    td_strbuf_fini(&known);
    return error;
}

td_status td_predict_filter(td_predict *p, const td_string *names, size_t n)
{
    bool *const is_taken = TD_ARENA_NEW_N(p->arena, bool, p->sig->n_outputs);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const size_t index = find_alias(p->sig->outputs, p->sig->n_outputs, names[i]);

        if (index == SIZE_MAX) return unknown_output(p->sig, names[i]);
        if (is_taken[index])
            return TD_ERR(INVALID_ARGUMENT, "duplicate output tensor alias: %s",
                          p->sig->outputs[index].alias);
        is_taken[index] = true;
        p->want[count++] = index; /* never beyond n_outputs: no name twice */
    }
    p->n_want = count;
    return NULL;
}

/* The sizes' text, for codecs that let a missing input through. */
static td_status missing_input(const td_predict *p)
{
    td_strbuf sent = { 0 }, known = { 0 }, missing = { 0 };
    size_t n_sent = 0;

    for (size_t i = 0; i < p->sig->n_inputs; i++) {
        const bool is_sent = p->inputs[i].dtype != TD_DTYPE_NONE;
        td_strbuf *const to = is_sent ? &sent : &missing;

        n_sent += is_sent;
        td_strbuf_printf(to, "%s%s", to->size ? "," : "", p->sig->inputs[i].alias);
        td_strbuf_printf(&known, "%s%s", i ? "," : "", p->sig->inputs[i].alias);
    }
    const td_status error = TD_ERR(
        INVALID_ARGUMENT,
        "input size does not match signature: %zu!=%zu len({%s}) != len({%s}). Sent extra: {}. "
        "Missing but required: {%s}.",
        n_sent, p->sig->n_inputs, td_strbuf_text(&sent), td_strbuf_text(&known), td_strbuf_text(&missing));

    td_strbuf_fini(&sent);
    td_strbuf_fini(&known);
    td_strbuf_fini(&missing);
    return error;
}

static td_status wrong_type(const td_predict *p, size_t i)
{
    const td_tensor_info *const info = &p->sig->inputs[i];
    td_strbuf input = { 0 };

    td_describe_input(info, &input);
    const td_status error =
        TD_ERR(INVALID_ARGUMENT, "Expects arg[%zu] to be %s but %s is provided. It is %s in the signature.",
               i, td_dtype_name(info->dtype), td_dtype_name(p->inputs[i].dtype), td_strbuf_text(&input));

    td_strbuf_fini(&input);
    return error;
}

static td_status check_inputs(const td_predict *p)
{
    for (size_t i = 0; i < p->sig->n_inputs; i++) {
        const td_tensor_info *const info = &p->sig->inputs[i];
        const td_dtype given = p->inputs[i].dtype;

        if (given == TD_DTYPE_NONE) {
            if (!info->default_value) return missing_input(p);
        } else if (info->dtype != TD_DTYPE_NONE && given != info->dtype) {
            return wrong_type(p, i);
        }
    }
    return NULL;
}

int64_t td_predict_expect(const td_predict *p)
{
    return td_session_expect(td_servable_session(p->servable), p->sig, p->inputs);
}

bool td_predict_is_long(const td_predict *p, int64_t expected_ns)
{
    const td_batcher *const batcher = td_servable_batcher(p->servable);

    return expected_ns <= 0 || expected_ns > TD_QUICK_NS || (batcher && td_batcher_is_strict(batcher));
}

static void make_call(td_predict *p, int64_t deadline_ns)
{
    p->call =
        (td_batch_call){ .sig = p->sig,
                         .in = p->inputs,
                         .want = p->want,
                         .n_want = p->n_want,
                         .options = { deadline_ns, p->cancelled, p->cancelled_ctx, p->never_waits, NULL },
                         .is_traced = p->is_traced,
                         .out = TD_ARENA_NEW_N(p->arena, td_tensor, p->n_want + 1) };
    p->outputs = p->call.out;
}

td_status td_predict_run(td_predict *p, int64_t deadline_ns)
{
    TD_TRY(check_inputs(p));
    make_call(p, deadline_ns);
    const td_status error = td_batch_run_one(td_servable_session(p->servable), &p->call);

    if (!p->call.result) p->outputs = NULL;
    return TD_UNLIKELY(error != NULL) ? td_explain_run(p, error) : NULL;
}

static td_predict *predict_of(td_batch_call *c)
{
    return (td_predict *)(void *)((char *)c - offsetof(td_predict, call));
}

static void end_call(td_batch_call *c, td_status error)
{
    td_predict *const p = predict_of(c);

    p->done(p, TD_UNLIKELY(error != NULL) ? td_explain_run(p, error) : NULL);
}

static void begin_call(td_batch_call *c)
{
    td_predict *const p = predict_of(c);

    p->began(p);
}

/* Makes the call, and says who is told of it. */
static void make_told_call(td_predict *p, int64_t deadline_ns, void (*began)(td_predict *p),
                           void (*done)(td_predict *p, td_status error))
{
    make_call(p, deadline_ns);
    p->began = began;
    p->done = done;
    p->call.began = begin_call;
    p->call.done = end_call;
}

void td_predict_start(td_predict *p, int64_t deadline_ns, void (*began)(td_predict *p),
                      void (*done)(td_predict *p, td_status error))
{
    td_batcher *const batcher = td_servable_batcher(p->servable);

    if (!batcher) {
        began(p);
        done(p, td_predict_run(p, deadline_ns));
        return;
    }
    const td_status error = check_inputs(p);
    if (error) {
        done(p, error);
        return;
    }
    make_told_call(p, deadline_ns, began, done);
    td_batcher_submit(batcher, &p->call);
}

static void send_call(td_batch_call *c)
{
    td_predict *const p = predict_of(c);

    p->elsewhere(p);
}

bool td_predict_gather(td_predict *p, td_gather *g, int64_t expected_ns, int64_t deadline_ns,
                       void (*began)(td_predict *p), void (*done)(td_predict *p, td_status error),
                       void (*elsewhere)(td_predict *p))
{
    td_batcher *const batcher = td_servable_batcher(p->servable);

    if (!td_gather_wants(g, batcher, p->sig, expected_ns)) return false;
    const td_status error = check_inputs(p);
    if (error) {
        done(p, error);
        return true;
    }
    make_told_call(p, deadline_ns, began, done);
    p->elsewhere = elsewhere;
    p->call.elsewhere = send_call;
    td_gather_add(g, batcher, &p->call);
    return true;
}

size_t td_predict_rows(const td_predict *p)
{
    for (size_t i = 0; p->inputs && i < p->sig->n_inputs; i++) {
        const td_tensor *const t = &p->inputs[i];

        if (t->dtype != TD_DTYPE_NONE) return t->shape.rank > 0 ? (size_t)t->shape.dims[0] : 1;
    }
    return 0;
}

const td_tensor *td_predict_output(const td_predict *p, size_t i)
{
    return &p->outputs[i];
}

td_servable *td_predict_detach(td_predict *p)
{
    td_servable *const servable = p->servable;

    p->servable = NULL;
    td_predict_close(p);
    return servable;
}

/* Its session stays with it; the version is not kept from being unloaded by a client that reads slowly. */
struct td_predict_hold {
    atomic_uint refs;
    td_session *session;
    td_batch_call call;
};

td_predict_hold *td_predict_keep(td_predict *p)
{
    td_predict_hold *const h = TD_NEW(td_predict_hold);

    TD_ASSERT(p->is_apart);
    atomic_init(&h->refs, 1);
    h->session = td_session_ref(td_servable_session(p->servable));
    h->call.result = p->call.result;
    h->call.batch = p->call.batch;
    h->call.split = p->call.split;
    p->call.result = NULL;
    p->call.batch = NULL;
    p->call.split = NULL;
    return h;
}

td_predict_hold *td_predict_hold_ref(td_predict_hold *h)
{
    (void)atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    return h;
}

void td_predict_hold_unref(td_predict_hold *h)
{
    if (atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1) return;
    td_batch_call_close(&h->call); /* before its session can go */
    td_session_unref(h->session);
    td_free(h);
}

void td_predict_close(td_predict *p)
{
    for (size_t i = 0; p->inputs && i < p->sig->n_inputs; i++)
        td_tensor_unref(&p->inputs[i]);
    td_batch_call_close(&p->call); /* before its session can go */
    td_servable_release(p->servable);
    *p = (td_predict){ 0 };
}
