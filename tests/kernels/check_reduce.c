/* SPDX-License-Identifier: Apache-2.0 */
/* check_reduce.c -- every reduction body that this CPU can run against sums worked out one element at a time;
 * ArgMax and the cumulative ones likewise. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#include "kernels/cumulative/cumulative.h"
#include "kernels/reduce/arg.h"
#include "kernels/reduce/reduce.h"

static double start_of(td_reduce_id id)
{
    return id == TD_REDUCE_prod ? 1 : id == TD_REDUCE_max ? -INFINITY : id == TD_REDUCE_min ? INFINITY : 0;
}

static double join(td_reduce_id id, double a, double x)
{
    switch (id) {
    case TD_REDUCE_prod:
        return a * x;
    case TD_REDUCE_max:
        return x > a ? x : a;
    case TD_REDUCE_min:
        return x < a ? x : a;
    case TD_REDUCE_norm:
        return a + x * x;
    default:
        return a + x;
    }
}

static double value_of(td_reduce_id id, double a, size_t count)
{
    return id == TD_REDUCE_mean ? a / (double)count : id == TD_REDUCE_norm ? sqrt(a) : a;
}

enum { MAX_OUT = 4096 };

static void want_of(td_reduce_id id, const float *in, const td_shape *s, const bool *is_reduced, double *want,
                    size_t *n_out)
{
    const size_t n = (size_t)td_shape_count(s);
    size_t outs = 1, count = 1;

    for (int d = 0; d < s->rank; d++)
        *(is_reduced[d] ? &count : &outs) *= (size_t)s->dims[d];
    for (size_t o = 0; o < outs; o++)
        want[o] = start_of(id);
    for (size_t i = 0; i < n; i++) {
        size_t rest = i, at = 0, step = 1;
        for (int d = s->rank - 1; d >= 0; d--) {
            const size_t dim = (size_t)s->dims[d];
            if (!is_reduced[d]) {
                at += rest % dim * step;
                step *= dim;
            }
            rest /= dim;
        }
        want[at] = join(id, want[at], (double)in[i]);
    }
    for (size_t o = 0; o < outs; o++)
        want[o] = value_of(id, want[o], count);
    *n_out = outs;
}

static void check_one(td_reduce_id id, td_cpu cpu, const td_shape *s, unsigned mask)
{
    static double want[MAX_OUT];
    const size_t n = (size_t)td_shape_count(s);
    float *const in = id == TD_REDUCE_prod ? check_buf_rand(n, 0.98f, 1.02f) : check_buf_rand(n, -1, 4);
    bool is_reduced[TD_MAX_RANK];
    td_reduce r;
    size_t n_out;

    for (int d = 0; d < s->rank; d++)
        is_reduced[d] = (mask >> d & 1) != 0;
    want_of(id, in, s, is_reduced, want, &n_out);
    float *const got = check_buf(n_out);
    CHECK(td_reduce_make(&r, id, TD_F32, cpu, s, is_reduced), "no body for %d", (int)id);
    td_reduce_run(&r, got, in, r.units / 2, r.units);
    td_reduce_run(&r, got, in, 0, r.units / 2);
    for (size_t o = 0; o < n_out; o++)
        CHECK((isinf(want[o]) && (double)got[o] == want[o]) ||
                  check_near((double)got[o], want[o], id == TD_REDUCE_prod ? 1e-5 : 2e-6),
              "%s: reduction %d, rank %d, axes %x, [%zu]: %g, want %g", td_cpu_name(cpu).text, (int)id,
              s->rank, mask, o, (double)got[o], want[o]);
    CHECK(check_guards(got, n_out), "reduction %d wrote outside its output", (int)id);
    check_buf_free(in);
    check_buf_free(got);
}

static void check_reductions(void)
{
    static const td_shape shapes[] = {
        { 0, { 0 } },
        { 1, { 1 } },
        { 1, { 1001 } },
        { 1, { 50000 } },
        { 2, { 3, 513 } },
        { 2, { 700, 3 } },
        { 3, { 5, 7, 300 } },
        { 4, { 2, 33, 3, 17 } },
        { 5, { 2, 3, 2, 3, 4 } },
        { 2, { 4, 0 } },
    };

    CHECK_EACH(reduce, v)
        for (size_t i = 0; i < TD_COUNT(shapes); i++)
            for (unsigned mask = 0; mask < 1U << shapes[i].rank; mask++)
                for (td_reduce_id id = TD_REDUCE_sum; id <= TD_REDUCE_norm; id++) {
                    size_t outs = 1;
                    for (int d = 0; d < shapes[i].rank; d++)
                        if (!(mask >> d & 1)) outs *= (size_t)shapes[i].dims[d];
                    if (outs <= MAX_OUT && td_shape_count(&shapes[i]) > 0)
                        check_one(id, v->needs, &shapes[i], mask);
                }
}

/* A NaN anywhere is the result; of nothing, the neutral value. */
static void check_edges(void)
{
    const bool yes = true;
    td_reduce r;

    CHECK_EACH(reduce, v) {
        float *const in = check_buf_rand(300, -1, 1);
        float out = 0;
        in[171] = NAN;
        (void)td_reduce_make(&r, TD_REDUCE_max, TD_F32, v->needs, &(td_shape){ 1, { 300 } }, &yes);
        td_reduce_run(&r, &out, in, 0, r.units);
        CHECK(isnan(out), "max passes over a NaN");
        (void)td_reduce_make(&r, TD_REDUCE_max, TD_F32, v->needs, &(td_shape){ 1, { 0 } }, &yes);
        td_reduce_run(&r, &out, in, 0, r.units);
        CHECK(isinf(out) && out < 0, "max of nothing is %g", (double)out);
        (void)td_reduce_make(&r, TD_REDUCE_mean, TD_F32, v->needs, &(td_shape){ 1, { 0 } }, &yes);
        td_reduce_run(&r, &out, in, 0, r.units);
        CHECK(isnan(out), "the mean of nothing is %g", (double)out);
        check_buf_free(in);
    }
    const int8_t bytes[3] = { 100, 100, -1 };
    int8_t sum = 0, mean = 0;
    (void)td_reduce_make(&r, TD_REDUCE_sum, TD_I8, TD_CPU_ref, &(td_shape){ 1, { 3 } }, &yes);
    td_reduce_run(&r, &sum, bytes, 0, r.units);
    (void)td_reduce_make(&r, TD_REDUCE_mean, TD_I8, TD_CPU_ref, &(td_shape){ 1, { 3 } }, &yes);
    td_reduce_run(&r, &mean, bytes, 0, r.units);
    CHECK(sum == -57 && mean == 66, "int8: sum %d, mean %d", sum, mean);
}

static void check_arg(void)
{
    const float x[] = { 1, 5, 5, -2, NAN, 7, 7, -2 }; /* [4, 2] */
    int64_t at[2];

    td_arg_find(TD_F32, true)(at, x, 4, 2, 2);
    CHECK(at[0] == 3 && at[1] == 2, "largest at %d, %d", (int)at[0], (int)at[1]);
    td_arg_find(TD_F32, false)(at, x, 4, 2, 2);
    CHECK(at[0] == 0 && at[1] == 1, "smallest at %d, %d", (int)at[0], (int)at[1]);
}

static void check_cumulative(void)
{
    const int32_t x[] = { 1, 10, 2, 20, 3, 30 }; /* [3, 2] */
    static const struct {
        bool exclusive, reverse;
        int32_t want[6];
    } cases[] = {
        { false, false, { 1, 10, 3, 30, 6, 60 } },
        { true, false, { 0, 0, 1, 10, 3, 30 } },
        { false, true, { 6, 60, 5, 50, 3, 30 } },
        { true, true, { 5, 50, 3, 30, 0, 0 } },
    };

    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        const td_cumulative_dims d = { 3, 2, 2, cases[i].exclusive, cases[i].reverse };
        int32_t got[6];
        td_cumulative_find(TD_CUMULATIVE_sum, TD_I32)(got, x, &d);
        CHECK(!memcmp(got, cases[i].want, sizeof got), "cumulative sum %zu differs", i);
    }
}

static void bench(void)
{
    static const td_shape shapes[] = { { 2, { 128, 768 } }, { 2, { 768, 128 } }, { 3, { 1, 49, 1280 } } };
    float *const in = check_buf_rand(128 * 768, -1, 1), *const out = check_buf(4096);

    for (size_t i = 0; i < TD_COUNT(shapes); i++)
        CHECK_EACH(reduce, v) {
            const bool is_reduced[3] = { false, true, false };
            char name[64];
            td_reduce r;
            if (i == 1)
                (void)td_reduce_make(&r, TD_REDUCE_sum, TD_F32, v->needs, &shapes[i],
                                     (bool[]){ true, false });
            else
                (void)td_reduce_make(&r, TD_REDUCE_sum, TD_F32, v->needs, &shapes[i], is_reduced);
            snprintf(name, sizeof name, "sum f32 %s shape %zu", v->name, i);
            CHECK_BENCH(name, (double)td_shape_count(&shapes[i]) * 4) td_reduce_run(&r, out, in, 0, r.units);
        }
    check_buf_free(in);
    check_buf_free(out);
}

void check_reduce(void)
{
    check_reductions();
    check_edges();
    check_arg();
    check_cumulative();
    bench();
}
