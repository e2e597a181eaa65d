/* SPDX-License-Identifier: Apache-2.0 */
/* vec_f32.h -- exp, log and their kin for floats, written so that a compiler can do a vector of them at once.
 *
 * Straight-line C: no branches but selections, no calls, fused multiply-adds. Include it only in files that
 * are compiled for AVX2 or more (without FMA in hardware every multiply-add would be a call). Measured
 * against double: at most 2 units in the last place unless said otherwise. NaN, infinities and zeros give
 * what libm gives; subnormal results may be a little off.
 *
 * Polynomials are Chebyshev interpolations made with mpmath, lowest order first.
 */
#ifndef TD_KERNELS_VEC_VEC_F32_H
#define TD_KERNELS_VEC_VEC_F32_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float td_vec_fma(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}

static inline float td_vec_of_bits(int32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline int32_t td_vec_bits(float f)
{
    int32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* 2^n for n in [-126, 127] (an integer in a float): added to 1.5 * 2^23 + 127 it stands in the lowest bits.
 * Unlike a conversion that is defined for a NaN, too, and then gives whatever. */
static inline float td_vec_pow2(float n)
{
    return td_vec_of_bits((int32_t)((uint32_t)td_vec_bits(n + 12583039.0f) << 23));
}

/* (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2. */
static inline float td_vec_exp_tail(float r)
{
    float p = 0.001392692661f;
    p = td_vec_fma(p, r, 0.008363773874f);
    p = td_vec_fma(p, r, 0.04166655011f);
    p = td_vec_fma(p, r, 0.1666657338f);
    return td_vec_fma(p, r, 0.5f);
}

/* x = n ln 2 + r. Returns n. */
static inline float td_vec_exp_split(float x, float *r)
{
    const float n = rintf(x * 1.44269504f);
    *r = td_vec_fma(n, 1.9046542e-9f, td_vec_fma(n, -0.69314718246f, x));
    return n;
}

static inline float td_vec_exp(float x)
{
    float r;
    x = x > 89.0f ? 89.0f : x < -104.0f ? -104.0f : x; /* a NaN stays */
    const float n = td_vec_exp_split(x, &r);
    const float m = td_vec_fma(td_vec_exp_tail(r), r * r, r) + 1.0f;
    const float half = rintf(0.5f * n); /* in two steps: 2^n alone need not be a float */
    return m * td_vec_pow2(half) * td_vec_pow2(n - half);
}

static inline float td_vec_expm1(float x)
{
    float r;
    const float c = x > 89.0f ? 89.0f : x < -18.0f ? -18.0f : x;
    const float n = td_vec_exp_split(c, &r);
    const float m = td_vec_fma(td_vec_exp_tail(r), r * r, r);
    const float s = td_vec_pow2(n - 1.0f); /* half of 2^n, so that n = 128 works */
    const float y = 2.0f * td_vec_fma(s, m, s - 0.5f);
    return x == 0.0f ? x : y; /* keeps -0 */
}

/* log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)]. */
static inline float td_vec_log_near_1(float f)
{
    float p = 0.06971611471f;
    p = td_vec_fma(p, f, -0.1147973385f);
    p = td_vec_fma(p, f, 0.1168541992f);
    p = td_vec_fma(p, f, -0.1242568733f);
    p = td_vec_fma(p, f, 0.1424905765f);
    p = td_vec_fma(p, f, -0.1666780232f);
    p = td_vec_fma(p, f, 0.2000071575f);
    p = td_vec_fma(p, f, -0.2499999696f);
    p = td_vec_fma(p, f, 0.3333333118f);
    const float f2 = f * f;
    return f + td_vec_fma(f2 * f, p, -0.5f * f2);
}

/* Of a positive normal x and a small correction: log(x) + more. */
static inline float td_vec_log_normal(float x, float more)
{
    const int32_t bits = td_vec_bits(x);
    const int32_t e = (int32_t)((uint32_t)bits - 0x3f3504f3U) >> 23; /* 0x3f3504f3 is sqrt(1/2) */
    const uint32_t mantissa = (uint32_t)bits - ((uint32_t)e << 23);
    const float f = td_vec_of_bits((int32_t)mantissa) - 1.0f, n = (float)e;
    return td_vec_fma(n, 0.69314718246f, td_vec_fma(n, -1.9046542e-9f, td_vec_log_near_1(f) + more));
}

static inline float td_vec_log(float x)
{
    const int is_tiny = x < 1.17549435e-38f;
    const float scaled = is_tiny ? x * 8388608.0f : x;
    float y = td_vec_log_normal(scaled, 0.0f);
    y = is_tiny ? y - 15.9423847f : y; /* 23 ln 2 */
    y = x == INFINITY ? INFINITY : y;
    y = x == 0.0f ? -INFINITY : y;
    return x < 0.0f || x != x ? NAN : y;
}

static inline float td_vec_log1p(float x)
{
    const float u = 1.0f + x;
    const float lost = x - (u - 1.0f); /* exact: what rounding took from u */
    float y = td_vec_log_normal(u, lost / u);
    y = x == INFINITY ? INFINITY : y;
    y = x == -1.0f ? -INFINITY : y;
    y = x < -1.0f || x != x ? NAN : y;
    return fabsf(x) < 1e-7f ? x : y; /* also keeps -0 */
}

static inline float td_vec_sigmoid(float x)
{
    return 1.0f / (1.0f + td_vec_exp(-x));
}

static inline float td_vec_tanh(float x)
{
    const float a = fabsf(x);
    const float t = td_vec_expm1(a > 10.0f ? 20.0f : 2.0f * a); /* NaN stays */
    return copysignf(t / (t + 2.0f), x);
}

/* |x| < 1 by a polynomial in x^2, beyond by log(erfc) and exp. */
static inline float td_vec_erf(float x)
{
    const float a = fabsf(x), c = a > 4.0f ? 4.0f : a, z = x * x;
    float p = 7.875875063e-5f;
    p = td_vec_fma(p, z, -0.0008016864287f);
    p = td_vec_fma(p, z, 0.005189087423f);
    p = td_vec_fma(p, z, -0.02685421201f);
    p = td_vec_fma(p, z, 0.1128359472f);
    p = td_vec_fma(p, z, -0.3761262667f);
    p = td_vec_fma(p, z, 1.128379166f);
    float q = 1.642678968e-6f;
    q = td_vec_fma(q, c, -4.616478516e-5f);
    q = td_vec_fma(q, c, 0.0005976772749f);
    q = td_vec_fma(q, c, -0.004763509663f);
    q = td_vec_fma(q, c, 0.02643164328f);
    q = td_vec_fma(q, c, -0.1100972425f);
    q = td_vec_fma(q, c, -0.6318095501f);
    q = td_vec_fma(q, c, -1.130241877f);
    q = td_vec_fma(q, c, 0.0003218662575f);
    const float far = copysignf(1.0f - td_vec_exp(q), x);
    return a < 1.0f ? x * p : far; /* a NaN goes through exp */
}

/* exp(-z^2) 2 P(t), t = 1 / (1 + 0.36 z), z = |x|; P is that of vmath.h's v_normal_tail(). */
static inline float td_vec_erfc(float x)
{
    const float a = fabsf(x), z = a > 14.0f ? 14.0f : a; /* 0 in float from 10.1 on */
    const float t = 1.0f / td_vec_fma(z, 0.36f, 1.0f);
    float p = 3.472701832652092e-2f;
    p = td_vec_fma(p, t, -1.8784303473e-1f);
    p = td_vec_fma(p, t, 3.5217681527e-1f);
    p = td_vec_fma(p, t, -2.7587011456e-1f);
    p = td_vec_fma(p, t, 2.5769105554e-1f);
    p = td_vec_fma(p, t, 3.3393763006e-3f);
    p = td_vec_fma(p, t, 1.1587411910e-1f);
    p = td_vec_fma(p, t, 9.8022431135e-2f);
    p = td_vec_fma(p, t, 1.0189686716e-1f);
    p = td_vec_fma(p, t, -1.4528592146e-5f);
    const float square = z * z, lost = td_vec_fma(z, z, -square);
    const float e = td_vec_exp(-square), y = 2.0f * td_vec_fma(e, -lost, e) * p;
    return x < 0.0f ? 2.0f - y : y;
}

/* log(1 + exp(x)). */
static inline float td_vec_softplus(float x)
{
    return (x > 0.0f ? x : 0.0f) + td_vec_log1p(td_vec_exp(-fabsf(x)));
}

/* Where sine and cosine below hold; beyond it their reduction loses digits. */
#define TD_VEC_TRIG_LIMIT 16384.0f

/* sin(x + quarters pi/2). */
static inline float td_vec_trig(float x, int32_t quarters)
{
    const float n = rintf(x * 0.636619772f);
    float r = td_vec_fma(n, -1.5707963705f, x);
    r = td_vec_fma(n, 4.3711388287e-8f, r);
    r = td_vec_fma(n, 1.7151245100e-15f, r);
    const int32_t q = (int32_t)n + quarters;
    const float z = r * r;
    float s = 2.724378141e-6f;
    s = td_vec_fma(s, z, -0.0001984003887f);
    s = td_vec_fma(s, z, 0.008333331785f);
    s = td_vec_fma(s, z, -0.1666666666f);
    const float sine = td_vec_fma(s * z, r, r);
    float c = -2.729583083e-7f;
    c = td_vec_fma(c, z, 2.480056043e-5f);
    c = td_vec_fma(c, z, -0.00138888876f);
    c = td_vec_fma(c, z, 0.04166666666f);
    const float cosine = td_vec_fma(c * z, z, td_vec_fma(z, -0.5f, 1.0f));
    const float y = (q & 1) ? cosine : sine;
    return (q & 2) ? -y : y;
}

static inline float td_vec_sin(float x)
{
    return x == 0.0f ? x : td_vec_trig(x, 0); /* the reduction loses a zero's sign */
}

static inline float td_vec_cos(float x)
{
    return td_vec_trig(x, 1);
}

#endif
