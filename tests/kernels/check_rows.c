/* SPDX-License-Identifier: Apache-2.0 */
/* check_rows.c -- layer normalisation, gates of recurrent layers and attention, against references. */
#include <math.h>
#include <string.h>

#include "check.h"

#include "kernels/attention/attention.h"
#include "kernels/wide/wide.h"
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

/* own of an LSTM may be there or not. */
static void check_gates(td_rnn_gates_fn *kernel, td_rnn_gates_fn *ref, size_t n, bool has_own)
{
    const size_t gap = n + n % 5;
    float *const sums = check_buf_rand(4 * gap, -9.0f, 9.0f), *const own =
                                                                  check_buf_rand(4 * gap, -3.0f, 3.0f);
    float *const h = check_buf_rand(n, -1.0f, 1.0f), *const c = check_buf_rand(n, -2.0f, 2.0f);
    float *const c_want = check_buf(n), *const want = check_buf(n), *const got = check_buf(n);

    for (size_t i = 0; i < n; i++) { /* far out nothing overflows, and a NaN stays */
        static const float far[] = { -1e4f, 1e4f, -60.0f, 60.0f, 0.0f };

        if (i % 4 == 1) sums[i % 3 * gap + i] = far[i % 5];
        if (i % 7 == 6) c[i] = 1e5f;
        if (i % 11 == 10) sums[i % 4 / 2 * gap + i] = NAN;
    }
    memcpy(c_want, c, n * sizeof *c);
    td_rnn_cells cells = { .rows = 1,
                           .units = n,
                           .sums = sums,
                           .own = has_own ? own : NULL,
                           .gap = gap,
                           .c = c_want,
                           .h = h,
                           .out = want };
    ref(&cells);
    cells.c = c;
    cells.out = got;
    kernel(&cells);
    compare("gates", got, want, n, 2e-6);
    compare("cell", c, c_want, n, 2e-6);
    CHECK(check_guards(got, n) && check_guards(c, n), "gates of %zu wrote outside", n);
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

enum { Q = 0, K, V, OUT, OPERANDS };

/* What bfloat16 holds, and as bfloat16. */
static uint16_t *rounded(float *x, size_t n)
{
    uint16_t *const out = check_bytes(n * sizeof *out);

    td_bf16_round_ref(out, x, n);
    td_to_float(TD_BF16, out, n, x);
    return out;
}

/* narrow: bits of the operands that are bfloat16. */
static void run_attention(const td_attention_body *b, td_attention_plan *p, float *const *x,
                          uint16_t *const *x16, const float *mask, unsigned narrow, int threads, float *got)
{
    const size_t n_out = p->rows * p->out_depth;

    b->cut(p, threads);
    char *const scratch = check_bytes(p->thread_bytes);
    uint16_t *const out16 = check_bytes(n_out * sizeof *out16);
    const td_attention a = { .plan = p,
                             .gemm = td_gemm_select(td_cpu_detect()),
                             .softmax = td_softmax_select(td_cpu_detect()),
                             .q = narrow >> Q & 1 ? (const void *)x16[Q] : x[Q],
                             .k = narrow >> K & 1 ? (const void *)x16[K] : x[K],
                             .v = narrow >> V & 1 ? (const void *)x16[V] : x[V],
                             .is_bf16 = { narrow >> Q & 1, narrow >> K & 1, narrow >> V & 1 },
                             .writes_bf16 = narrow >> OUT & 1,
                             .mask = mask,
                             .out = narrow >> OUT & 1 ? (void *)out16 : got,
                             .scratch = scratch };
    memset(scratch, 0xff, p->thread_bytes); /* NaN, of either type: what an earlier run may have left */
    td_attention_run(b, &a, NULL);
    if (a.writes_bf16) td_to_float(TD_BF16, out16, n_out, got);
    CHECK(check_bytes_guards(scratch, p->thread_bytes), "attention %s wrote outside its scratch", b->name);
    CHECK(check_bytes_guards(out16, n_out * sizeof *out16), "attention %s wrote outside its output", b->name);
    check_bytes_free(scratch), check_bytes_free(out16);
}

static void check_attention(size_t rows, size_t keys, size_t depth, int threads)
{
    const size_t counts[] = { rows * depth, keys * depth, keys * depth };
    float *x[3], *const mask = check_buf_rand(keys, -4.0f, 0.0f);
    uint16_t *x16[3];
    float *const want = check_buf(rows * depth), *const got = check_buf(rows * depth);
    const td_attention_steps by_row = { .row = depth };

    for (int i = Q; i <= V; i++) {
        x[i] = check_buf_rand(counts[i], -1.0f, 1.0f);
        x16[i] = rounded(x[i], counts[i]);
    }
    attend(want, x[Q], x[K], x[V], mask, rows, keys, depth, 0.5f);
    CHECK_EACH(attention, v)
        for (unsigned narrow = 0; narrow < (v->body->takes_bf16 ? 1U << OPERANDS : 1U); narrow++) {
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

            run_attention(v->body, &p, x, x16, mask, narrow, threads, got);
            compare(v->body->name, got, want, rows * depth, v->body->takes_bf16 ? 1e-2 : 2e-6);
        }
    for (int i = Q; i <= V; i++)
        check_buf_free(x[i]), check_bytes_free(x16[i]);
    check_buf_free(mask), check_buf_free(want), check_buf_free(got);
}

void check_rows(void)
{
    for (size_t i = 0; i < TD_COUNT(widths); i++) {
        const size_t n = widths[i];
        CHECK_EACH(layer_norm, v)
            check_norm(v->body, n);
        CHECK_EACH(rnn, v) {
            for (int kind = 0; kind < 2; kind++)
                check_gates(v->body->gates[kind], td_rnn_isa_ref.gates[kind], n, true);
            check_gates(v->body->gates[TD_RNN_LSTM], td_rnn_isa_ref.gates[TD_RNN_LSTM], n, false);
        }
        if (n <= 130) check_attention(n, 131 - n, 1 + n / 2, (int)(i % 3) * 4);
    }
}
