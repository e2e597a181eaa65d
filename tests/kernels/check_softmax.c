/* SPDX-License-Identifier: Apache-2.0 */
/* check_softmax.c -- every softmax and activation this CPU can run, against the reference. */
#include <math.h>
#include <string.h>

#include "check.h"

#include "kernels/elt/act.h"
#include "kernels/softmax/softmax.h"

static void check_one(const char *isa, td_softmax_fn *kernel, size_t rows, size_t cols, bool is_log)
{
    const size_t n = rows * cols;
    float *const in = check_buf_rand(n, -30.0f, 30.0f), *const want = check_buf(n), *const got = check_buf(n);

    in[0] = -INFINITY; /* a masked element */
    if (cols == 1) in[0] = 1.0f;
    td_softmax_ref(want, in, rows, cols, is_log);
    kernel(got, in, rows, cols, is_log);
    for (size_t i = 0; i < n; i++)
        CHECK(got[i] == want[i] || check_near((double)got[i], (double)want[i], is_log ? 1e-5 : 2e-6),
              "%s %zux%zu [%zu]: %g, want %g", isa, rows, cols, i, (double)got[i], (double)want[i]);
    CHECK(check_guards(got, n), "%s %zux%zu wrote outside its output", isa, rows, cols);
    kernel(in, in, rows, cols, is_log); /* in place is part of the contract */
    CHECK(!memcmp(in, got, n * sizeof *in), "%s %zux%zu differs in place", isa, rows, cols);
    check_buf_free(in), check_buf_free(want), check_buf_free(got);
}

static void check_acts(const char *isa, td_act_fn *const *table)
{
    enum { N = 1003 };

    for (int act = 1; act < TD_ACT_COUNT; act++) {
        float *const want = check_buf_rand(N, -12.0f, 12.0f), *const got = check_buf(N);
        want[0] = 0.0f, want[1] = -100.0f, want[2] = 100.0f, want[3] = NAN, want[4] = 1e-8f,
        want[5] = INFINITY, want[6] = -INFINITY;
        memcpy(got, want, N * sizeof *got);
        td_acts_ref[act](want, N);
        table[act](got, N);
        for (size_t i = 0; i < N; i++)
            CHECK(check_near((double)got[i], (double)want[i], 2e-6), "%s act %d [%zu]: %g, want %g", isa, act,
                  i, (double)got[i], (double)want[i]);
        /* The tail of erfc has all its digits. */
        for (size_t i = 0; act == TD_ACT_gelu_erf && i < N; i++)
            CHECK(!isfinite(want[i]) || fabsf(got[i] - want[i]) <= 2e-6f * fabsf(want[i]),
                  "%s gelu [%zu]: %g, want %g", isa, i, (double)got[i], (double)want[i]);
        CHECK(check_guards(got, N), "%s act %d wrote outside", isa, act);
        check_buf_free(want), check_buf_free(got);
    }
}

void check_softmax(void)
{
    static const size_t cols[] = { 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 1000, 1001 }; /* vector widths +- 1 */

    for (size_t i = 0; i < 2 * sizeof cols / sizeof *cols; i++) {
        const bool is_log = i % 2;

        CHECK_EACH(softmax, v)
            for (size_t rows = 3; rows <= 37; rows += 34) /* fewer than a vector has lanes, and more */
                check_one(v->name, v->body, rows, cols[i / 2], is_log);
    }
    CHECK_EACH(act, v)
        check_acts(v->name, v->body);
}
