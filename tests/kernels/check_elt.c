/* SPDX-License-Identifier: Apache-2.0 */
/* check_elt.c -- every elementwise body that this CPU can run, against the plain one for the same type; and
 * broadcasting against indices worked out one by one. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "cpu_levels.h"

#include "kernels/elt/cast.h"
#include "kernels/elt/bcast.h"
#include "kernels/elt/chain.h"
#include "kernels/elt/elt.h"

static const td_elt_row *find_ref(td_elt_id id, td_dtype in)
{
    for (size_t t = 0; t < td_elt_table_count; t++) {
        if (td_elt_tables[t].cpu != TD_CPU_ref) continue;
        for (const td_elt_row *const *rows = td_elt_tables[t].rows; *rows; rows++)
            for (const td_elt_row *row = *rows; row->id; row++)
                if (row->id == id && row->in == in) return row;
    }
    return NULL;
}

/* Values around 0 of every size, and those that functions treat apart. */
static double some_value(size_t i)
{
    static const double special[] = { 0, -0.0, 1, -1, 0.5, 2.5, 6, 1e-5, 1e4, 88.5, -88.5, 20000, -1e6 };

    if (check_random_int(0, 4) == 0) return special[i % TD_COUNT(special)];
    return check_random_between(-9, 9);
}

static void fill(void *data, td_dtype dtype, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double v = some_value(i);
        switch (dtype) {
        case TD_F32:
            ((float *)data)[i] = i == 5 ? NAN : i == 6 ? INFINITY : i == 7 ? -INFINITY : (float)v;
            break;
        case TD_F64:
            ((double *)data)[i] = i == 5 ? NAN : v;
            break;
        case TD_I32:
            ((int32_t *)data)[i] = i == 3 ? INT32_MIN : (int32_t)v;
            break;
        default:
            ((int64_t *)data)[i] = i == 3 ? INT64_MIN : (int64_t)v;
        }
    }
}

/* Bytes alike, or floats that are near: 4e-7 relative, nothing of which is due to more than 3 ulp. Zeros have
 * signs. */
static bool is_same(const void *got, const void *want, td_dtype out, size_t size, size_t i)
{
    const float *const g = got, *const w = want;

    if (!memcmp((const char *)got + i * size, (const char *)want + i * size, size)) return true;
    if (out == TD_F64) return isnan(((const double *)got)[i]) && isnan(((const double *)want)[i]);
    if (out != TD_F32) return false;
    if (isnan(g[i]) || isnan(w[i])) return isnan(g[i]) && isnan(w[i]);
    if (g[i] == 0.0f && w[i] == 0.0f) return false;
    return g[i] == w[i] || fabsf(g[i] - w[i]) <= 4e-7f * fabsf(w[i]) + 1e-38f;
}

static void check_row(td_cpu cpu, const td_elt_row *row, size_t n)
{
    const td_elt_row *const ref = find_ref(row->id, row->in);
    const td_dtype out = row->is_fixed ? TD_BOOL : row->in;
    const size_t size = row->out_size, in_size = td_dtype_size(row->in);
    const td_elt_arg arg = { .alpha = 0.25 };
    const void *in[TD_ELT_MAX_IN] = { 0 };
    void *bufs[TD_ELT_MAX_IN] = { 0 };

    CHECK(ref && ref->n_in == row->n_in && ref->out_size == row->out_size, "%d of %s has no plain body",
          (int)row->id, td_dtype_name(row->in));
    if (!ref) return;
    for (unsigned k = 0; k < row->n_in; k++) {
        in[k] = bufs[k] = check_bytes(n * in_size);
        fill(bufs[k], row->in, n);
    }
    void *const got = check_bytes(n * size), *const want = check_bytes(n * size);
    const int want_bits = ref->fn(want, in, n, &arg), got_bits = row->fn(got, in, n, &arg);

    CHECK(got_bits == want_bits, "%s: bits differ", td_cpu_name(cpu).text);
    for (size_t i = 0; i < n; i++)
        CHECK(is_same(got, want, out, size, i), "%s: function %d of %s, n = %zu, [%zu] differs: %g, want %g",
              td_cpu_name(cpu).text, (int)row->id, td_dtype_name(row->in), n, i,
              out == TD_F32 ? (double)((float *)got)[i] : 0, out == TD_F32 ? (double)((float *)want)[i] : 0);
    CHECK(check_bytes_guards(got, n * size), "function %d wrote outside its output", (int)row->id);
    if (size == in_size) { /* in place is part of the contract */
        (void)row->fn(bufs[row->n_in - 1], in, n, &arg);
        CHECK(!memcmp(bufs[row->n_in - 1], got, n * size) || out == TD_F32 || out == TD_F64,
              "function %d differs in place", (int)row->id);
    }
    for (unsigned k = 0; k < row->n_in; k++)
        check_bytes_free(bufs[k]);
    check_bytes_free(got);
    check_bytes_free(want);
}

static void check_variants(void)
{
    static const size_t sizes[] = { 0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 1001 };
    const td_cpu cpu = td_cpu_detect();

    for (size_t t = 0; t < td_elt_table_count; t++) {
        if (!td_cpu_has(cpu, td_elt_tables[t].cpu) || td_elt_tables[t].cpu == TD_CPU_ref) continue;
        for (const td_elt_row *const *rows = td_elt_tables[t].rows; *rows; rows++)
            for (const td_elt_row *row = *rows; row->id; row++)
                for (size_t i = 0; i < TD_COUNT(sizes); i++)
                    check_row(td_elt_tables[t].cpu, row, sizes[i]);
    }
}

/* Lengths of complex numbers of every size are those of hypotf(), to the last bit. */
static void check_complex_abs(void)
{
    static const float parts[] = { 0,       -0.0f,    1,       -3,    4,        1e-45f,    -1e-38f, 1e-20f,
                                   FLT_MIN, -FLT_MAX, 2.5e38f, 1e20f, INFINITY, -INFINITY, NAN,     0.1f };
    enum { PARTS = TD_COUNT(parts), N = 4 * PARTS * PARTS };
    static float in[N][2], out[N];

    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < 2; k++)
            in[i][k] =
                i < PARTS * PARTS ? parts[k ? i % PARTS : i / PARTS] : (float)check_random_between(-9, 9);
    for (size_t n = 1; n <= N; n = n < 9 ? n + 1 : n + N - 9) { /* 1 .. 9, and all */
        const td_elt_row *const row = find_ref(TD_ELT_complex_abs, TD_C64);

        row->fn(out, (const void *[]){ in }, n, NULL);
        for (size_t i = 0; i < n; i++) {
            const float want = hypotf(in[i][0], in[i][1]);

            CHECK(isnan(want) ? isnan(out[i]) : !memcmp(&out[i], &want, sizeof want),
                  "|%g + %gi| = %g, want %g", (double)in[i][0], (double)in[i][1], (double)out[i],
                  (double)want);
        }
    }
}

static int run_dense(const void *ctx, void *out, const void *const in[], size_t n)
{
    return td_elt_run(ctx, out, in, n, NULL);
}

/* x - y with the shapes of a and b. */
static void check_shapes(td_dtype dtype, const td_shape *a, const td_shape *b, const td_shape *out)
{
    const size_t na = (size_t)td_shape_count(a), nb = (size_t)td_shape_count(b),
                 n = (size_t)td_shape_count(out);
    const size_t size = td_dtype_size(dtype);
    float *const xf = check_buf_rand(na, -9, 9), *const yf = check_buf_rand(nb, -9, 9);
    void *const x = check_bytes(na * size), *const y = check_bytes(nb * size),
                *const z = check_bytes(n * size);
    float *const zf = check_buf(n);
    td_elt sub, to, from;
    td_elt_arg arg;
    td_bcast bcast;

    CHECK(td_elt_find(TD_ELT_sub, dtype, td_cpu_detect(), &sub) &&
              td_cast_find(TD_F32, dtype, false, td_cpu_detect(), &to, &arg) &&
              td_cast_find(dtype, TD_F32, false, td_cpu_detect(), &from, &arg),
          "no bodies for %s", td_dtype_name(dtype));
    (void)td_elt_run(&to, x, (const void *const[]){ xf }, na, NULL);
    (void)td_elt_run(&to, y, (const void *const[]){ yf }, nb, NULL);
    td_bcast_operand operands[2] = { { .size = size }, { .size = size } };
    td_bcast_make(&bcast, operands, out, (const td_shape *const[]){ a, b }, 2);
    const size_t cut = n / 3; /* two ranges, as two threads would */
    (void)td_bcast_run(&bcast, z, size, (const void *const[]){ x, y }, cut, n, run_dense, &sub);
    (void)td_bcast_run(&bcast, z, size, (const void *const[]){ x, y }, 0, cut, run_dense, &sub);
    (void)td_elt_run(&from, zf, (const void *const[]){ z }, n, NULL);
    for (size_t i = 0; i < n; i++) {
        const double want = (double)xf[td_bcast_at(&bcast, 0, i)] - (double)yf[td_bcast_at(&bcast, 1, i)];
        const double tol = dtype == TD_F32 || dtype == TD_F64 ? 1e-6 : dtype == TD_F16 ? 0.03 : 2.01;
        CHECK(fabs((double)zf[i] - want) <= tol, "%s [%zu]: %g, want %g", td_dtype_name(dtype), i,
              (double)zf[i], want);
    }
    CHECK(check_bytes_guards(z, n * size), "broadcasting wrote outside its output");
    check_buf_free(xf);
    check_buf_free(yf);
    check_buf_free(zf);
    check_bytes_free(x);
    check_bytes_free(y);
    check_bytes_free(z);
}

static void check_broadcasts(void)
{
    static const struct {
        td_shape a, b, out;
    } cases[] = {
        { { 1, { 7 } }, { 1, { 7 } }, { 1, { 7 } } },
        { { 2, { 3, 1000 } }, { 1, { 1000 } }, { 2, { 3, 1000 } } },
        { { 2, { 3, 1 } }, { 2, { 1, 1700 } }, { 2, { 3, 1700 } } },
        { { 3, { 2, 1, 5 } }, { 2, { 3, 1 } }, { 3, { 2, 3, 5 } } },
        { { 0, { 0 } }, { 2, { 4, 3 } }, { 2, { 4, 3 } } },
        { { 0, { 0 } }, { 1, { 5000 } }, { 1, { 5000 } } },
        { { 2, { 0, 3 } }, { 2, { 1, 3 } }, { 2, { 0, 3 } } },
        { { 4, { 2, 3, 1, 2 } }, { 4, { 1, 1, 4, 1 } }, { 4, { 2, 3, 4, 2 } } },
        { { 5, { 2, 1, 3, 1, 2 } }, { 5, { 1, 4, 1, 2, 1 } }, { 5, { 2, 4, 3, 2, 2 } } },
        { { 3, { 40, 50, 3 } }, { 1, { 3 } }, { 3, { 40, 50, 3 } } },
        { { 3, { 20, 1, 64 } }, { 3, { 20, 7, 1 } }, { 3, { 20, 7, 64 } } },
        { { 2, { 1, 1 } }, { 0, { 0 } }, { 2, { 1, 1 } } },
    };
    static const td_dtype dtypes[] = { TD_F32, TD_F64, TD_F16, TD_I8, TD_I32, TD_C128 };

    for (size_t i = 0; i < TD_COUNT(cases); i++)
        for (size_t d = 0; d < TD_COUNT(dtypes); d++)
            check_shapes(dtypes[d], &cases[i].a, &cases[i].b, &cases[i].out);
}

/* tanh((a - b) * a) + (a - b), in tiles; then in place. */
static void check_chain(size_t n)
{
    static const td_elt_id ids[] = { TD_ELT_sub, TD_ELT_mul, TD_ELT_tanh, TD_ELT_add };
    int sources[TD_CHAIN_LINKS][TD_ELT_MAX_IN] = { { 0, 1 }, { -1, 0 }, { -2 }, { -3, -1 } };
    float *const a = check_buf_rand(n, -1, 1), *const b = check_buf_rand(n, -1, 1), *const out = check_buf(n);
    td_chain chain = { .n = 4 };

    for (unsigned i = 0; i < 4; i++)
        CHECK(td_elt_find(ids[i], TD_F32, td_cpu_detect(), &chain.links[i].elt), "no body %u", i);
    CHECK(td_chain_finish(&chain, sources), "four links need no more than six slots");
    (void)td_chain_run(&chain, out, (const void *const[]){ a, b }, n);
    for (size_t i = 0; i < n; i++) {
        const float d = a[i] - b[i];
        CHECK(check_near((double)out[i], (double)(tanhf(d * a[i]) + d), 1e-6), "chain [%zu] of %zu", i, n);
    }
    CHECK(check_guards(out, n), "the chain wrote outside its output");
    (void)td_chain_run(&chain, a, (const void *const[]){ a, b }, n);
    CHECK(!memcmp(a, out, n * sizeof *a), "the chain differs in place");
    check_buf_free(a);
    check_buf_free(b);
    check_buf_free(out);
}

/* Every 16-bit pattern survives the way through float. */
static void check_halves(void)
{
    static const td_dtype dtypes[] = { TD_F16, TD_BF16 };

    for (size_t d = 0; d < 2; d++)
        for (size_t level = 0; level < cpu_levels(); level++) {
            enum { N = 65536 };
            uint16_t *const in = check_bytes(N * 2), *const out = check_bytes(N * 2);
            float *const wide = check_buf(N);
            for (uint32_t i = 0; i < N; i++)
                in[i] = (uint16_t)i;
            for (uint32_t n = N; n > N - 9; n--) {
                td_widen_find(dtypes[d], cpu_level(level))(wide, in, n);
                td_narrow_find(dtypes[d], cpu_level(level))(out, wide, n);
                for (uint32_t i = 0; i < n; i++)
                    CHECK(out[i] == in[i] || isnan(wide[i]), "%s %x becomes %x", td_dtype_name(dtypes[d]), i,
                          out[i]);
            }
            check_bytes_free(in);
            check_bytes_free(out);
            check_buf_free(wide);
        }
    CHECK(td_f32_to_f16(65519.0f).bits == 0x7bff && td_f32_to_f16(65520.0f).bits == 0x7c00,
          "the end of half");
    CHECK(td_f32_to_f16(0x1p-25f).bits == 0 && td_f32_to_f16(0x1.8p-25f).bits == 1, "the start of half");
    CHECK(td_f32_to_bf16(1.00390625f).bits == 0x3f80 && td_f32_to_bf16(1.01171875f).bits == 0x3f82,
          "ties of bf16");
}

static void bench(void)
{
    enum { N = 16384 };
    static const td_elt_id ids[] = { TD_ELT_add,     TD_ELT_exp, TD_ELT_log, TD_ELT_tanh,
                                     TD_ELT_sigmoid, TD_ELT_erf, TD_ELT_sin, TD_ELT_relu };
    float *const x = check_buf_rand(N, 0.1f, 4), *const y = check_buf_rand(N, 0.1f, 4),
                 *const z = check_buf(N);

    for (size_t i = 0; i < TD_COUNT(ids); i++)
        for (size_t level = 0; level < cpu_levels(); level++) {
            td_elt elt;
            char name[64];
            snprintf(name, sizeof name, "elt %d f32 %s", (int)ids[i], td_cpu_name(cpu_level(level)).text);
            if (!td_elt_find(ids[i], TD_F32, cpu_level(level), &elt)) continue;
            CHECK_BENCH(name, N * 4.0)(void) td_elt_run(&elt, z, (const void *const[]){ x, y }, N, NULL);
        }
    check_buf_free(x);
    check_buf_free(y);
    check_buf_free(z);
}

static void bench_broadcast(void)
{
    static const td_shape image = { 3, { 96, 96, 3 } }, channels = { 1, { 3 } };
    const size_t n = (size_t)td_shape_count(&image);
    float *const x = check_buf_rand(n, 0, 1), *const y = check_buf_rand(3, 0, 1), *const z = check_buf(n);
    td_bcast_operand operands[2] = { { .size = 4 }, { .size = 4 } };
    td_bcast bcast;
    td_elt sub;

    (void)td_elt_find(TD_ELT_sub, TD_F32, td_cpu_detect(), &sub);
    td_bcast_make(&bcast, operands, &image, (const td_shape *const[]){ &image, &channels }, 2);
    CHECK_BENCH("[96,96,3] - [3]", (double)n * 4)
    (void)td_bcast_run(&bcast, z, 4, (const void *const[]){ x, y }, 0, n, run_dense, &sub);
    check_buf_free(x);
    check_buf_free(y);
    check_buf_free(z);
}

void check_elt(void)
{
    check_variants();
    check_complex_abs();
    check_broadcasts();
    check_halves();
    check_chain(1);
    check_chain(1024);
    check_chain(2500);
    bench();
    bench_broadcast();
}
