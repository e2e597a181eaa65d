/* SPDX-License-Identifier: Apache-2.0 */
/* rows_case.c -- see rows_case.h. */
#include "rows_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/mem.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "exec/frame.h"
#include "exec/rows.h"
#include "graph_text.h"
#include "pass_graph.h"

enum { FIRST = 3, SECOND = 2, BOTH = FIRST + SECOND, OTHER = 6 };

static const char *functions; /* of the case at hand */

static td_graph *lower(td_arena *arena, const char *name)
{
    const size_t n = strlen(name);

    for (const char *at = functions; at && *at; at = strchr(at, '}') + 1) {
        at += strspn(at, " \n");
        if (strncmp(at, name, n) != 0 || at[n] != ' ') continue;
        const char *const body = strchr(at, '{') + 1;
        return graph_of_text(arena, name, td_arena_strndup(arena, body, (size_t)(strchr(body, '}') - body)),
                             NULL);
    }
    return NULL;
}

/* ---------------------------------------------------------------- runs */

/* Noise, small integers, a few words; rows are alike in no two places. */
static td_tensor input_of(td_arena *arena, td_dtype dtype, const td_shape *declared)
{
    static const td_string words[] = { { "a", 1 }, { "key", 3 }, { "Cat sat", 7 } };
    td_tensor t = { .dtype = dtype, .shape = *declared };

    t.shape.dims[0] = BOTH;
    for (int d = 1; d < t.shape.rank; d++)
        if (t.shape.dims[d] < 0) t.shape.dims[d] = OTHER;
    t.data = td_arena_alloc(arena, td_tensor_bytes(&t) + 16);
    for (int64_t i = 0; i < td_shape_count(&t.shape); i++) {
        const int64_t noise = (i * i * 7 + i * 3) % 11;

        if (dtype == TD_F32) ((float *)t.data)[i] = (float)noise / 7.0f - 0.6f;
        if (dtype == TD_I32) ((int32_t *)t.data)[i] = (int32_t)(noise % 3);
        if (dtype == TD_I64) ((int64_t *)t.data)[i] = noise % 3;
        if (dtype == TD_BOOL) ((bool *)t.data)[i] = noise % 2 == 0;
        if (dtype == TD_STRING) ((td_string *)t.data)[i] = words[noise % 3];
    }
    return t;
}

static td_tensor rows_of(const td_tensor *t, int64_t at, int64_t n)
{
    td_tensor r = *t;

    r.shape.dims[0] = n;
    r.data = (char *)t->data + (size_t)at * (td_tensor_bytes(t) / (size_t)t->shape.dims[0]);
    return r;
}

static void assert_same(const rows_case *c, const td_tensor *got, const td_tensor *want)
{
    bool same = got->dtype == want->dtype && td_shape_equal(&got->shape, &want->shape);

    for (int64_t i = 0; same && got->dtype == TD_F32 && i < td_shape_count(&got->shape); i++) {
        const float d = ((const float *)got->data)[i] - ((const float *)want->data)[i];
        same = d < 1e-5f && d > -1e-5f;
    }
    if (same && got->dtype != TD_F32 && got->dtype != TD_STRING)
        same = !memcmp(got->data, want->data, td_tensor_bytes(got));
    if (!same) fail_msg("%s: rows together are not what they are alone", c->graph);
}

static td_frame *run(td_program *prog, const td_tensor *in)
{
    td_frame *f;

    assert_ok(td_frame_enter(prog, in, &f));
    assert_ok(td_frame_run(f, &(td_run_context){ 0 }));
    return f;
}

static void check_rows(const rows_case *c, td_program *prog, const td_tensor *in, const td_frame *all,
                       int64_t at, int64_t n)
{
    td_tensor part[GRAPH_TEXT_ARGS];

    for (size_t i = 0; i < prog->n_args; i++)
        part[i] = rows_of(&in[i], at, n);
    td_frame *const f = run(prog, part);
    for (uint32_t i = 0; i < prog->n_rets; i++) {
        const td_tensor *const whole = td_frame_ret(all, i);

        if (whole->shape.rank < 1 || whole->shape.dims[0] != BOTH) fail_msg("%s: lost its rows", c->graph);
        const td_tensor want = rows_of(whole, at, n);
        assert_same(c, td_frame_ret(f, i), &want);
    }
    td_frame_leave(f);
}

static void run_apart(const rows_case *c, td_program *prog, const td_tensor *in)
{
    td_frame *const all = run(prog, in);

    check_rows(c, prog, in, all, 0, FIRST);
    check_rows(c, prog, in, all, FIRST, SECOND);
    td_frame_leave(all);
}

/* ---------------------------------------------------------------- verdicts */

static void judge(const rows_case *c, td_program *prog, const td_signature *sig, bool runs, td_arena *arena)
{
    const td_rows_verdict v = td_rows_judge(prog, sig);
    td_tensor in[GRAPH_TEXT_ARGS];

    if (!c->why && !v.is_batchable) fail_msg("%s: %s", c->graph, v.why_not);
    if (c->why && v.is_batchable) fail_msg("%s: batchable", c->graph);
    if (c->why && !strstr(v.why_not, c->why)) fail_msg("%s: says \"%s\"", c->graph, v.why_not);
    td_free(v.why_not);
    for (size_t i = 0; i < sig->n_inputs && !c->why; i++)
        in[i] = input_of(arena, sig->inputs[i].dtype, &sig->inputs[i].shape);
    if (!c->why && runs) run_apart(c, prog, in);
}

static void check(const rows_case *c, bool runs)
{
    td_tensor_info inputs[GRAPH_TEXT_ARGS] = { 0 }, outputs[GRAPH_TEXT_ARGS] = { 0 };
    td_signature sig = { .name = "s", .inputs = inputs, .outputs = outputs };
    graph_text_args args;
    td_program *prog;
    pg x;

    functions = c->functions;
    pg_open(&x, lower);
    td_graph *const g = graph_of_text(x.p.arena, "main", c->graph, &args);
    for (size_t i = 0; i < g->n_args; i++)
        inputs[i] = (td_tensor_info){ .alias = g->args[i]->name, .shape = args.shape[i] };
    for (size_t i = 0; i < g->n_rets; i++)
        outputs[i] = (td_tensor_info){ .alias = g->rets[i].node->name, .shape.rank = -1 };
    sig.n_inputs = g->n_args;
    sig.n_outputs = g->n_rets;
    assert_ok(td_pass_resolve(&x.p, g));
    for (size_t i = 0; i < g->n_args; i++)
        inputs[i].dtype = g->args[i]->out_type[0];
    assert_ok(td_program_make(&x.p, g, true, &prog));
    assert_ok(td_pass_missing(&x.p));
    judge(c, prog, &sig, runs, x.p.arena);
    td_program_free(prog);
    pg_close(&x);
}

void rows_check(const rows_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&cases[i], true);
}

void rows_judge(const rows_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&cases[i], false);
}
