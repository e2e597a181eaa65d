/* SPDX-License-Identifier: Apache-2.0 */
/* act_ref.c -- the definition of each activation, in double. */
#include <math.h>

#include "kernels/elt/act.h"

static double act_tanh(double x)
{
    return tanh(x);
}

static double act_sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double act_swish(double x)
{
    return x / (1.0 + exp(-x));
}

static double act_gelu_erf(double x)
{
    return 0.5 * x * erfc(x * -0.70710678118654752); /* 1 + erf loses the digits of its tail */
}

static double act_gelu_tanh(double x)
{
    return 0.5 * x * (1.0 + tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
}

static double act_elu(double x)
{
    return x > 0.0 ? x : expm1(x);
}

static double act_hard_sigmoid(double x)
{
    const double y = x + 3.0;
    return (y < 0.0 ? 0.0 : y > 6.0 ? 6.0 : y) / 6.0;
}

static double act_hard_swish(double x)
{
    return x * act_hard_sigmoid(x);
}

#define X(name, text)                                                                                        \
    static void run_##name(float *x, size_t n)                                                               \
    {                                                                                                        \
        for (size_t i = 0; i < n; i++)                                                                       \
            x[i] = (float)act_##name((double)x[i]);                                                          \
    }
TD_ACTS(X)
#undef X

td_act_fn *const td_acts_ref[TD_ACT_COUNT] = {
#define X(name, text) [TD_ACT_##name] = run_##name,
    TD_ACTS(X)
#undef X
};

const td_act_variant td_act_variants[] = {
    TD_X86(td_acts_, avx512),
    TD_X86(td_acts_, avx2),
    TD_PLAIN(td_acts_ref),
};
