/* SPDX-License-Identifier: Apache-2.0 */
/* eval.c -- see eval.h. */
#include "eval.h"

#include <math.h>
#include <string.h>

#include "base/denormals.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/vec.h"
#include "build.h"
#include "number.h"
#include "ops/kernel.h"
#include "ops/pack.h"
#include "ops/resources.h"
#include "ops/signature.h"

enum { MAX_ROUNDS = 64 };

void fz_eval_init(fz_eval *e, const fz_model *m)
{
    *e = (fz_eval){ .model = m, .arena = td_arena_make(), .owned = TD_VEC(td_tensor) };
    e->env =
        (td_env){ .cpu = TD_CPU_ref, .threads = 1, .passes_off = TD_PASSES_ALL, .model_arena = e->arena };
    e->env.resources = td_resources_make();
    e->env.packs = td_packs_make(NULL);
    e->noise = fz_random_make(1);
}

void fz_eval_fini(fz_eval *e)
{
    for (size_t i = 0; i < e->owned.size; i++)
        td_tensor_unref(TD_VEC_AT(&e->owned, td_tensor, i));
    td_vec_fini(&e->owned);
    td_packs_free(e->env.packs);
    td_resources_free(e->env.resources);
    td_arena_free(e->arena);
}

static void keep(fz_eval *e, const td_tensor *t)
{
    if (t->buffer) *(td_tensor *)td_vec_push(&e->owned) = *t;
}

/* ---------------------------------------------------------------- binding */

static fz_live *live_of(fz_eval *e, const fz_graph *f)
{
    for (uint32_t i = 0; i < e->n_live; i++)
        if (e->live[i]->spec == f) return e->live[i];
    fz_live *const l = TD_ARENA_NEW(e->arena, fz_live);
    *l = (fz_live){ .spec = f, .g = td_graph_make(e->arena, f->name) };
    TD_ASSERT(e->n_live < TD_COUNT(e->live));
    e->live[e->n_live++] = l;
    return l;
}

td_status fz_eval_bind(fz_eval *e, const fz_graph *f, fz_live **out)
{
    fz_live *const l = live_of(e, f);

    *out = l;
    for (; l->n_nodes < f->n_nodes; l->n_nodes++) {
        l->nodes[l->n_nodes] = fz_build_node(&f->nodes[l->n_nodes], l->g, l->nodes);
        TD_TRY(td_node_bind(l->nodes[l->n_nodes], e->arena));
        if (f->nodes[l->n_nodes].is_table) TD_TRY(fz_fill_table(&f->nodes[l->n_nodes], &e->env, e->arena));
    }
    return NULL;
}

void fz_eval_forget(fz_eval *e, const fz_graph *f)
{
    fz_live *const l = live_of(e, f);

    l->n_nodes = TD_MIN(l->n_nodes, f->n_nodes);
}

/* ---------------------------------------------------------------- noise */

static double off_by(uint64_t bits, double v, double most, double size)
{
    static const double sign[2] = { -1.0, 1.0 };
    const double step = (0.25 + 0.75 * (double)(bits >> 12) * 0x1p-52) * sign[bits & 1] * most;

    return isfinite(v) ? v + step * size : v;
}

/* *t gets elements of its own that are off. */
static td_status disturb(fz_eval *e, td_tensor *t, unsigned noise)
{
    td_tensor copy;

    if (!noise || !fz_is_inexact(t->dtype) || td_shape_count(&t->shape) == 0) return NULL;
    TD_TRY(td_tensor_copy(t, &copy));
    keep(e, &copy);
    const size_t n = fz_parts(t);
    const double most = fz_ulp(t->dtype) * (double)(noise % FZ_OF_LARGEST);
    double largest = 0.0;
    double *const v = TD_NEW_N(double, n);
    fz_read(t, v);
    for (size_t i = 0; noise >= FZ_OF_LARGEST && i < n; i++)
        if (isfinite(v[i])) largest = TD_MAX(largest, fabs(v[i]));
    for (size_t i = 0; i < n; i++)
        v[i] = off_by(fz_bits(&e->noise), v[i], most, TD_MAX(fabs(v[i]), largest));
    fz_write(&copy, v);
    td_free(v);
    *t = copy;
    return NULL;
}

td_status fz_eval_input(fz_eval *e, const td_tensor *t, unsigned variant, td_tensor *out)
{
    *out = *t;
    return variant ? disturb(e, out, 1) : NULL;
}

/* ---------------------------------------------------------------- branches, loops, calls */

bool fz_is_flow(const char *text)
{
    static const char *const ops[] = { "If ",
                                       "StatelessIf ",
                                       "Case ",
                                       "StatelessCase ",
                                       "For ",
                                       "While ",
                                       "StatelessWhile ",
                                       "PartitionedCall ",
                                       "StatefulPartitionedCall " };

    for (size_t i = 0; i < TD_COUNT(ops); i++)
        if (!strncmp(text, ops[i], strlen(ops[i]))) return true;
    return false;
}

static const fz_graph *body_of(const fz_eval *e, const td_node *n, const char *attr)
{
    return fz_function(e->model, td_node_attr(n, attr)->u.func);
}

static bool is_true(const td_tensor *t)
{
    return t->shape.rank ? td_shape_count(&t->shape) > 0 : *(const bool *)t->data;
}

static td_status run_loop(fz_eval *e, const td_node *n, const td_tensor *in, td_tensor *out, unsigned variant)
{
    const fz_graph *const cond = body_of(e, n, "cond"), *const body = body_of(e, n, "body");
    td_tensor vars[FZ_MAX_IN], next[FZ_MAX_ENDS], go;

    memcpy(vars, in, n->n_in * sizeof *in);
    for (int round = 0; round < MAX_ROUNDS; round++) {
        TD_TRY(fz_eval_graph(e, cond, vars, &go, variant));
        if (!is_true(&go)) {
            memcpy(out, vars, n->n_in * sizeof *in);
            return NULL;
        }
        TD_TRY(fz_eval_graph(e, body, vars, next, variant));
        memcpy(vars, next, n->n_in * sizeof *in);
    }
    return TD_ERR(DEADLINE_EXCEEDED, "a loop has no end");
}

/* The body takes the counter, and does not return it. */
static td_status run_for(fz_eval *e, const td_node *n, const td_tensor *in, td_tensor *out, unsigned variant)
{
    enum { BOUNDS = 3 };
    const fz_graph *const body = body_of(e, n, "body");
    const int32_t start = *(const int32_t *)in[0].data, limit = *(const int32_t *)in[1].data,
                  delta = *(const int32_t *)in[2].data;
    const uint32_t n_vars = n->n_in - BOUNDS;
    td_tensor args[FZ_MAX_IN], next[FZ_MAX_ENDS];
    int rounds = 0;

    if (start != limit && (delta == 0 || (delta > 0) != (start < limit)))
        return TD_ERR(INVALID_ARGUMENT, "a loop from %d to %d by %d", (int)start, (int)limit, (int)delta);
    memcpy(args + 1, in + BOUNDS, n_vars * sizeof *in);
    for (int32_t i = start; start < limit ? i < limit : i > limit; i += delta) {
        int32_t *const counter = TD_ARENA_NEW(e->arena, int32_t);
        *counter = i;
        args[0] = (td_tensor){ .dtype = TD_I32, .data = counter };
        if (++rounds > MAX_ROUNDS) return TD_ERR(DEADLINE_EXCEEDED, "a loop of many rounds");
        TD_TRY(fz_eval_graph(e, body, args, next, variant));
        memcpy(args + 1, next, n_vars * sizeof *next);
    }
    memcpy(out, args + 1, n_vars * sizeof *out);
    return NULL;
}

static td_status run_case(fz_eval *e, const td_node *n, const td_tensor *in, td_tensor *out, unsigned variant)
{
    const td_attr_value *const list = td_node_attr(n, "branches");

    if (in[0].shape.rank)
        return TD_ERR(INVALID_ARGUMENT, "a branch of many"); /* a loop's variable may grow */
    const int32_t at = *(const int32_t *)in[0].data, last = (int32_t)list->u.list.count - 1;
    const td_attr_value *const branch = &list->u.list.items[at < 0 || at > last ? last : at];

    return fz_eval_graph(e, fz_function(e->model, branch->u.func), in + 1, out, variant);
}

static td_status run_flow(fz_eval *e, const td_node *n, const td_tensor *in, td_tensor *out, unsigned variant)
{
    if (td_node_is(n, "For")) return run_for(e, n, in, out, variant);
    if (td_node_attr(n, "body")) return run_loop(e, n, in, out, variant);
    if (td_node_attr(n, "branches")) return run_case(e, n, in, out, variant);
    if (td_node_attr(n, "f")) return fz_eval_graph(e, body_of(e, n, "f"), in, out, variant);
    const char *const branch = is_true(&in[0]) ? "then_branch" : "else_branch";
    return fz_eval_graph(e, body_of(e, n, branch), in + 1, out, variant);
}

/* ---------------------------------------------------------------- nodes */

enum { MOST_ELEMENTS = 200000, MOST_BYTES = 1 << 20 };

/* A loop that doubles its variable has no end that we could wait for. */
static bool is_large(const td_tensor *t)
{
    const td_string *const strings = t->data;
    size_t bytes = 0;

    if (td_shape_count(&t->shape) > MOST_ELEMENTS) return true;
    for (int64_t i = 0; t->dtype == TD_STRING && i < td_shape_count(&t->shape); i++)
        bytes += strings[i].size;
    return bytes > MOST_BYTES;
}

td_status fz_eval_node(fz_eval *e, const fz_graph *f, uint32_t i, const td_tensor *in, td_tensor *out,
                       unsigned variant)
{
    fz_live *l;

    TD_TRY(fz_eval_bind(e, f, &l));
    if (fz_is_flow(f->nodes[i].text)) return run_flow(e, l->nodes[i], in, out, variant);
    const unsigned long before = td_denormals_flush();
    const td_status s = td_node_eval(l->nodes[i], &e->env, in, out);
    td_denormals_restore(before);
    if (s) return s;
    for (uint32_t k = 0; k < l->nodes[i]->n_out; k++)
        keep(e, &out[k]);
    for (uint32_t k = 0; k < l->nodes[i]->n_out; k++) {
        if (is_large(&out[k])) return TD_ERR(RESOURCE_EXHAUSTED, "an output is large");
        if (variant) TD_TRY(disturb(e, &out[k], f->nodes[i].noise));
    }
    return NULL;
}

td_status fz_eval_graph(fz_eval *e, const fz_graph *f, const td_tensor *args, td_tensor *rets,
                        unsigned variant)
{
    td_tensor *values[FZ_MAX_NODES], in[FZ_MAX_IN];
    bool used[FZ_MAX_NODES];
    uint32_t next_arg = 0;
    fz_live *l;

    TD_TRY(fz_eval_bind(e, f, &l));
    fz_find_used(f, used);
    for (uint32_t i = 0; i < f->n_nodes; i++) {
        const fz_node *const n = &f->nodes[i];
        if (n->kind == FZ_ARG) values[i] = (td_tensor *)(uintptr_t)&args[next_arg++];
        if (!used[i] || n->kind == FZ_ARG) continue;
        values[i] = TD_ARENA_NEW_N(e->arena, td_tensor, l->nodes[i]->n_out + 1);
        if (n->kind == FZ_CONST) {
            TD_TRY(fz_eval_input(e, &n->data[0], variant, &values[i][0]));
            continue;
        }
        for (uint32_t k = 0; k < n->n_in; k++)
            in[k] = values[n->in[k].node][n->in[k].out];
        TD_TRY(fz_eval_node(e, f, i, in, values[i], variant));
    }
    for (uint32_t i = 0; i < f->n_rets; i++)
        rets[i] = values[f->rets[i].node][f->rets[i].out];
    return NULL;
}

td_status fz_eval_feed(fz_eval *e, unsigned feed, td_tensor *rets, unsigned variant)
{
    const fz_graph *const f = e->model->main;
    td_tensor args[FZ_MAX_ENDS];

    for (uint32_t i = 0; i < f->n_args; i++)
        TD_TRY(fz_eval_input(e, &f->nodes[f->args[i]].data[feed], variant, &args[i]));
    return fz_eval_graph(e, f, args, rets, variant);
}
