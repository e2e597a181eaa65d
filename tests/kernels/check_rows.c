/* SPDX-License-Identifier: Apache-2.0 */
/* check_rows.c -- layer normalisation, gates of recurrent layers and attention, against references. */
#include <math.h>
#include <string.h>

#include "check.h"

#include "kernels/attention/attention.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/rnn/rnn.h"

static const size_t widths[] = { 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 130, 1001 };

static void compare(const char *what, const float *got, const float *want, size_t n, double tol)
{
    for (size_t i = 0; i < n; i++)
        CHECK(check_near((double)got[i], (double)want[i], tol), "%s of %zu [%zu]: %g, want %g", what, n, i,
              (double)got[i], (double)want[i]);
    CHECK(check_guards(got, n), "%s of %zu wrote outside its output", what, n);
}

static void check_norm(td_layer_norm_fn *kernel, size_t cols)
{
    enum { ROWS = 3 };
    const size_t n = ROWS * cols;
    float *const in = check_buf_rand(n, -3.0f, 9.0f), *const want = check_buf(n), *const got = check_buf(n);
    float *const gamma = check_buf_rand(cols, -2.0f, 2.0f), *const beta = check_buf_rand(cols, -2.0f, 2.0f);

    td_layer_norm_ref(want, in, gamma, beta, ROWS, cols, 1e-3f);
    kernel(got, in, gamma, beta, ROWS, cols, 1e-3f);
    compare("layer_norm", got, want, n, 2e-5);
    kernel(in, in, gamma, beta, ROWS, cols, 1e-3f); /* in place is part of the contract */
    CHECK(!memcmp(in, got, n * sizeof *in), "layer_norm of %zu differs in place", cols);
    check_buf_free(in), check_buf_free(want), check_buf_free(got), check_buf_free(gamma),
        check_buf_free(beta);
}

static void check_gates(td_rnn_gates_fn *kernel, td_rnn_gates_fn *ref, size_t n)
{
    float *const sums = check_buf_rand(4 * n, -9.0f, 9.0f), *const own = check_buf_rand(3 * n, -3.0f, 3.0f);
    float *const h = check_buf_rand(n, -1.0f, 1.0f), *const c = check_buf_rand(n, -2.0f, 2.0f);
    float *const c_want = check_buf(n), *const want = check_buf(n), *const got = check_buf(n);

    memcpy(c_want, c, n * sizeof *c);
    ref(sums, own, c_want, h, want, n);
    kernel(sums, own, c, h, got, n);
    compare("gates", got, want, n, 2e-6);
    compare("cell", c, c_want, n, 2e-6);
    check_buf_free(sums), check_buf_free(own), check_buf_free(h), check_buf_free(c);
    check_buf_free(c_want), check_buf_free(want), check_buf_free(got);
}

/* One head, [rows, depth] of q against [keys, depth] of k and v, a mask by key. */
static void attend(float *out, const float *q, const float *k, const float *v, const float *mask, size_t rows,
                   size_t keys, size_t depth, float scale)
{
    for (size_t r = 0; r < rows; r++) {
        double p[256], sum = 0.0;
        for (size_t j = 0; j < keys; j++) {
            double dot = 0.0;
            for (size_t d = 0; d < depth; d++)
                dot += (double)q[r * depth + d] * (double)k[j * depth + d];
            sum += p[j] = exp(dot * (double)scale + (double)mask[j]);
        }
        for (size_t d = 0; d < depth; d++) {
            double x = 0.0;
            for (size_t j = 0; j < keys; j++)
                x += p[j] * (double)v[j * depth + d];
            out[r * depth + d] = (float)(x / sum);
        }
    }
}

static void check_attention(size_t rows, size_t keys, size_t depth, int threads)
{
    float *const q = check_buf_rand(rows * depth, -1.0f, 1.0f), *const k =
                                                                    check_buf_rand(keys * depth, -1.0f, 1.0f);
    float *const v = check_buf_rand(keys * depth, -1.0f, 1.0f), *const mask =
                                                                    check_buf_rand(keys, -4.0f, 0.0f);
    float *const want = check_buf(rows * depth), *const got = check_buf(rows * depth);
    const td_attention_steps by_row = { .row = depth };
    td_attention_plan p = { .batch = 1,
                            .heads = 1,
                            .rows = rows,
                            .keys = keys,
                            .depth = depth,
                            .out_depth = depth,
                            .q = by_row,
                            .k = by_row,
                            .v = by_row,
                            .out = by_row,
                            .scale = 0.5f,
                            .mask_column = 1 };

    td_attention_cut(&p, threads);
    float *const scratch = check_buf(p.thread_bytes / sizeof(float));
    const td_attention a = { .plan = &p,
                             .gemm = td_gemm_select(td_cpu_detect()),
                             .softmax = td_softmax_select(td_cpu_detect()),
                             .q = q,
                             .k = k,
                             .v = v,
                             .mask = mask,
                             .out = got,
                             .scratch = scratch };
    attend(want, q, k, v, mask, rows, keys, depth, 0.5f);
    td_attention_run(&a, NULL);
    compare("attention", got, want, rows * depth, 2e-6);
    CHECK(check_guards(scratch, p.thread_bytes / sizeof(float)), "attention wrote outside its scratch");
    check_buf_free(q), check_buf_free(k), check_buf_free(v), check_buf_free(mask);
    check_buf_free(want), check_buf_free(got), check_buf_free(scratch);
}

void check_rows(void)
{
    for (size_t i = 0; i < TD_COUNT(widths); i++) {
        const size_t n = widths[i];
#if defined(__x86_64__)
        if (td_cpu_detect() >= TD_CPU_avx2) {
            check_norm(td_layer_norm_avx2, n);
            check_gates(td_rnn_isa_avx2.lstm, td_rnn_isa_ref.lstm, n);
            check_gates(td_rnn_isa_avx2.gru, td_rnn_isa_ref.gru, n);
        }
        if (td_cpu_detect() >= TD_CPU_avx512) {
            check_norm(td_layer_norm_avx512, n);
            check_gates(td_rnn_isa_avx512.lstm, td_rnn_isa_ref.lstm, n);
            check_gates(td_rnn_isa_avx512.gru, td_rnn_isa_ref.gru, n);
        }
#endif
        check_norm(td_layer_norm_ref, n);
        check_gates(td_rnn_isa_ref.lstm, td_rnn_isa_ref.lstm, n);
        check_gates(td_rnn_isa_ref.gru, td_rnn_isa_ref.gru, n);
        if (n <= 130) check_attention(n, 131 - n, 1 + n / 2, (int)(i % 3) * 4);
    }
}
