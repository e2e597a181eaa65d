/* SPDX-License-Identifier: Apache-2.0 */
/* test_rows_goldens.c -- what is proved of single ops holds: every golden call, its inputs with rows along some of their
 * dimensions, run with all rows and with a part of them.
 *
 * Which inputs have rows, along which dimension, and how many elements each row has there is drawn by lot. Elements are
 * drawn from the call's own, so that most runs succeed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "exec/frame.h"
#include "exec/rows_proof.h"
#include "golden.h"
#include "node_text.h"
#include "ops/pack.h"
#include "ops/resources.h"
#include "rows_split.h"

enum { FIRST = 3, SECOND = 2, BOTH = FIRST + SECOND, DRAWS = 16, LEAST = 20000 };

static uint64_t state = 1;

static uint64_t below(uint64_t n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % n;
}

/* Where an input has its rows. */
typedef struct place {
    bool has_rows;
    int axis;
    int64_t before, after;
} place;

typedef struct trial {
    const golden *g;
    place at[GOLDEN_TENSORS];
    td_arena *arena;
    td_env env;
    td_pass pass;
    td_program *prog;
    td_fact rets[GOLDEN_TENSORS];
} trial;

static struct {
    size_t trials, proved, apart, refused;
} counts;

/* ---------------------------------------------------------------- drawing */

static bool has_elements(const golden *g)
{
    for (uint32_t i = 0; i < g->n_in; i++)
        if (g->in[i].dtype == TD_RESOURCE || g->in[i].dtype == TD_VARIANT) return false;
    return g->n_in > 0 && g->n_in <= 16 && !g->error;
}

/* False: no input has rows. */
static bool draw(trial *t)
{
    const int shared = (int)below(3);
    bool any = false;

    for (uint32_t i = 0; i < t->g->n_in; i++) {
        const td_shape *const s = &t->g->in[i].shape;
        place *const p = &t->at[i];

        *p = (place){ 0 };
        if (s->rank < 1 || td_shape_count(s) == 0 || below(3) == 0) continue;
        const int axis = below(2) ? shared : (int)below((uint64_t)s->rank);
        *p = (place){ true, axis < s->rank ? axis : 0, below(4) ? 1 : 2, below(4) ? 1 : 2 };
        any = true;
    }
    return any;
}

/* The input with so many rows, its elements drawn from the call's. */
static td_tensor draw_input(const trial *t, uint32_t i, int64_t rows)
{
    const td_tensor *const from = &t->g->in[i];
    const place *const p = &t->at[i];
    td_tensor out = { .dtype = from->dtype, .shape = from->shape };
    const size_t size = td_dtype_size(out.dtype);

    out.shape.dims[p->axis] = p->before * rows * p->after;
    out.data = td_arena_alloc(t->arena, td_tensor_bytes(&out) + 16);
    for (size_t k = 0; k < (size_t)td_shape_count(&out.shape); k++)
        memcpy((char *)out.data + k * size,
               (const char *)from->data + below((uint64_t)td_shape_count(&from->shape)) * size, size);
    return out;
}

/* ---------------------------------------------------------------- compiling */

static td_status compile(trial *t)
{
    td_graph *const graph = td_graph_make(t->arena, "");
    td_edge in[GOLDEN_TENSORS] = { { 0 } };

    for (uint32_t i = 0; i < t->g->n_in; i++)
        in[i].node =
            t->at[i].has_rows ? node_of_arg(graph, t->g->in[i].dtype) : node_of_tensor(graph, &t->g->in[i]);
    td_node *const n = td_graph_add(graph, t->g->op, t->g->op, t->g->n_in, t->g->n_attrs);

    memcpy(n->in, in, t->g->n_in * sizeof *in);
    for (uint32_t i = 0; i < t->g->n_attrs; i++)
        td_node_add_attr(graph, n, t->g->attrs[i].name, t->g->attrs[i].value);
    for (uint32_t i = 0; i < t->g->n_out; i++)
        node_return(graph, (td_edge){ n, i, NULL });
    t->pass = (td_pass){ .arena = t->arena, .env = &t->env };
    TD_TRY(td_pass_resolve(&t->pass, graph));
    TD_TRY(td_program_make(&t->pass, graph, true, &t->prog));
    return td_pass_missing(&t->pass);
}

/* False: nothing is proved. */
static bool prove(trial *t)
{
    td_fact args[GOLDEN_TENSORS];
    uint32_t n = 0;
    bool any = false;

    for (uint32_t i = 0; i < t->g->n_in; i++) {
        const place *const p = &t->at[i];
        td_fact f = { .rows = td_rows_apart(p->axis, p->before) };

        for (int s = 0; s < TD_ROWS_SIZES; s++) {
            f.at[s] = (td_tensor){ .dtype = t->g->in[i].dtype, .shape = t->g->in[i].shape };
            f.at[s].shape.dims[p->axis] = p->before * td_rows_sizes[s] * p->after;
        }
        if (p->has_rows) args[n++] = f;
    }
    if (td_rows_proof(t->prog, args, t->rets, t->arena)) return false;
    for (uint32_t i = 0; i < t->g->n_out; i++)
        any = any || t->rets[i].rows.kind == TD_ROWS_APART || t->rets[i].rows.kind == TD_ROWS_SAME;
    return any;
}

/* ---------------------------------------------------------------- running */

/* Copies in arena, as strings are the frame's. */
static td_status run(trial *t, const td_tensor *in, td_frame **f)
{
    const td_status s = td_frame_enter(t->prog, in, f);

    if (s) {
        *f = NULL;
        return s;
    }
    return td_frame_run(*f, &(td_run_context){ 0 });
}

static void say(const trial *t, const char *what)
{
    print_error("%s: %s; inputs", t->g->op, what);
    for (uint32_t i = 0; i < t->g->n_in; i++) {
        char text[TD_SHAPE_TEXT];

        print_error(" %s", td_shape_text(&t->g->in[i].shape, text, sizeof text));
        if (t->at[i].has_rows)
            print_error(" rows at %d [%d, n, %d]", t->at[i].axis, (int)t->at[i].before, (int)t->at[i].after);
    }
    print_error("\n");
}

static bool same_part(const trial *t, uint32_t i, const td_frame *all, const td_frame *part, int64_t at,
                      int64_t n)
{
    const td_rows *const r = &t->rets[i].rows;
    td_tensor want = *td_frame_ret(all, i);
    const td_tensor *const got = td_frame_ret(part, i);
    size_t where;

    if (r->kind != TD_ROWS_APART && r->kind != TD_ROWS_SAME) return true;
    if (r->kind == TD_ROWS_APART) {
        if (r->axis >= want.shape.rank || want.shape.dims[r->axis] % (r->before * BOTH) != 0) return false;
        want = rows_take(t->arena, &want, r->axis, r->before, BOTH, at, n);
        counts.apart++;
    }
    return golden_same(got, &want, &where);
}

/* Rows [at, at + n) alone. */
static bool check_part(trial *t, const td_tensor *in, const td_frame *all, int64_t at, int64_t n)
{
    td_tensor part[GOLDEN_TENSORS];
    uint32_t k = 0;
    td_frame *f;
    bool ok = true;

    for (uint32_t i = 0; i < t->g->n_in; i++)
        if (t->at[i].has_rows) {
            part[k] = rows_take(t->arena, &in[k], t->at[i].axis, t->at[i].before, BOTH, at, n);
            k++;
        }
    const td_status s = run(t, part, &f);
    if (s) {
        say(t, td_status_text(s));
        td_status_free(s);
        ok = false;
    }
    for (uint32_t i = 0; ok && i < t->g->n_out; i++) {
        ok = same_part(t, i, all, f, at, n);
        if (!ok) say(t, "rows together are not what they are alone");
    }
    if (f) td_frame_leave(f);
    return ok;
}

static bool check_runs(trial *t)
{
    td_tensor in[GOLDEN_TENSORS];
    td_frame *all;
    uint32_t k = 0;
    bool ok = true;

    for (uint32_t i = 0; i < t->g->n_in; i++)
        if (t->at[i].has_rows) in[k++] = draw_input(t, i, BOTH);
    const td_status s = run(t, in, &all);
    if (s) { /* one bad row is enough */
        counts.refused++;
        td_status_free(s);
    } else {
        ok = check_part(t, in, all, 0, FIRST) && check_part(t, in, all, FIRST, SECOND);
    }
    if (all) td_frame_leave(all);
    return ok;
}

static bool try(trial *t)
{
    bool ok = true;

    t->env = (td_env){ .cpu = td_cpu_detect(), .threads = 1, .model_arena = t->arena };
    t->env.resources = td_resources_make();
    t->env.packs = td_packs_make(NULL);
    const td_status s = compile(t);

    counts.trials++;
    if (!s && prove(t)) {
        counts.proved++;
        ok = check_runs(t);
    }
    td_status_free(s);
    td_program_free(t->prog);
    td_pass_fini(&t->pass);
    td_packs_free(t->env.packs);
    td_resources_free(t->env.resources);
    return ok;
}

static bool try_all(const golden *g)
{
    bool ok = true;

    for (int i = 0; i < DRAWS && ok; i++) {
        trial t = { .g = g, .arena = td_arena_make() };

        if (draw(&t)) ok = try(&t);
        td_arena_free(t.arena);
    }
    return ok;
}

static void test_file(void **path)
{
    FILE *const f = fopen(*path, "r");
    td_arena *const arena = td_arena_make();
    int failed = 0;

    assert_non_null(f);
    for (golden g; golden_read(f, arena, &g); td_arena_reset(arena))
        if (has_elements(&g)) failed += !try_all(&g);
    td_arena_free(arena);
    (void)fclose(f);
    assert_int_equal(failed, 0);
}

int main(void)
{
    td_arena *const arena = td_arena_make();
    const char **files;
    const size_t n = golden_files(arena, ".txt", &files);
    struct CMUnitTest *const tests = TD_ARENA_NEW_N(arena, struct CMUnitTest, n);

    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){ golden_file_name(files[i]), test_file, NULL, NULL,
                                        (void *)(uintptr_t)files[i] };
    const int failed = _cmocka_run_group_tests("rows of goldens", tests, n, NULL, NULL);

    printf("%zu trials, %zu proved, %zu results compared row by row, %zu runs refused\n", counts.trials,
           counts.proved, counts.apart, counts.refused);
    td_arena_free(arena);
    return failed || counts.apart < LEAST; /* else the draws have become poor */
}
