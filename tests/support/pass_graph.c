/* SPDX-License-Identifier: Apache-2.0 */
/* pass_graph.c -- see pass_graph.h. */
#include "pass_graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/cpu.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "golden.h"
#include "node_text.h"
#include "ops/pack.h"
#include "ops/resources.h"

static td_status lower(td_library *lib, const char *name, td_arena *arena, td_graph **out)
{
    const pg *const x = lib->ctx;

    *out = x->lower ? x->lower(arena, name) : NULL;
    return *out ? NULL : TD_ERR(NOT_FOUND, "no function %s", name);
}

void pg_open(pg *x, pg_function *fn)
{
    *x = (pg){ .lower = fn };
    x->p.arena = td_arena_make();
    x->library = (td_library){ lower, x };
    x->p.library = &x->library;
    x->p.env = &x->env;
    x->env = (td_env){ .cpu = td_cpu_detect(), .threads = 2, .model_arena = x->p.arena };
    x->env.resources = td_resources_make();
    x->env.packs = td_packs_make(NULL);
}

void pg_close(pg *x)
{
    td_pass_fini(&x->p);
    td_packs_free(x->env.packs);
    td_resources_free(x->env.resources);
    td_arena_free(x->p.arena);
}

/* ---------------------------------------------------------------- nodes */

td_edge pg_node(td_graph *g, const char *text, ...)
{
    td_edge in[16];
    uint32_t n = 0;
    va_list ap;

    va_start(ap, text);
    for (td_edge e = va_arg(ap, td_edge); e.node; e = va_arg(ap, td_edge))
        in[n++] = e;
    va_end(ap);
    return (td_edge){ .node = node_of_text(g, text, in, n) };
}

td_edge pg_out(td_edge e, uint32_t index)
{
    e.index = index;
    return e;
}

td_edge pg_arg(td_graph *g, td_dtype type)
{
    return (td_edge){ .node = node_of_arg(g, type) };
}

void pg_ret(td_graph *g, td_edge e)
{
    node_return(g, e);
}

static td_edge constant(td_graph *g, td_dtype type, const td_shape *shape, void *data)
{
    const td_tensor t = { .dtype = type, .shape = *shape, .data = data };

    return (td_edge){ .node = node_of_tensor(g, &t) };
}

td_edge pg_tensor(td_graph *g, const td_tensor *t)
{
    return (td_edge){ .node = node_of_tensor(g, t) };
}

td_edge pg_int(td_graph *g, int32_t v)
{
    return constant(g, TD_I32, &(td_shape){ 0 }, &v);
}

td_edge pg_ints(td_graph *g, size_t n, const int32_t *v)
{
    return constant(g, TD_I32, &(td_shape){ 1, { (int64_t)n } }, (void *)(uintptr_t)v);
}

td_edge pg_float(td_graph *g, float v)
{
    return constant(g, TD_F32, &(td_shape){ 0 }, &v);
}

td_node *pg_assert(td_graph *g)
{
    const td_edge holds = pg_arg(g, TD_BOOL);

    return pg_node(g, "Assert T=[%bool]", holds, holds, PG_END).node;
}

void pg_fill(float *out, size_t n, unsigned seed)
{
    uint32_t x = seed * 2654435761U + 1;

    for (size_t i = 0; i < n; i++) {
        x = x * 1664525U + 1013904223U;
        out[i] = (float)(x >> 8) / (float)(1 << 23) - 1.0f;
    }
}

td_edge pg_noise(td_graph *g, const td_shape *shape, unsigned seed)
{
    const size_t n = (size_t)td_shape_count(shape);
    float *const v = TD_ARENA_NEW_N(g->arena, float, n + 1);

    pg_fill(v, n, seed);
    return constant(g, TD_F32, shape, v);
}

/* ---------------------------------------------------------------- runs */

/* What a signature's graph goes through before it is a program's. */
static td_status open_graph(pg *x, td_graph *g)
{
    TD_TRY(td_pass_resolve(&x->p, g));
    TD_TRY(td_pass_raise(&x->p, g));
    TD_TRY(td_pass_inline(&x->p, g));
    TD_TRY(td_pass_deref(&x->p, g));
    return td_pass_gate(&x->p, g);
}

size_t pg_count_after(pg *x, td_graph *g, const char *op)
{
    size_t n = 0;

    assert_ok(open_graph(x, g));
    assert_ok(td_pass_settle(&x->p, g, true));
    assert_ok(td_pass_fuse(&x->p, g));
    assert_ok(td_pass_narrow(&x->p, g));
    for (size_t i = 0; i < g->n_nodes; i++)
        n += td_node_is(g->nodes[i], op);
    return n;
}

static td_status run(pg *x, td_graph *g, bool serve, const td_tensor *in, td_program **prog, td_frame **f)
{
    const td_run_context none = { 0 };
    td_status s;

    *f = NULL;
    TD_TRY(open_graph(x, g));
    TD_TRY(td_program_make(&x->p, g, serve, prog));
    s = td_frame_enter(*prog, in, f);
    return s ? s : td_frame_run(*f, &none);
}

static void leave(td_program *prog, td_frame *f)
{
    if (f) td_frame_leave(f);
    if (prog) td_program_free(prog);
}

static size_t at; /* of a walk's nodes */

static bool is_near(double a, double b, double room)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= room;
}

static void assert_near(const td_tensor *got, const td_tensor *want, double tol)
{
    const float *const a = got->data, *const b = want->data;
    double most = 1e-30;
    size_t odd;

    assert_true(td_shape_equal(&got->shape, &want->shape));
    assert_int_equal(got->dtype, want->dtype);
    if (want->dtype != TD_F32 && !golden_same(got, want, &odd))
        fail_msg("%s", golden_difference(got, want, odd));
    if (want->dtype != TD_F32) return;
    const size_t n = (size_t)td_shape_count(&want->shape);
    for (size_t i = 0; i < n; i++)
        if (isfinite(b[i])) most = fmax(most, fabs((double)b[i]));
    for (size_t i = 0; i < n; i++)
        if (!is_near((double)a[i], (double)b[i], tol * most))
            fail_msg("[%zu] %g, want %g (node %zu of a walk)", i, (double)a[i], (double)b[i], at);
}

static td_status run_plain(pg *x, td_graph *(*make)(td_arena *arena), const td_tensor *in, td_program **prog,
                           td_frame **f)
{
    const td_cpu cpu = x->env.cpu;
    const uint32_t off = x->env.passes_off;
    const bool is_bf16 = x->env.is_bf16;

    x->env.cpu = TD_CPU_ref;
    x->env.passes_off = UINT32_MAX;
    x->env.is_bf16 = false;
    const td_status s = run(x, make(x->p.arena), false, in, prog, f);
    td_pass_forget_bodies(&x->p); /* these are plain ones */
    x->env.cpu = cpu;
    x->env.passes_off = off;
    x->env.is_bf16 = is_bf16;
    return s;
}

void pg_assert_same(pg *x, td_graph *(*make)(td_arena *arena), const td_tensor *in, double tol)
{
    td_program *plain = NULL, *fused = NULL;
    td_frame *want, *got;

    assert_ok(run_plain(x, make, in, &plain, &want));
    assert_ok(run(x, make(x->p.arena), true, in, &fused, &got));
    assert_int_equal(fused->n_rets, plain->n_rets);
    for (size_t i = 0; i < plain->n_rets; i++)
        assert_near(td_frame_ret(got, i), td_frame_ret(want, i), tol);
    leave(fused, got);
    leave(plain, want);
}

void pg_assert_same_error(pg *x, td_graph *(*make)(td_arena *arena), const td_tensor *in)
{
    td_program *plain = NULL, *fused = NULL;
    td_frame *f, *g;
    td_status want = run_plain(x, make, in, &plain, &f), got = run(x, make(x->p.arena), true, in, &fused, &g);

    if (!want || td_status_code(got) != td_status_code(want))
        fail_msg("fails with \"%s\", want \"%s\"", td_status_text(got), td_status_text(want));
    td_status_free(want);
    td_status_free(got);
    leave(plain, f);
    leave(fused, g);
}

/* ---------------------------------------------------------------- walks */

enum { MOST_ARGS = 24 };

/* What make_waiting() and make_returning() change: node `at`, or its output `out`. */
static td_graph *(*walked)(td_arena *arena);
static uint32_t out;

static td_graph *make_waiting(td_arena *arena)
{
    td_graph *const g = walked(arena);
    td_node *const n = g->nodes[at];

    td_node_add_ctrl(g, n, pg_assert(g));
    return g;
}

static td_graph *make_returning(td_arena *arena)
{
    td_graph *const g = walked(arena);

    pg_ret(g, (td_edge){ .node = g->nodes[at], .index = out });
    return g;
}

static void walk_node(pg *x, const td_node *n, bool is_needed, const td_tensor *in, uint8_t *holds,
                      double tol)
{
    const uint64_t odd = TD_DTYPE_BIT(TD_VARIANT) | TD_DTYPE_BIT(TD_RESOURCE);

    if (td_node_is(n, "_Arg")) return;
    *holds = true;
    pg_assert_same(x, make_waiting, in, tol);
    *holds = false;
    if (is_needed) pg_assert_same_error(x, make_waiting, in);
    for (out = 0; out < n->n_out; out++)
        if (!(odd >> n->out_type[out] & 1)) pg_assert_same(x, make_returning, in, tol);
}

static bool has_node(const td_graph *g, const td_node *n)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i] == n) return true;
    return false;
}

void pg_assert_same_walk(pg *x, td_graph *(*make)(td_arena *arena), const td_tensor *in, double tol)
{
    td_graph *const g = make(x->p.arena);
    const size_t n = g->n_nodes;
    td_node **const nodes = TD_ARENA_NEW_N(x->p.arena, td_node *, n);
    td_tensor more[MOST_ARGS];
    uint8_t holds;

    assert_true(g->n_args < MOST_ARGS);
    memcpy(more, in, g->n_args * sizeof *in);
    more[g->n_args] = (td_tensor){ TD_BOOL, { 0 }, &holds, NULL };
    assert_ok(td_pass_resolve(&x->p, g));
    walked = make;
    memcpy(nodes, g->nodes, n * sizeof *nodes);
    assert_ok(td_pass_prune(&x->p, g));
    for (at = 0; at < n; at++)
        walk_node(x, nodes[at], has_node(g, nodes[at]), more, &holds, tol);
}
