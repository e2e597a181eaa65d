/* SPDX-License-Identifier: Apache-2.0 */
/* test_extreme_numbers.c -- each golden call of an op with its numbers at the ends of what fits: elements of
 * inputs, integers of attributes; one at a time, all at once, any mix, and in vectors long enough for sums to overflow.
 *
 * An op may answer or refuse: it may not overflow, leave its buffers, or work for ever (the sanitizers' builds
 * look). Debug builds only: they refuse large allocations, which many of the numbers rightly ask for. */
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem_fault.h"
#include "golden.h"
#include "ops/array/array.h"
#include "ops/kernel.h"
#include "tensor/half.h"

enum {
    MOST_BYTES = 4 << 20,
    MOST_PLACES = 3,
    MOST_SECONDS = 5,
    MIXES = 10,
    LONG_VECTOR = 1 << 14,
    EVERY = -1
};

static const int64_t extremes[] = {
    INT64_MAX, INT64_MIN, INT64_MIN + 1, -1,        0,         INT64_MAX / 2 + 1, INT64_MAX / 8,
    1LL << 44, INT32_MIN, INT32_MAX,     1LL << 31, 1LL << 32, 1 << 16,
};

static const double reals[] = {
    INFINITY, -INFINITY, NAN, 0.0, -1.0, 9e14, -9e14, 9.3e18, 1e38, -1e300, 1e-45
};

static double thread_seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---------------------------------------------------------------- changing */

/* v, or the nearest number that an element of this type can be. */
static uint64_t fit(td_dtype d, int64_t v)
{
    const unsigned bits = 8 * (unsigned)td_dtype_size(d);
    const bool is_unsigned = d == TD_U8 || d == TD_U16 || d == TD_U32 || d == TD_U64;

    if (is_unsigned) {
        if (v == INT64_MAX || v < 0) return bits == 64 ? UINT64_MAX : (1ULL << bits) - 1;
        return bits == 64 ? (uint64_t)v : TD_MIN((uint64_t)v, (1ULL << bits) - 1);
    }
    if (bits == 64) return (uint64_t)v;
    const int64_t most = (int64_t)(1ULL << (bits - 1)) - 1;

    return (uint64_t)TD_MAX(TD_MIN(v, most), -most - 1);
}

/* Number k of the extremes, as an element of this type. */
static void put_extreme(td_dtype d, size_t k, void *to)
{
    const double real = reals[k % TD_COUNT(reals)];

    if (golden_is_integer(d))
        memcpy(to, &(uint64_t){ fit(d, extremes[k]) }, td_dtype_size(d));
    else if (d == TD_F64)
        *(double *)to = real;
    else if (d == TD_F32)
        *(float *)to = (float)real;
    else
        *(uint16_t *)to = d == TD_F16 ? td_f32_to_f16((float)real).bits : td_f32_to_bf16((float)real).bits;
}

static bool has_numbers(const td_tensor *t)
{
    const bool is_real =
        t->dtype == TD_F16 || t->dtype == TD_BF16 || t->dtype == TD_F32 || t->dtype == TD_F64;

    return is_real || (golden_is_integer(t->dtype) && t->dtype != TD_BOOL);
}

static void set_elements(td_tensor *t, int64_t element, size_t k)
{
    const int64_t n = has_numbers(t) ? td_shape_count(&t->shape) : 0;

    for (int64_t i = 0; i < n; i++)
        if (element == EVERY || i == element)
            put_extreme(t->dtype, k, (char *)t->data + (size_t)i * td_dtype_size(t->dtype));
}

static const td_shape *shape_with(td_arena *arena, const td_shape *old, int64_t element, int64_t v)
{
    td_shape *const s = TD_ARENA_NEW(arena, td_shape);

    *s = *old;
    for (int i = 0; i < s->rank; i++)
        if (element == EVERY || i == element) s->dims[i] = TD_MAX(v, -1);
    const td_status bad = td_shape_is_known(s) ? td_shape_check(s) : NULL; /* readers of models let none in */

    td_status_free(bad);
    return bad ? old : s;
}

static void set_attr(td_arena *arena, td_attr_value *a, int64_t element, int64_t v)
{
    if (a->kind == TD_ATTR_INT) a->u.i = v;
    if (a->kind == TD_ATTR_SHAPE) a->u.shape = shape_with(arena, a->u.shape, element, v);
    if (a->kind != TD_ATTR_LIST) return;
    const size_t n = a->u.list.count;
    td_attr_value *const items = TD_ARENA_NEW_N(arena, td_attr_value, n + 1);

    if (n) memcpy(items, a->u.list.items, n * sizeof *items);
    for (size_t i = 0; i < n; i++)
        if (element == EVERY || i == (size_t)element) set_attr(arena, &items[i], EVERY, v);
    a->u.list.items = items;
}

/* ---------------------------------------------------------------- one call */

/* Inputs on the heap, each as long as it says and no longer. */
static void own_inputs(golden *g, const golden *from)
{
    *g = *from;
    for (uint32_t i = 0; i < g->n_in; i++)
        assert_null(td_tensor_copy_flat(&from->in[i], &g->in[i]));
}

static void eval(td_arena *arena, const golden *g)
{
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;
    td_mem_faults *const f = td_mem_faults_here();

    *f = (td_mem_faults){ .is_on = true, .most = MOST_BYTES };
    td_status s = golden_node(arena, g, &node);

    if (!s) s = td_node_eval(node, &env, g->in, out);
    f->is_on = false;
    td_status_free(s);
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
}

/* Runs g, and lets go of its inputs. True if that took too long. */
static bool has_no_end(td_arena *arena, golden *g, int number, const char *how)
{
    const double before = thread_seconds();

    eval(arena, g);
    const bool is_slow = thread_seconds() - before > MOST_SECONDS;

    if (is_slow) print_error("case %d, %s: %s has no end\n", number, g->op, how);
    for (uint32_t i = 0; i < g->n_in; i++)
        td_tensor_unref(&g->in[i]);
    td_arena_free(arena);
    return is_slow;
}

/* Element `element` (or EVERY) of input `input` (or EVERY). */
static int with_input(const golden *from, int input, int64_t element, int number)
{
    int wrong = 0;

    for (size_t k = 0; k < TD_COUNT(extremes); k++) {
        golden g;

        own_inputs(&g, from);
        for (int i = 0; i < (int)g.n_in; i++)
            if (i == input || input == EVERY) set_elements(&g.in[i], element, k);
        wrong += has_no_end(td_arena_make(), &g, number, "an extreme element");
    }
    return wrong;
}

static int with_attr(const golden *from, int attr, int64_t element, int number)
{
    int wrong = 0;

    for (size_t k = 0; k < TD_COUNT(extremes); k++) {
        td_arena *const arena = td_arena_make();
        golden g;

        own_inputs(&g, from);
        set_attr(arena, &g.attrs[attr].value, element, extremes[k]);
        wrong += has_no_end(arena, &g, number, "an extreme attribute");
    }
    return wrong;
}

/* ---------------------------------------------------------------- every place of a call */

static int sweep_input(const golden *g, int input, int number)
{
    const td_tensor *const t = &g->in[input];
    const int64_t n = td_shape_count(&t->shape);
    int wrong = 0;

    if (!has_numbers(t) || n == 0) return 0;
    if (n > 1) wrong += with_input(g, input, EVERY, number);
    for (int64_t i = 0; i < n; i++) /* the first ones, and the last */
        if (i < MOST_PLACES || i == n - 1) wrong += with_input(g, input, i, number);
    return wrong;
}

/* Numbers of inputs or outputs stay: bind compares them with the node. */
static bool counts_tensors(const char *name)
{
    return strcmp(name, "N") == 0 || strncmp(name, "num", 3) == 0 || strstr(name, "RANK") != NULL;
}

static int sweep_attr(const golden *g, int attr, int number)
{
    const td_attr *const a = &g->attrs[attr];
    size_t n = 0;

    if (a->value.kind == TD_ATTR_INT && !counts_tensors(a->name)) n = 1;
    if (a->value.kind == TD_ATTR_SHAPE) n = (size_t)TD_MAX(a->value.u.shape->rank, 0);
    if (a->value.kind == TD_ATTR_LIST) n = a->value.u.list.count;
    int wrong = 0;

    if (n > 1) wrong += with_attr(g, attr, EVERY, number);
    for (size_t i = 0; i < n; i++)
        wrong += with_attr(g, attr, (int64_t)i, number);
    return wrong;
}

/* ---------------------------------------------------------------- several places at once */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* About every third place gets an extreme of its own. */
static int with_a_mix(const golden *from, uint64_t *seed, int number)
{
    td_arena *const arena = td_arena_make();
    golden g;

    own_inputs(&g, from);
    for (uint32_t i = 0; i < g.n_in; i++) {
        const int64_t n = td_shape_count(&g.in[i].shape);

        for (int64_t k = 0; k < n && k < MOST_PLACES; k++)
            if (next_random(seed) % 3 == 0) set_elements(&g.in[i], k, next_random(seed) % TD_COUNT(extremes));
    }
    for (uint32_t i = 0; i < g.n_attrs; i++) {
        td_attr_value *const v = &g.attrs[i].value;

        if (next_random(seed) % 4 == 0 && !(v->kind == TD_ATTR_INT && counts_tensors(g.attrs[i].name)))
            set_attr(arena, v, next_random(seed) % 3, extremes[next_random(seed) % TD_COUNT(extremes)]);
    }
    return has_no_end(arena, &g, number, "a mix of extremes");
}

/* Where each row of one input meets each of another, the square of them is work enough. */
static int64_t long_enough(const char *op)
{
    return strcmp(op, "NearestNeighbors") == 0 ? LONG_VECTOR / 16 : LONG_VECTOR;
}

/* The tensor with its rows again and again, until there are n of them. */
static void lengthen(td_tensor *t, int64_t n)
{
    const size_t old = td_tensor_bytes(t);
    td_shape s = t->shape;
    td_tensor made;

    if (s.rank < 1 || old == 0) return;
    s.dims[0] = n;
    assert_null(td_tensor_make(t->dtype, &s, &made));
    for (size_t at = 0, bytes = td_tensor_bytes(&made); at < bytes; at += old)
        memcpy((char *)made.data + at, t->data, TD_MIN(old, bytes - at));
    td_tensor_unref(t);
    *t = made;
}

/* Numbers of one tensor to numbers of another add up nothing, and some of them take their time. */
static bool is_elementwise(const golden *g)
{
    return g->n_in && g->n_out == 1 && td_shape_equal(&g->in[0].shape, &g->out[0].shape) &&
           !golden_is_integer(g->in[0].dtype);
}

static bool is_small(const golden *g)
{
    if (is_elementwise(g)) return false;
    for (uint32_t i = 0; i < g->n_in; i++)
        if (g->in[i].shape.rank > 0 && td_shape_span(&g->in[i].shape, 1, g->in[i].shape.rank) > 8)
            return false;
    return true;
}

/* One input of nothing but an extreme, all of them long. */
static int with_long_inputs(const golden *from, int number)
{
    int wrong = 0;

    for (uint32_t input = 0; is_small(from) && input < from->n_in; input++) {
        if (!has_numbers(&from->in[input])) continue;
        for (size_t k = 0; k < TD_COUNT(extremes); k++) {
            golden g;

            own_inputs(&g, from);
            for (uint32_t i = 0; i < g.n_in; i++)
                lengthen(&g.in[i], long_enough(g.op));
            set_elements(&g.in[input], EVERY, k);
            wrong += has_no_end(td_arena_make(), &g, number, "a long vector of extremes");
        }
    }
    return wrong;
}

/* ---------------------------------------------------------------- shapes */

/* No elements, and a number of rows that no loop comes to the end of: a few bytes of a request say so. */
static void empty_and_huge(td_tensor *t, int huge, int zero)
{
    td_shape s = t->shape;

    s.dims[huge] = 1LL << 40;
    s.dims[zero] = 0;
    td_status bad = td_shape_check(&s);

    if (!bad) {
        td_tensor_unref(t);
        bad = td_tensor_make(t->dtype, &s, t);
    }
    td_status_free(bad);
}

/* The dims of one input, or of all that have as many; integers elsewhere stay, or become zeros. */
static int with_empty_shapes(const golden *from, uint32_t input, bool all, bool zeros, int number)
{
    const int rank = from->in[input].shape.rank;
    int wrong = 0;

    for (int huge = 0; huge < rank; huge++)
        for (int zero = 0; zero < rank; zero++) {
            golden g;

            if (zero == huge) continue;
            own_inputs(&g, from);
            for (uint32_t i = 0; i < g.n_in; i++)
                if (i == input || (all && g.in[i].shape.rank == rank))
                    empty_and_huge(&g.in[i], huge, zero);
                else if (zeros && golden_is_integer(g.in[i].dtype) && td_tensor_bytes(&g.in[i]))
                    memset(g.in[i].data, 0, td_tensor_bytes(&g.in[i]));
            wrong += has_no_end(td_arena_make(), &g, number, "an empty tensor with a huge dimension");
        }
    return wrong;
}

/* ---------------------------------------------------------------- every case */

static int sweep(const golden *g, int number)
{
    uint64_t seed = (uint64_t)number;
    int wrong = 0;

    for (uint32_t i = 0; i < g->n_in; i++)
        for (int all = 0; all < 2; all++)
            wrong += with_empty_shapes(g, i, all, all, number);
    for (uint32_t i = 0; i < g->n_in; i++)
        wrong += sweep_input(g, (int)i, number);
    for (uint32_t i = 0; i < g->n_attrs; i++)
        wrong += sweep_attr(g, (int)i, number);
    for (int i = 0; i < MIXES; i++)
        wrong += with_a_mix(g, &seed, number);
    return wrong + with_input(g, EVERY, EVERY, number) + with_long_inputs(g, number);
}

/* The same call with int64 for every int32: it has further ends. False when nothing changes. */
static bool widen(td_arena *arena, golden *g)
{
    bool changed = false;

    for (uint32_t i = 0; i < g->n_attrs; i++)
        if (g->attrs[i].value.kind == TD_ATTR_TYPE && g->attrs[i].value.u.type == TD_I32) {
            g->attrs[i].value.u.type = TD_I64;
            changed = true;
        }
    for (uint32_t i = 0; changed && i < g->n_in; i++) {
        td_tensor *const t = &g->in[i];
        const size_t n = (size_t)td_shape_count(&t->shape);

        if (t->dtype != TD_I32) continue;
        int64_t *const wide = td_arena_try_alloc(arena, (n + 1) * sizeof *wide, 64);

        for (size_t k = 0; k < n; k++)
            wide[k] = ((const int32_t *)t->data)[k];
        *t = (td_tensor){ .dtype = TD_I64, .shape = t->shape, .data = wide };
    }
    return changed;
}

/* Ops with many goldens: the first few do. */
static bool is_wanted(const char *op)
{
    enum { MOST_OPS = 1024, MOST_CASES = 2 };
    static struct {
        char name[sizeof((golden *)0)->op];
        int cases;
    } seen[MOST_OPS];
    size_t i = 0;

    while (i < MOST_OPS && seen[i].cases && strcmp(seen[i].name, op) != 0)
        i++;
    assert_true(i < MOST_OPS);
    memcpy(seen[i].name, op, sizeof seen[i].name);
    return seen[i].cases++ < MOST_CASES;
}

static void sweep_file(const char *path, int *cases, int *wrong)
{
    FILE *const f = fopen(path, "r");
    td_arena *const arena = td_arena_make();

    assert_non_null(f);
    for (golden g; golden_read(f, arena, &g); td_arena_reset(arena)) {
        if (!is_wanted(g.op)) continue;
        *wrong += sweep(&g, *cases);
        if (widen(arena, &g)) *wrong += sweep(&g, *cases);
        ++*cases;
    }
    td_arena_free(arena);
    (void)fclose(f);
}

static void test_every_golden(void **state)
{
    glob_t files;
    int cases = 0, wrong = 0;

    (void)state;
    assert_int_equal(glob(TD_SOURCE_DIR "/tests/ops/goldens/*/*.txt", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        sweep_file(files.gl_pathv[i], &cases, &wrong);
    globfree(&files);
    assert_true(cases > 300);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_golden) };

#ifndef TD_DEBUG
    return 0;
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
