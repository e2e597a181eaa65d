/* SPDX-License-Identifier: Apache-2.0 */
/* act_body.h -- activations over V; included by one file for each instruction set, after its v_*.h. */
#include "kernels/elt/act.h"
#include "kernels/elt/vmath.h"

VM_INLINE V act_tanh(V x)
{
    return v_tanh(x);
}

VM_INLINE V act_sigmoid(V x)
{
    return v_sigmoid(x);
}

VM_INLINE V act_swish(V x)
{
    return V_MUL(x, v_sigmoid(x));
}

VM_INLINE V act_gelu_erf(V x)
{
    const V tail = v_normal_tail(x);
    return V_MUL(x, V_BLEND_GT(x, V_ZERO(), V_SUB(V_SET1(1.0f), tail), tail));
}

VM_INLINE V act_gelu_tanh(V x)
{
    const V x3 = V_MUL(V_MUL(x, x), x);
    const V inner = V_MUL(V_SET1(0.79788456080286536f), V_FMA(x3, V_SET1(0.044715f), x));
    const V half = V_MUL(x, V_SET1(0.5f));
    return V_FMA(half, v_tanh(inner), half);
}

VM_INLINE V act_elu(V x)
{
    /* For small x, exp(x) - 1 loses digits: tanh(x / 2) form keeps them, (e^x - 1) = 2 t / (1 - t). */
    const V t = v_tanh(V_MUL(x, V_SET1(0.5f)));
    const V near = V_DIV(V_ADD(t, t), V_SUB(V_SET1(1.0f), t));
    const V far = V_SUB(v_exp(x), V_SET1(1.0f));
    return V_BLEND_GT(x, V_ZERO(), x, V_BLEND_GT(x, V_SET1(-1.0f), near, far));
}

VM_INLINE V act_hard_sigmoid(V x)
{
    const V y = V_MAX(V_ZERO(), V_MIN(V_SET1(6.0f), V_ADD(x, V_SET1(3.0f))));
    return V_MUL(y, V_SET1(1.0f / 6.0f));
}

VM_INLINE V act_hard_swish(V x)
{
    return V_MUL(x, act_hard_sigmoid(x));
}

#define X(name, text)                                                                                        \
    static void run_##name(float *x, size_t n)                                                               \
    {                                                                                                        \
        for (; n >= VW; n -= VW, x += VW)                                                                    \
            V_STORE(x, act_##name(V_LOAD(x)));                                                               \
        if (n) V_STORE_N(x, n, act_##name(V_LOAD_N(x, n)));                                                  \
    }
TD_ACTS(X)
#undef X

#define X(name, text) [TD_ACT_##name] = run_##name,
#define ACT_TABLE                                                                                            \
    {                                                                                                        \
        TD_ACTS(X)                                                                                           \
    }
