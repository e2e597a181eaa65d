/* SPDX-License-Identifier: Apache-2.0 */
/* check_small.c -- products and convolutions whose weights are kept in fewer bits, by every body this CPU can run: sums of int8 to the
 * last bit, what is around them, and whole answers against weights that are rounded here, one by one. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "cpu_levels.h"

#include "kernels/conv/body.h"
#include "kernels/gemm/body.h"
#include "kernels/int8/int8.h"
#include "tensor/half.h"

/* ---------------------------------------------------------------- parts */

static uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits & INT32_MAX;
}

static void check_most(const td_int8_isa *isa)
{
    float *const x = check_buf_rand(77, -3, 2);
    static const float odd[] = { NAN, -INFINITY, 5, -7, 1e-42f };

    for (size_t n = 0; n <= 77; n++)
        for (size_t i = 0; i < TD_COUNT(odd); i++) {
            uint32_t want = 0;

            if (n) x[n * 7 % n] = odd[i];
            for (size_t j = 0; j < n; j++)
                want = TD_MAX(want, bits_of(x[j]));
            CHECK(isa->most(x, n) == want, "the largest of %zu", n);
        }
    check_buf_free(x);
}

static int32_t step_at(const td_int8_isa *isa, const void *steps, size_t i)
{
    return isa->width == 1 ? ((const uint8_t *)steps)[i] - isa->zero : ((const int16_t *)steps)[i];
}

static void check_round(const td_int8_isa *isa)
{
    float *const x = check_buf_rand(131, -2, 2);
    void *const steps = check_bytes(131 * isa->width);

    x[3] = 0.5f / 100, x[4] = 1.5f / 100, x[5] = -2.5f / 100; /* halves go to even */
    for (size_t n = 0; n <= 131; n += 13) {
        isa->round(steps, x, n, 100);
        for (size_t i = 0; i < n; i++) {
            const float v = rintf(x[i] * 100), want = v < -127 ? -127 : v > 127 ? 127 : v;

            CHECK(step_at(isa, steps, i) == (int32_t)want, "%g is step %d", (double)x[i],
                  step_at(isa, steps, i));
        }
    }
    CHECK(check_bytes_guards(steps, 131 * isa->width), "rounding wrote outside");
    check_buf_free(x), check_bytes_free(steps);
}

/* Largest steps, so that sums that stop too early are seen. */
static void check_sums(const char *name, const td_int8_isa *isa, size_t rows, size_t k)
{
    const size_t depth = td_int8_depth(k), stride = depth * isa->width;
    float *const x = check_buf_rand(depth, -127, 127);
    int8_t *const panel = check_bytes(depth * TD_INT8_COLS);
    char *const a = check_bytes(TD_INT8_ROWS * stride);
    int32_t *const acc = check_bytes(TD_INT8_ROWS * TD_INT8_COLS * sizeof *acc);

    memset(panel, 0, depth * TD_INT8_COLS);
    for (size_t i = 0; i < k * TD_INT8_COLS; i++)
        panel[(i / TD_INT8_COLS / 4 * TD_INT8_COLS + i % TD_INT8_COLS) * 4 + i / TD_INT8_COLS % 4] =
            (int8_t)(check_random_int(0, 1)   ? check_random_int(-127, 127)
                     : check_random_int(0, 1) ? 127
                                              : -127);
    memset(a, 1, TD_INT8_ROWS * stride);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < k; i++)
            x[i] = (float)(check_random_int(0, 1) ? check_random_int(-127, 127) : 127);
        isa->round(a + r * stride, x, k, 1);
    }
    if (isa->begin) isa->begin();
    isa->sums(acc, a, stride, rows, panel, (k + 3) / 4);
    if (isa->end) isa->end();
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < TD_INT8_COLS; c++) {
            int32_t want = 0;

            for (size_t i = 0; i < k; i++)
                want += (step_at(isa, a + r * stride, i) + isa->zero) *
                        panel[(i / 4 * TD_INT8_COLS + c) * 4 + i % 4];
            CHECK(acc[r * TD_INT8_COLS + c] == want, "%s: sum [%zu][%zu] of %zu rows, depth %zu", name, r, c,
                  rows, k);
        }
    CHECK(check_bytes_guards(acc, TD_INT8_ROWS * TD_INT8_COLS * sizeof *acc), "%s wrote outside its sums",
          name);
    check_buf_free(x), check_bytes_free(panel), check_bytes_free(a), check_bytes_free(acc);
}

/* ---------------------------------------------------------------- what steps should be */

/* Steps of n numbers, stride apart; what they mean. */
static double steps_of(double *out, const float *x, size_t n, size_t stride, float scale, double given)
{
    float most = 0;
    bool is_finite = true;

    for (size_t i = 0; i < n; i++) {
        const float v = x[i * stride] * scale;

        is_finite = is_finite && isfinite(v);
        most = fmaxf(most, fabsf(v));
    }
    if (given > 0) most = (float)given * 127;
    for (size_t i = 0; i < n; i++) {
        const float v = rintf(x[i * stride] * scale * (given > 0 ? 1.0f / (float)given : 127.0f / most));

        out[i * stride] = most > 0 && is_finite ? (double)fminf(127, fmaxf(-127, v)) : 0;
    }
    return is_finite ? (double)most / 127 : (double)NAN;
}

/* The k weights of an output, stride apart, as they are kept. */
static void kept(double *out, const float *w, size_t k, size_t stride, float scale, td_precision as)
{
    for (size_t i = 0; as == TD_PRECISION_INT4 && i < k; i += 32) {
        const size_t n = TD_MIN((size_t)32, k - i);
        float most = 0;

        for (size_t j = i; j < i + n; j++)
            most = fmaxf(most, fabsf(w[j * stride] * scale));
        for (size_t j = i; j < i + n; j++)
            out[j * stride] = most > 0 ? (double)(rintf(w[j * stride] * scale / (most / 7)) * (most / 7)) : 0;
    }
    if (as == TD_PRECISION_INT8) {
        const double step = steps_of(out, w, k, stride, scale, 0);

        for (size_t i = 0; i < k; i++)
            out[i * stride] *= step;
    }
    for (size_t i = 0; as == TD_PRECISION_FLOAT16 && i < k; i++)
        out[i * stride] = (double)td_f16_to_f32(td_f32_to_f16(w[i * stride] * scale));
}

/* Rows, or an image, of which int8 makes steps. */
static void seen(double *out, const float *x, size_t n, float given, td_precision as)
{
    const double step = as == TD_PRECISION_INT8 ? steps_of(out, x, n, 1, 1, (double)given) : 0;

    for (size_t i = 0; i < n; i++)
        out[i] = as == TD_PRECISION_INT8 ? out[i] * step : (double)x[i];
}

static double ended(double v, const td_gemm_end *e, size_t row, size_t col)
{
    if (e->bias) v += (double)e->bias[col];
    if (e->add) v += (double)e->add[row * e->add_ld + col];
    v = v < (double)e->lo ? (double)e->lo : v > (double)e->hi ? (double)e->hi : v;
    return e->post ? -v : v;
}

static void negate(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = -x[i];
}

typedef struct ends {
    float *bias, *add, *scale;
    td_gemm_end all[3];
} ends;

static ends ends_make(size_t rows, size_t n)
{
    ends e = {
        check_buf_rand(n, -1, 1), check_buf_rand(rows * n, -1, 1), check_buf_rand(n, -2, 2), { { 0 } }
    };

    e.all[0] = td_gemm_end_none;
    e.all[1] = (td_gemm_end){ .bias = e.bias, .add = e.add, .add_ld = n, .lo = 0, .hi = 6 };
    e.all[2] = (td_gemm_end){ .bias = e.bias, .lo = -INFINITY, .hi = INFINITY, .post = negate };
    return e;
}

static void ends_free(const ends *e)
{
    check_buf_free(e->bias), check_buf_free(e->add), check_buf_free(e->scale);
}

static void compare(const char *what, const float *got, const double *want, size_t n, td_precision p)
{
    for (size_t i = 0; i < n; i++)
        CHECK(check_near((double)got[i], want[i], p == TD_PRECISION_INT8 ? 1e-5 : 1e-4),
              "%s [%zu]: %g, want %g", what, i, (double)got[i], want[i]);
    CHECK(check_guards(got, n), "%s wrote outside its output", what);
}

/* ---------------------------------------------------------------- products */

static void want_product(double *want, const td_product_ask *ask, const float *a, const float *b,
                         const float *scale, const td_gemm_end *e)
{
    const td_matmul *const p = &ask->p;
    double *const x = TD_NEW_N(double, p->m * p->k), *const w = TD_NEW_N(double, p->k * p->n);

    for (size_t i = 0; i < p->m; i++)
        seen(x + i * p->k, a + i * p->k, p->k, ask->scale, ask->precision);
    for (size_t j = 0; j < p->n; j++)
        kept(w + j, b + j, p->k, p->n, scale ? scale[j] : 1, ask->precision);
    for (size_t i = 0; i < p->m * p->n; i++) {
        double sum = 0;

        for (size_t k = 0; k < p->k; k++)
            sum += x[i / p->n * p->k + k] * w[k * p->n + i % p->n];
        want[i] = ended(sum, e, i / p->n, i % p->n);
    }
    td_free(x), td_free(w);
}

static const td_product_body *body_of_product(td_precision p)
{
    return p == TD_PRECISION_INT8   ? &td_product_body_int8
           : p == TD_PRECISION_INT4 ? &td_product_body_int4
                                    : &td_product_body_half;
}

static void run_product(const td_product_ask *ask, const td_gemm_end *end, const float *scale, const float *a,
                        const float *b)
{
    const td_product_body *const body = body_of_product(ask->precision);
    const td_matmul *const p = &ask->p;
    void *const state = body->make(ask);
    td_team *const team = ask->threads > 1 ? td_team_make(ask->threads) : NULL;
    const size_t packed_size = body->packed_size(p), scratch_size = body->scratch(state, ask->threads);
    void *const packed = check_bytes(packed_size), *const scratch = check_bytes(scratch_size);
    float *const c = check_buf(p->m * p->n);
    double *const want = TD_NEW_N(double, p->m * p->n);
    const td_product_job job = {
        .c = c, .a = a, .packed = packed, .end = end, .scratch = scratch, .team = team
    };

    memset(scratch, 0xff, scratch_size);
    body->pack(p, packed, b, scale);
    CHECK(body->run(state, &job), "a product without memory");
    want_product(want, ask, a, b, scale, end);
    compare(td_cpu_name(ask->cpu).text, c, want, p->m * p->n, ask->precision);
    CHECK(check_bytes_guards(packed, packed_size) && check_bytes_guards(scratch, scratch_size),
          "a product wrote outside its weights or scratch");
    check_bytes_free(packed), check_bytes_free(scratch), check_buf_free(c);
    td_free(want);
    td_team_free(team);
    body->free(state);
}

static void check_product(size_t m, size_t n, size_t k, td_precision precision)
{
    float *const a = check_buf_rand(m * k, -3, 3), *const b = check_buf_rand(k * n, -1, 1);
    const ends e = ends_make(m, n);

    if (m > 2) a[k] = NAN, a[2 * k + k / 2] = INFINITY; /* rows that spoil themselves */
    if (m > 3) memset(a + 3 * k, 0, k * sizeof *a);
    for (size_t level = 0; level < cpu_levels(); level++)
        for (size_t i = 0; i < TD_COUNT(e.all); i++) {
            const td_product_ask ask = {
                .p = { .m = m, .n = n, .k = k, .a_m = k, .a_k = 1, .b_k = n, .b_n = 1, .c_m = n },
                .cpu = cpu_level(level),
                .threads = 1 + (int)i,
                .is_const = true,
                .precision = precision,
                .scale = i == 1 ? 0.01f : 0,
            };

            CHECK(body_of_product(precision)->can(&ask), "no body of %zux%zux%zu", m, n, k);
            run_product(&ask, &e.all[i], i ? e.scale : NULL, a, b);
        }
    ends_free(&e);
    check_buf_free(a), check_buf_free(b);
}

/* ---------------------------------------------------------------- convolutions */

static size_t volume(const size_t *dims)
{
    return dims[0] * dims[1] * dims[2];
}

static void want_conv(double *want, const td_conv_ask *ask, const float *in, const float *w,
                      const float *scale, const td_gemm_end *e)
{
    const td_conv *const c = &ask->conv;
    const size_t n_in = volume(c->in) * c->in_channels, k = volume(c->kernel) * c->in_channels,
                 n = c->out_channels;
    double *const x = TD_NEW_N(double, c->batch *n_in), *const v = TD_NEW_N(double, k *n);

    for (size_t i = 0; i < c->batch; i++)
        seen(x + i * n_in, in + i * n_in, n_in, ask->scale, ask->precision);
    for (size_t j = 0; j < n; j++)
        kept(v + j, w + j, k, n, scale ? scale[j] : 1, ask->precision);
    td_conv_ref(c, want, x, v);
    for (size_t i = 0; i < c->batch * volume(c->out) * n; i++)
        want[i] = ended(want[i], e, i / n, i % n);
    td_free(x), td_free(v);
}

static const td_conv_body *body_of_conv(td_precision p)
{
    return p == TD_PRECISION_INT8 ? &td_conv_body_int8 : &td_conv_body_half;
}

static void run_conv(const td_conv_ask *ask, const td_gemm_end *end, const float *scale, const float *in,
                     const float *w)
{
    const td_conv_body *const body = body_of_conv(ask->precision);
    const td_conv *const c = &ask->conv;
    void *const state = body->make(ask);
    td_team *const team = ask->threads > 1 ? td_team_make(ask->threads) : NULL;
    const size_t n_packed = body->packed_size(state) / sizeof(float),
                 scratch_size = body->scratch(state, ask->threads);
    const size_t n_out = c->batch * volume(c->out) * c->out_channels;
    float *const packed = check_buf(n_packed), *const out = check_buf(n_out);
    void *const scratch = check_bytes(scratch_size);
    double *const want = TD_NEW_N(double, n_out);
    const td_conv_job job = { out, in, packed, end, scratch, team, NULL };

    memset(scratch, 0xff, scratch_size);
    CHECK(body->pack(state, packed, w, scale) && body->run(state, &job), "a convolution without memory");
    want_conv(want, ask, in, w, scale, end);
    compare(td_cpu_name(ask->cpu).text, out, want, n_out, ask->precision);
    CHECK(check_guards(packed, n_packed) && check_bytes_guards(scratch, scratch_size),
          "a convolution wrote outside its weights or scratch");
    check_buf_free(packed), check_buf_free(out), check_bytes_free(scratch);
    td_free(want);
    td_team_free(team);
    body->free(state);
}

static void check_conv(const td_conv *c, td_precision precision)
{
    const size_t n_in = c->batch * volume(c->in) * c->in_channels;
    float *const in = check_buf_rand(n_in, -3, 3);
    float *const w = check_buf_rand(volume(c->kernel) * c->in_channels * c->out_channels, -1, 1);
    const ends e = ends_make(c->batch * volume(c->out), c->out_channels);

    if (c->batch > 2) in[n_in - 1] = INFINITY; /* an image that spoils itself */
    for (size_t level = 0; level < cpu_levels(); level++)
        for (size_t i = 0; i < TD_COUNT(e.all); i++) {
            const td_conv_ask ask = { .conv = *c,
                                      .cpu = cpu_level(level),
                                      .threads = 1 + (int)i,
                                      .is_const = true,
                                      .precision = precision,
                                      .scale = i == 1 ? 0.01f : 0 };

            CHECK(body_of_conv(precision)->can(&ask), "no body of a convolution");
            run_conv(&ask, &e.all[i], i ? e.scale : NULL, in, w);
        }
    ends_free(&e);
    check_buf_free(in), check_buf_free(w);
}

static td_conv any_conv(void)
{
    td_conv c = { .batch = (size_t)check_random_int(1, 3), .groups = 1 };

    c.in_channels = (size_t)(check_random_int(0, 3) ? check_random_int(1, 40) : 64);
    c.out_channels = (size_t)check_random_int(1, 40);
    for (int i = 0; i < 3; i++) {
        const bool is_flat = i == 0 && check_random_int(0, 3);

        c.kernel[i] = is_flat ? 1 : (size_t)check_random_int(1, 3);
        c.stride[i] = is_flat ? 1 : (size_t)check_random_int(1, 2);
        c.dilation[i] = is_flat ? 1 : (size_t)check_random_int(1, 2);
        c.in[i] = is_flat ? 1 : (size_t)check_random_int(1, 9);
        const size_t reach = (c.kernel[i] - 1) * c.dilation[i] + 1,
                     pad = (size_t)check_random_int(0, (int64_t)reach - 1);

        c.pad[i] = check_random_int(0, (int64_t)pad);
        c.out[i] = c.in[i] + pad < reach ? 1 : (c.in[i] + pad - reach) / c.stride[i] + 1;
    }
    return c;
}

/* 1x1 of whole steps of depth: rows are read where the image is. */
static td_conv matrix_conv(void)
{
    return (td_conv){ .batch = 3,
                      .groups = 1,
                      .in = { 1, 7, 5 },
                      .in_channels = 128,
                      .out = { 1, 7, 5 },
                      .out_channels = 37,
                      .kernel = { 1, 1, 1 },
                      .stride = { 1, 1, 1 },
                      .dilation = { 1, 1, 1 } };
}

/* Sums of this depth would not fit. */
static void check_limits(void)
{
    td_product_ask ask = { .p = { .m = 1,
                                  .n = 1,
                                  .k = TD_INT8_MOST_K,
                                  .a_m = TD_INT8_MOST_K,
                                  .a_k = 1,
                                  .b_k = 1,
                                  .b_n = 1,
                                  .c_m = 1 },
                           .cpu = td_cpu_detect(),
                           .threads = 1,
                           .is_const = true,
                           .precision = TD_PRECISION_INT8 };

    CHECK(td_product_body_int8.can(&ask), "the deepest product");
    ask.p.k = ask.p.a_m = TD_INT8_MOST_K + 1;
    CHECK(!td_product_body_int8.can(&ask), "a product that is too deep");
    ask.p.k = ask.p.a_m = 64;
    ask.is_const = false;
    CHECK(!td_product_body_int8.can(&ask), "weights that come with the request");
}

void check_small(void)
{
    static const td_precision precisions[] = { TD_PRECISION_INT8, TD_PRECISION_FLOAT16, TD_PRECISION_INT4 };
    static const size_t sizes[][3] = { { 1, 1, 1 },     { 1, 17, 63 }, { 5, 16, 64 },    { 7, 33, 65 },
                                       { 31, 48, 130 }, { 33, 15, 3 }, { 67, 100, 200 }, { 64, 64, 1024 } };

    CHECK_EACH(int8, v) {
        check_most(v->body);
        check_round(v->body);
        for (size_t rows = 1; rows <= TD_INT8_ROWS; rows++)
            check_sums(v->name, v->body, rows, (size_t)check_random_int(1, 300));
        check_sums(v->name, v->body, 2, TD_INT8_MOST_K);
    }
    check_limits();
    for (size_t i = 0; i < TD_COUNT(sizes); i++)
        for (size_t j = 0; j < TD_COUNT(precisions); j++)
            check_product(sizes[i][0], sizes[i][1], sizes[i][2], precisions[j]);
    for (int i = 0; i < 40; i++) {
        const td_conv c = i ? any_conv() : matrix_conv();

        check_conv(&c, TD_PRECISION_INT8);
        check_conv(&c, TD_PRECISION_FLOAT16);
    }
}
