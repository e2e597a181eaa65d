/* SPDX-License-Identifier: Apache-2.0 */
/* vmath.h -- exp, tanh, the logistic function and the normal tail on vectors, for the bodies of one instruction set.
 *
 * The including file defines V (floats), VI (int32 of the same lanes) and the V_* operations used here; V_FMA
 * is fused. Errors are within 2 ulp of exp, 4 of the others over the whole range; NaN stays NaN.
 */
#define VM_INLINE static inline __attribute__((always_inline))

/* exp(x) = 2^n exp(r), |r| <= ln 2 / 2; polynomial of Cephes' expf. |x| <= 88 */
VM_INLINE V v_exp_near(V clamped)
{
    const V n = V_ROUND(V_MUL(clamped, V_SET1(1.44269504088896341f)));
    V r = V_FMA(n, V_SET1(-0.693359375f), clamped);
    r = V_FMA(n, V_SET1(2.12194440e-4f), r);
    V p = V_SET1(1.9875691500e-4f);
    p = V_FMA(p, r, V_SET1(1.3981999507e-3f));
    p = V_FMA(p, r, V_SET1(8.3334519073e-3f));
    p = V_FMA(p, r, V_SET1(4.1665795894e-2f));
    p = V_FMA(p, r, V_SET1(1.6666665459e-1f));
    p = V_FMA(p, r, V_SET1(5.0000001201e-1f));
    p = V_FMA(p, V_MUL(r, r), V_ADD(r, V_SET1(1.0f)));
    return V_SCALE(p, n);
}

VM_INLINE V v_exp(V x)
{
    const V hi = V_SET1(88.72283f), lo = V_SET1(-104.0f);
    const V y = v_exp_near(V_MAX(lo, V_MIN(hi, x))); /* NaN passes */

    return V_BLEND_GT(x, hi, V_SET1(INFINITY), y);
}

VM_INLINE V v_sigmoid(V x)
{
    return V_DIV(V_SET1(1.0f), V_ADD(V_SET1(1.0f), v_exp(V_SUB(V_ZERO(), x))));
}

/* *above / *below: Eigen's rational approximation, clamped where tanh is 1 in float, but for 2 ulp. */
VM_INLINE void v_tanh_ratio(V in, V *above, V *below)
{
    const V bound = V_SET1(7.90531110763549805f);
    const V x = V_MAX(V_SUB(V_ZERO(), bound), V_MIN(bound, in));
    const V x2 = V_MUL(x, x);
    V p = V_SET1(-2.76076847742355e-16f);
    p = V_FMA(p, x2, V_SET1(2.00018790482477e-13f));
    p = V_FMA(p, x2, V_SET1(-8.60467152213735e-11f));
    p = V_FMA(p, x2, V_SET1(5.12229709037114e-08f));
    p = V_FMA(p, x2, V_SET1(1.48572235717979e-05f));
    p = V_FMA(p, x2, V_SET1(6.37261928875436e-04f));
    p = V_FMA(p, x2, V_SET1(4.89352455891786e-03f));
    V q = V_SET1(1.19825839466702e-06f);
    q = V_FMA(q, x2, V_SET1(1.18534705686654e-04f));
    q = V_FMA(q, x2, V_SET1(2.26843463243900e-03f));
    q = V_FMA(q, x2, V_SET1(4.89352518554385e-03f));
    *above = V_MUL(x, p);
    *below = q;
}

VM_INLINE V v_tanh(V in)
{
    V above, below;

    v_tanh_ratio(in, &above, &below);
    const V y = V_DIV(above, below), far = V_SET1(9.02f); /* beyond it the nearest float is 1 */
    return V_BLEND_GT(in, far, V_SET1(1.0f), V_BLEND_GT(V_SUB(V_ZERO(), far), in, V_SET1(-1.0f), y));
}

/* exp(-x^2 / 2) P(t), t = 1 / (1 + 0.36 |x| / sqrt 2): half of erfc(|x| / sqrt 2) with all its digits, which 1 - erf
 * loses where it is small. P is a minimax fit of erfc(z) exp(z^2) / 2 on [0, 10]. */
VM_INLINE V v_normal_tail(V in)
{
    const V bound = V_SET1(20.0f); /* 0 in float from 14.2 on */
    const V x = V_MAX(V_SUB(V_ZERO(), bound), V_MIN(bound, in));
    const V a = V_MAX(x, V_SUB(V_ZERO(), x));
    const V t = V_DIV(V_SET1(1.0f), V_FMA(a, V_SET1(0.36f * 0.70710678118654752f), V_SET1(1.0f)));
    V p = V_SET1(3.472701832652092e-2f);
    p = V_FMA(p, t, V_SET1(-1.8784303473e-1f));
    p = V_FMA(p, t, V_SET1(3.5217681527e-1f));
    p = V_FMA(p, t, V_SET1(-2.7587011456e-1f));
    p = V_FMA(p, t, V_SET1(2.5769105554e-1f));
    p = V_FMA(p, t, V_SET1(3.3393763006e-3f));
    p = V_FMA(p, t, V_SET1(1.1587411910e-1f));
    p = V_FMA(p, t, V_SET1(9.8022431135e-2f));
    p = V_FMA(p, t, V_SET1(1.0189686716e-1f));
    p = V_FMA(p, t, V_SET1(-1.4528592146e-5f));
    const V square = V_MUL(x, x), lost = V_FMA(x, x, V_SUB(V_ZERO(), square));
    const V e = v_exp(V_MUL(square, V_SET1(-0.5f)));
    return V_MUL(V_FMA(V_MUL(e, lost), V_SET1(-0.5f), e), p);
}
