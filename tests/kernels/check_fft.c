/* SPDX-License-Identifier: Apache-2.0 */
/* check_fft.c -- every body's transforms: near those of the definition, and the plain body's to the last bit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#include "kernels/fft/fft.h"

typedef enum kind { FORWARD, INVERSE, REAL, KINDS } kind;

enum { LONGEST = 1155 };

/* One line of real or complex numbers, by the definition, in long double. */
static void define(double *out, const double *in, size_t n, kind k)
{
    const size_t parts = k == REAL ? 1 : 2, outs = k == REAL ? n / 2 + 1 : n;
    static long double c[LONGEST], s[LONGEST];

    for (size_t i = 0; i < n; i++) {
        const long double turn = 2 * acosl(-1.0L) * (long double)i / (long double)n;

        c[i] = cosl(turn);
        s[i] = k == INVERSE ? sinl(turn) : -sinl(turn);
    }
    for (size_t i = 0; i < outs; i++) {
        long double re = 0, im = 0;

        for (size_t j = 0; j < n; j++) {
            const long double a = (long double)in[parts * j],
                              b = k == REAL ? 0 : (long double)in[parts * j + 1];
            const size_t root = i * j % n;

            re += a * c[root] - b * s[root];
            im += a * s[root] + b * c[root];
        }
        out[2 * i] = (double)(k == INVERSE ? re / (long double)n : re);
        out[2 * i + 1] = (double)(k == INVERSE ? im / (long double)n : im);
    }
}

/* Lines that are `gap` elements apart, in order, each of them contiguous. */
static td_fft_lines lines_of(size_t n, size_t count, size_t parts, size_t gap)
{
    td_fft_lines l = { .count = count, .n = n, .step = 1, .parts = parts };

    for (size_t i = 0; i < TD_FFT_MOST_LANES; i++)
        l.first[i] = TD_MIN(i, count - 1) * gap;
    return l;
}

/* `count` lines together; out has n numbers a line. */
static void run(const td_fft_body *b, const td_fft *f, double *out, const double *in, size_t n, size_t count,
                kind k)
{
    const size_t size = 2 * n * b->lanes * sizeof(double),
                 scratch_size = 2 * td_fft_scratch(f) * b->lanes * sizeof(double);
    double *const from = check_bytes(size), *const to = check_bytes(size),
                  *const scratch = check_bytes(scratch_size);
    const td_fft_lines ins = lines_of(n, count, k == REAL ? 1 : 2, n);
    const td_fft_lines outs = lines_of(k == REAL ? n / 2 + 1 : n, count, 2, n);

    b->load_f64(from, in, &ins);
    if (k == REAL)
        b->run_real(f, from, to, scratch);
    else
        b->run(f, k == INVERSE, from, to, scratch);
    b->store_f64(out, to, &outs);
    CHECK(check_bytes_guards(from, size) && check_bytes_guards(to, size) &&
              check_bytes_guards(scratch, scratch_size),
          "%zu lanes of %zu wrote outside", b->lanes, n);
    check_bytes_free(from), check_bytes_free(to), check_bytes_free(scratch);
}

static double *random_doubles(size_t n)
{
    double *const x = check_bytes(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = check_random_between(-1, 1);
    return x;
}

static void check_length(const td_fft_body *b, td_arena *arena, size_t n, size_t count, kind k)
{
    const td_fft *const f = (k == REAL ? td_fft_make_real : td_fft_make)(arena, n);
    const size_t parts = k == REAL ? 1 : 2, outs = 2 * (k == REAL ? n / 2 + 1 : n);
    const size_t size = 2 * n * count * sizeof(double);
    double *const in = random_doubles(2 * n * count), *const got = check_bytes(size),
                  *const want = check_bytes(size), *const right = check_bytes(size);

    run(b, f, got, in, n, count, k);
    for (size_t i = 0; i < count; i++)
        run(&td_fft_ref, f, want + 2 * i * n, in + parts * i * n, n, 1, k);
    CHECK(check_bytes_guards(got, size), "%zu lanes of %zu stored outside", b->lanes, n);
    for (size_t i = 0; i < count; i++)
        CHECK(!memcmp(got + 2 * i * n, want + 2 * i * n, outs * sizeof *got),
              "%zu lanes: line %zu of %zu, of %zu numbers, is another", b->lanes, i, count, n);
    define(right, in, n, k);
    for (size_t i = 0; i < outs; i++)
        CHECK(check_near(got[i], right[i], 1e-15 * (double)(n + 8)), "%zu numbers [%zu]: %g, want %g", n, i,
              got[i], right[i]);
    check_bytes_free(in), check_bytes_free(got), check_bytes_free(want), check_bytes_free(right);
}

static void check_body(const td_fft_body *b)
{
    static const size_t more[] = { 74, 97, 121, 128, 240, 251, 341, 512, 961, 1000, 1024, LONGEST };
    td_arena *const arena = td_arena_make();

    for (size_t i = 0; i < 70 + TD_COUNT(more); i++)
        for (int k = 0; k < KINDS; k++) {
            check_length(b, arena, i < 70 ? i + 1 : more[i - 70], b->lanes, (kind)k);
            if (b->lanes > 1)
                check_length(b, arena, i < 70 ? i + 1 : more[i - 70], 1 + i % (b->lanes - 1), (kind)k);
            td_arena_reset(arena);
        }
    td_arena_free(arena);
}

/* Lines of either width, real and complex, of all steps: element by element. */
static void check_lines(const td_fft_body *b, bool is_wide, size_t parts, size_t count, size_t step)
{
    enum { N = 19 };
    const size_t elements = parts * (N * step + TD_FFT_MOST_LANES),
                 width = is_wide ? sizeof(double) : sizeof(float);
    const size_t outs = parts * (N * step + TD_FFT_MOST_LANES) * width;
    float *const floats = check_buf_rand(elements, -1, 1);
    double *const doubles = random_doubles(elements), *const got = check_bytes((size_t)2 * N * b->lanes *
                                                                               sizeof(double));
    unsigned char *const out = check_bytes(outs), *const want = check_bytes(outs);
    td_fft_lines l = lines_of(N, count, parts, 1); /* side by side, as along an axis that is not the last */

    if (step == 1) l.n = 1;
    l.step = step;
    (is_wide ? b->load_f64 : b->load_f32)(got, is_wide ? (void *)doubles : floats, &l);
    for (size_t j = 0; j < l.n; j++)
        for (size_t i = 0; i < b->lanes; i++)
            for (size_t p = 0; p < parts; p++) {
                const size_t at = parts * (l.first[i] + j * step) + p;
                const double from = got[(parts * j + p) * b->lanes + i];
                double v = is_wide ? doubles[at] : (double)floats[at];

                CHECK(!memcmp(&v, &from, sizeof v), "%zu lanes, %zu parts: element %zu of line %zu of %zu",
                      b->lanes, parts, j, i, count);
            }
    /* Complex lanes of other numbers; real lines take the real parts. */
    for (size_t i = 0; i < 2 * N * b->lanes; i++)
        got[i] = check_random_between(-1, 1);
    (is_wide ? b->store_f64 : b->store_f32)(out, got, &l);
    for (size_t j = 0; j < l.n; j++)
        for (size_t i = 0; i < count && i < b->lanes; i++)
            for (size_t p = 0; p < parts; p++) {
                const size_t at = parts * (l.first[i] + j * step) + p;
                const double v = got[(2 * j + p) * b->lanes + i];
                const float narrow = (float)v;

                memcpy(want + at * width, is_wide ? (const void *)&v : &narrow, width);
            }
    CHECK(!memcmp(out, want, outs) && check_bytes_guards(out, outs), "%zu lanes stored %zu lines wrongly",
          b->lanes, count);
    check_buf_free(floats), check_bytes_free(doubles), check_bytes_free(got);
    check_bytes_free(out), check_bytes_free(want);
}

static void bench_body(const td_fft_body *b, size_t n)
{
    td_arena *const arena = td_arena_make();
    const td_fft *const f = td_fft_make_real(arena, n);
    float *const in = check_buf_rand(n * b->lanes, -1, 1), *const out = check_buf(2 * n * b->lanes);
    double *const from = random_doubles(2 * n * b->lanes), *const to = random_doubles(2 * n * b->lanes);
    double *const scratch = random_doubles(2 * td_fft_scratch(f) * b->lanes);
    const td_fft_lines ins = lines_of(n, b->lanes, 1, n), outs = lines_of(n / 2 + 1, b->lanes, 2, n);
    char name[64];

    snprintf(name, sizeof name, "fft load %zux%zu", b->lanes, n);
    CHECK_BENCH(name, 4.0 * (double)(n * b->lanes)) b->load_f32(from, in, &ins);
    snprintf(name, sizeof name, "fft real %zux%zu", b->lanes, n);
    CHECK_BENCH(name, 8.0 * (double)(n * b->lanes)) b->run_real(f, from, to, scratch);
    snprintf(name, sizeof name, "fft store %zux%zu", b->lanes, n);
    CHECK_BENCH(name, 4.0 * (double)(n * b->lanes)) b->store_f32(out, to, &outs);
    check_buf_free(in), check_buf_free(out), check_bytes_free(from), check_bytes_free(to),
        check_bytes_free(scratch);
    td_arena_free(arena);
}

static void check_all(const td_fft_body *b)
{
    check_body(b);
    for (size_t count = 1; count <= b->lanes; count++)
        for (size_t i = 0; i < 8; i++)
            check_lines(b, i & 1, 1 + (i >> 1 & 1), count, i & 4 ? 11 : 1);
    bench_body(b, 512);
    bench_body(b, 80);
    bench_body(b, 37);
}

void check_fft(void)
{
    CHECK_EACH(fft, v)
        check_all(v->body);
}
