/* SPDX-License-Identifier: Apache-2.0 */
/* fft.c -- see fft.h. */
#include "kernels/fft/fft.h"

#include <math.h>
#include <string.h>

typedef double complex number;

enum { MOST_FACTORS = 64, LARGEST_PRIME = 31 };

struct td_fft {
    size_t n;
    size_t factors[MOST_FACTORS], n_factors;
    number *roots;  /* exp(-2 pi i k / n) */
    td_fft *half;   /* of n / 2 numbers, for real signals; or NULL */
    td_fft *inner;  /* Bluestein's convolution, or NULL */
    number *chirp;  /* exp(-pi i k^2 / n) */
    number *kernel; /* the transform of its conjugate, wrapped around */
};

/* exp(-2 pi i k / n), from an angle of the first eighth of the circle: as exact as sin and cos are. */
static number root_of(size_t k, size_t n)
{
    const double angle = -2 * 3.14159265358979323846 * ((double)k / (double)n);

    if (8 * k < n || n < 8) return CMPLX(cos(angle), sin(angle));
    const size_t quarter = 4 * k / n;
    const double rest = 2 * 3.14159265358979323846 * ((double)(4 * k - quarter * n) / (4 * (double)n));
    const double c = cos(rest), s = sin(rest);
    const number turned[] = { CMPLX(c, -s), CMPLX(-s, -c), CMPLX(-c, s), CMPLX(s, c) };

    return turned[quarter & 3];
}

static number *make_roots(td_arena *arena, size_t n, size_t of)
{
    number *const r = td_arena_try_alloc(arena, n * sizeof *r, sizeof *r);

    for (size_t k = 0; r && k < n; k++)
        r[k] = root_of(k, of);
    return r;
}

/* False: a prime factor is too large. */
static bool factorize(td_fft *f)
{
    size_t rest = f->n;

    for (size_t p = 4; rest > 1; p = p == 4 ? 2 : p == 2 ? 3 : p + 2) {
        if (p > LARGEST_PRIME) return false;
        for (; rest % p == 0; rest /= p)
            f->factors[f->n_factors++] = p;
    }
    return true;
}

static void transform(const td_fft *f, number *out, const number *in, size_t n, size_t stride,
                      const size_t *factor);

static bool make_bluestein(td_arena *arena, td_fft *f)
{
    size_t m = 1;

    while (m < 2 * f->n - 1)
        m *= 2;
    f->inner = td_fft_make(arena, m);
    f->chirp = make_roots(arena, f->n, 2 * f->n); /* of k here; of k^2 below */
    f->kernel = td_arena_try_alloc(arena, m * sizeof(number), sizeof(number));
    number *const wrapped = td_arena_try_alloc(arena, m * sizeof(number), sizeof(number));

    if (!f->inner || !f->chirp || !f->kernel || !wrapped) return false;
    memset(wrapped, 0, m * sizeof(number));
    for (size_t k = 0; k < f->n; k++) {
        const size_t square = (size_t)((unsigned long long)k * k % (2 * f->n));

        f->chirp[k] = root_of(square, 2 * f->n);
        wrapped[k] = wrapped[(m - k) % m] = conj(f->chirp[k]);
    }
    transform(f->inner, f->kernel, wrapped, m, 1, f->inner->factors);
    return true;
}

td_fft *td_fft_make(td_arena *arena, size_t n)
{
    td_fft *const f = td_arena_try_alloc(arena, sizeof *f, sizeof(number));

    if (!f) return NULL;
    *f = (td_fft){ .n = n };
    if (!factorize(f)) return make_bluestein(arena, f) ? f : NULL;
    f->roots = make_roots(arena, n, n);
    return f->roots ? f : NULL;
}

td_fft *td_fft_make_real(td_arena *arena, size_t n)
{
    td_fft *const f = td_fft_make(arena, n);

    if (!f || n % 2 != 0 || f->inner) return f;
    f->half = td_fft_make(arena, n / 2);
    return f->half ? f : NULL;
}

size_t td_fft_scratch(const td_fft *f)
{
    return f->inner ? 2 * f->inner->n : 0;
}

/* ---------------------------------------------------------------- one factor after the other */

/* Without C's rules for infinities, which TensorFlow's transforms do not follow, either. */
static inline number times(number a, number b)
{
    return CMPLX(creal(a) * creal(b) - cimag(a) * cimag(b), creal(a) * cimag(b) + cimag(a) * creal(b));
}

static void combine_2(const td_fft *f, number *out, size_t m, size_t stride)
{
    for (size_t k = 0; k < m; k++) {
        const number odd = times(out[m + k], f->roots[k * stride]);

        out[m + k] = out[k] - odd;
        out[k] += odd;
    }
}

/* Four numbers' transform; out is `m` apart. */
static inline void put_4(number *out, size_t m, number a, number b, number c, number d)
{
    const number even = a + c, odd = a - c, sum = b + d, turned = CMPLX(cimag(b - d), -creal(b - d));

    out[0] = even + sum;
    out[m] = odd + turned;
    out[2 * m] = even - sum;
    out[3 * m] = odd - turned;
}

static void combine_4(const td_fft *f, number *out, size_t m, size_t stride)
{
    for (size_t k = 0; k < m; k++)
        put_4(out + k, m, out[k], times(out[m + k], f->roots[k * stride]),
              times(out[2 * m + k], f->roots[2 * k * stride]),
              times(out[3 * m + k], f->roots[3 * k * stride]));
}

static void combine(const td_fft *f, number *out, size_t m, size_t stride, size_t p)
{
    number part[LARGEST_PRIME + 1];

    for (size_t k = 0; k < m; k++) {
        for (size_t q = 0; q < p; q++)
            part[q] = out[q * m + k];
        for (size_t j = 0; j < p; j++) {
            const size_t place = j * m + k;
            number sum = part[0];

            for (size_t q = 1; q < p; q++)
                sum += times(part[q], f->roots[q * place * stride % f->n]);
            out[place] = sum;
        }
    }
}

/* in is every stride-th number. */
static void transform(const td_fft *f, number *out, const number *in, size_t n, size_t stride,
                      const size_t *factor)
{
    if (n == 1) {
        out[0] = in[0];
        return;
    }
    if (n == 2) {
        out[0] = in[0] + in[stride];
        out[1] = in[0] - in[stride];
        return;
    }
    if (n == 4) {
        put_4(out, 1, in[0], in[stride], in[2 * stride], in[3 * stride]);
        return;
    }
    const size_t p = *factor, m = n / p;

    for (size_t q = 0; q < p; q++)
        transform(f, out + q * m, in + q * stride, m, stride * p, factor + 1);
    if (p == 4)
        combine_4(f, out, m, stride);
    else if (p == 2)
        combine_2(f, out, m, stride);
    else
        combine(f, out, m, stride, p);
}

static void run_bluestein(const td_fft *f, const number *in, number *out, number *scratch)
{
    const size_t m = f->inner->n;
    number *const a = scratch, *const b = scratch + m;

    memset(a, 0, m * sizeof *a);
    for (size_t k = 0; k < f->n; k++)
        a[k] = times(in[k], f->chirp[k]);
    transform(f->inner, b, a, m, 1, f->inner->factors);
    for (size_t k = 0; k < m; k++)
        b[k] = conj(times(b[k], f->kernel[k]));
    transform(f->inner, a, b, m, 1, f->inner->factors);
    for (size_t k = 0; k < f->n; k++)
        out[k] = times(conj(a[k]) / (double)m, f->chirp[k]);
}

static void conjugate(number *a, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        a[i] = conj(a[i]) * scale;
}

void td_fft_run(const td_fft *f, bool inverse, number *in, number *out, number *scratch)
{
    if (inverse) conjugate(in, f->n, 1);
    if (f->inner)
        run_bluestein(f, in, out, scratch);
    else
        transform(f, out, in, f->n, 1, f->factors);
    if (inverse) conjugate(out, f->n, 1.0 / (double)f->n);
}

/* Spectra of even and odd numbers, which were transformed as one signal's real and imaginary parts, become one. */
static void join_halves(const td_fft *f, number *out)
{
    const size_t h = f->half->n;
    const number first = out[0];

    for (size_t k = 1; 2 * k <= h; k++) {
        const number a = out[k], b = conj(out[h - k]), d = a - b;
        const number even = (a + b) / 2, odd = times(CMPLX(cimag(d) / 2, -creal(d) / 2), f->roots[k]);

        out[k] = even + odd;
        out[h - k] = conj(even - odd);
    }
    out[0] = creal(first) + cimag(first);
    out[h] = creal(first) - cimag(first);
}

void td_fft_run_real(const td_fft *f, number *in, number *out, number *scratch)
{
    if (!f->half) {
        td_fft_run(f, false, in, out, scratch);
        return;
    }
    for (size_t k = 0; k < f->half->n; k++)
        in[k] = CMPLX(creal(in[2 * k]), creal(in[2 * k + 1]));
    transform(f->half, out, in, f->half->n, 1, f->half->factors);
    join_halves(f, out);
}
