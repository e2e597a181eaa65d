/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c -- see judge.h. */
#include "judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "element.h"
#include "number.h"

enum { SAMPLES = 65 };
static const double most = 1e5, most_half = 2e3; /* larger values of a graph leave no digits to others */

static double spread_at(const td_tensor *v, size_t n_variants, size_t i)
{
    const double base = fz_get(&v[0], i);
    double d = 0.0;

    for (size_t k = 1; k < n_variants; k++)
        d = fmax(d, fabs(fz_get(&v[k], i) - base));
    return d;
}

static bool same_kind(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    if (isinf(a) || isinf(b)) return a == b;
    return true;
}

static const char *unstable_floats(const td_tensor *v, size_t n_variants, bool allows_nan)
{
    const td_dtype t = v->dtype;
    const double limit = t == TD_F16 ? most_half : most, share = t == TD_BF16  ? 0.2
                                                                 : t == TD_F16 ? 0.05
                                                                               : 1e-3;
    const double tiny = t == TD_F16 ? 0.0 : 1e6 * fz_smallest(t);
    const size_t n = fz_parts(v);
    double *const parts = TD_NEW_N(double, n *n_variants + 1);
    const char *why = NULL;
    double largest = 0.0, spread = 0.0;

    for (size_t k = 0; k < n_variants; k++)
        fz_read(&v[k], parts + k * n);
    for (size_t i = 0; i < n && !why; i++) {
        const double x = parts[i];
        double d = 0.0;
        for (size_t k = 1; k < n_variants; k++) {
            if (!same_kind(x, parts[k * n + i])) why = "a number or none";
            d = TD_MAX(d, fabs(parts[k * n + i] - x));
        }
        if (!isfinite(x)) {
            if (!allows_nan && !why) why = "not finite";
            continue;
        }
        if (fabs(x) > limit) why = "large";
        if (x != 0.0 && fabs(x) < tiny) why = "tiny";
        largest = TD_MAX(largest, fabs(x));
        spread = TD_MAX(spread, d);
    }
    td_free(parts);
    return why ? why : spread > share * largest ? "ill-conditioned" : NULL;
}

const char *fz_unstable(const td_tensor *v, size_t n_variants, bool allows_nan)
{
    for (size_t k = 1; k < n_variants; k++) {
        if (!td_shape_equal(&v[0].shape, &v[k].shape)) return "shape hangs on rounding";
        if (!fz_is_inexact(v->dtype) && !fz_same_elements(&v[0], &v[k])) return "choice hangs on rounding";
    }
    return fz_is_inexact(v->dtype) ? unstable_floats(v, n_variants, allows_nan) : NULL;
}

/* ---------------------------------------------------------------- comparing */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The last place of the usual element: near zero, approximations have digits that the reference's have not. */
static double usual_ulp(const td_tensor *v)
{
    const size_t n = fz_parts(v);
    double sum = 0.0;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const double x = fabs(fz_get(&v[0], i));
        if (!isfinite(x)) continue;
        sum += x;
        count++;
    }
    return count ? fz_ulp(v->dtype) * sum / (double)count : 0.0;
}

/* What an element of the usual size is off by: sums with other terms than the variants' may be off where those,
 * by chance, are not. */
static double usual_spread(const td_tensor *v, size_t n_variants)
{
    double d[SAMPLES];
    const size_t n = fz_parts(v), count = TD_MIN(n, (size_t)SAMPLES);

    for (size_t k = 0; k < count; k++)
        d[k] = spread_at(v, n_variants, k * n / count);
    if (!count) return 0.0;
    qsort(d, count, sizeof *d, by_size);
    return isfinite(d[count / 2]) ? d[count / 2] : 0.0;
}

static bool agrees_at(const td_tensor *got, const td_tensor *v, size_t n_variants, size_t i, double usual)
{
    const double x = fz_get(&v[0], i), y = fz_get(got, i);

    for (size_t k = 1; k < n_variants; k++)
        if (!same_kind(x, fz_get(&v[k], i))) return true; /* anything may come out */
    if (!isfinite(x)) return same_kind(x, y);
    const double tolerance = 32.0 * spread_at(v, n_variants, i) + 4.0 * usual +
                             8.0 * fz_ulp(v->dtype) * fabs(x) + 4.0 * fz_smallest(v->dtype);
    return fabs(x - y) <= tolerance;
}

static void say_where(const td_tensor *got, const td_tensor *v, size_t n_variants, size_t part,
                      td_strbuf *why)
{
    const size_t element = fz_parts(v) == (size_t)td_shape_count(&v->shape) ? part : part / 2;
    char shape[TD_SHAPE_TEXT];

    td_strbuf_printf(why, "element %zu of %s %s: got ", element, td_dtype_name(v->dtype),
                     td_shape_text(&v->shape, shape, sizeof shape));
    fz_element_text(got, element, why);
    td_strbuf_puts(why, ", want ");
    fz_element_text(&v[0], element, why);
    if (fz_is_inexact(v->dtype)) td_strbuf_printf(why, " +- %.3g", spread_at(v, n_variants, part));
}

bool fz_agrees(const td_tensor *got, const td_tensor *v, size_t n_variants, td_strbuf *why)
{
    if (got->dtype != v->dtype || !td_shape_equal(&got->shape, &v->shape)) {
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];
        td_strbuf_printf(why, "got %s %s, want %s %s", td_dtype_name(got->dtype),
                         td_shape_text(&got->shape, a, sizeof a), td_dtype_name(v->dtype),
                         td_shape_text(&v->shape, b, sizeof b));
        return false;
    }
    if (fz_same_elements(got, v)) return true; /* as most are */
    const bool exact = !fz_is_inexact(v->dtype);
    const double usual = exact ? 0.0 : usual_spread(v, n_variants) + usual_ulp(v);
    for (size_t i = 0; i < fz_parts(v); i++) {
        const bool ok = exact ? fz_same_element(got, v, i) : agrees_at(got, v, n_variants, i, usual);
        if (ok) continue;
        say_where(got, v, n_variants, i, why);
        return false;
    }
    return true;
}
