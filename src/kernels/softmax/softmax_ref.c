/* SPDX-License-Identifier: Apache-2.0 */
/* softmax_ref.c -- the definition of right. Plain C, sums in double, never tuned. */
#include <math.h>

#include "kernels/softmax/softmax.h"

/* A NaN is passed over by the maximum and spoils the sum. */
#define SOFTMAX_BODY(type)                                                                                   \
    for (size_t r = 0; r < rows; r++, in += cols, out += cols) {                                             \
        double max = -INFINITY, sum = 0.0;                                                                   \
        for (size_t c = 0; c < cols; c++)                                                                    \
            if ((double)in[c] > max) max = (double)in[c];                                                    \
        for (size_t c = 0; c < cols; c++)                                                                    \
            sum += exp((double)in[c] - max);                                                                 \
        for (size_t c = 0; c < cols; c++)                                                                    \
            out[c] = (type)(is_log ? (double)in[c] - max - log(sum) : exp((double)in[c] - max) / sum);       \
    }

void td_softmax_ref(float *out, const float *in, size_t rows, size_t cols, bool is_log)
{
    SOFTMAX_BODY(float)
}

void td_softmax_f64(double *out, const double *in, size_t rows, size_t cols, bool is_log)
{
    SOFTMAX_BODY(double)
}

const td_softmax_variant td_softmax_variants[] = {
    TD_X86(td_softmax_, avx512),
    TD_X86(td_softmax_, avx2),
    TD_PLAIN(td_softmax_ref),
};
