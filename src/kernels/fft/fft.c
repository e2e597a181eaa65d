/* SPDX-License-Identifier: Apache-2.0 */
/* fft.c -- plans; see fft.h. */
#include "kernels/fft/fft_plan.h"

#include <math.h>
#include <string.h>

typedef double complex number;

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
        if (p > TD_FFT_LARGEST_PRIME) return false;
        for (; rest % p == 0; rest /= p)
            f->factors[f->n_factors++] = p;
    }
    return true;
}

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
    td_fft_ref.run(f->inner, false, (double *)wrapped, (double *)f->kernel, NULL);
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

const td_fft_variant td_fft_variants[] = {
    TD_X86(&td_fft_, avx512),
    TD_X86(&td_fft_, avx2),
    TD_PLAIN(&td_fft_ref),
};
