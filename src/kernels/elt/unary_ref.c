/* SPDX-License-Identifier: Apache-2.0 */
/* unary_ref.c -- every function of one argument for every type, in plain C over libm:
 * the definition of right. */
#include "kernels/elt/body.h"

/* x / |x| bit for bit as TensorFlow has it:
 * the length comes from the larger part and the ratio of the two. */
#define SIGN(name, C, R, make, re, im, abs, sqrt)                                                            \
    static inline C name(C x)                                                                                \
    {                                                                                                        \
        const R a = abs(re(x)), b = abs(im(x)), top = a > b ? a : b, low = a > b ? b : a;                    \
        const R ratio = low / top, length = low == 0 ? top : top * sqrt(1 + ratio * ratio);                  \
        return top == 0 ? 0 : make(re(x) / length, im(x) / length);                                          \
    }
SIGN(td_sign_c64, float complex, float, td_c64, crealf, cimagf, fabsf, sqrtf)
SIGN(td_sign_c128, double complex, double, td_c128, creal, cimag, fabs, sqrt)

/* hypot(), without a call: squares of floats neither overflow nor vanish in double. Infinite is infinite, whatever the
 * other part. */
static inline float td_abs_c64(float complex x)
{
    const double re = (double)crealf(x), im = (double)cimagf(x);
    const bool is_infinite = (fabs(re) == (double)INFINITY) | (fabs(im) == (double)INFINITY);

    return is_infinite ? INFINITY : (float)sqrt(re * re + im * im);
}

#define T    float
#define DT   F32
#define M(g) g##f
#define LIST "kernels/elt/unary_float.inc"
#include "kernels/elt/body.inc"

#define T    double
#define DT   F64
#define M(g) g
#define LIST "kernels/elt/unary_float.inc"
#include "kernels/elt/body.inc"

#define T    float complex
#define R    float
#define DT   C64
#define M(g) c##g##f
#define LIST "kernels/elt/unary_complex.inc"
#include "kernels/elt/body.inc"

#define T    double complex
#define R    double
#define DT   C128
#define M(g) c##g
#define LIST "kernels/elt/unary_complex.inc"
#include "kernels/elt/body.inc"

#define T    uint8_t
#define DT   BOOL
#define LIST "kernels/elt/unary_bool.inc"
#include "kernels/elt/body.inc"

#define LIST_INT "kernels/elt/unary_int.inc"
#include "kernels/elt/integers.inc"

const td_elt_row *const td_unary_ref[] = { rows_F32,  rows_F64,  rows_C64,
                                           rows_C128, rows_BOOL, TD_ELT_INTEGER_ROWS,
                                           NULL };
