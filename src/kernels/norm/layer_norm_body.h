/* SPDX-License-Identifier: Apache-2.0 */
/* layer_norm_body.h -- layer normalisation over V; included by one file for each instruction set, after its
 * v_*.h. Rows stay in the first-level cache from pass to pass. */
#include <math.h>

#include "kernels/norm/layer_norm.h"

static float row_sum(const float *in, size_t cols)
{
    V a = V_ZERO(), b = V_ZERO();
    float rest = 0.0f;
    size_t c = 0;

    for (; c + 2 * VW <= cols; c += 2 * VW) {
        a = V_ADD(a, V_LOAD(in + c));
        b = V_ADD(b, V_LOAD(in + c + VW));
    }
    for (; c < cols; c++)
        rest += in[c];
    return V_SUM(V_ADD(a, b)) + rest;
}

static float row_squares(const float *in, size_t cols, float mean)
{
    const V m = V_SET1(mean);
    V a = V_ZERO(), b = V_ZERO();
    float rest = 0.0f;
    size_t c = 0;

    for (; c + 2 * VW <= cols; c += 2 * VW) {
        const V x = V_SUB(V_LOAD(in + c), m), y = V_SUB(V_LOAD(in + c + VW), m);
        a = V_FMA(x, x, a);
        b = V_FMA(y, y, b);
    }
    for (; c < cols; c++)
        rest += (in[c] - mean) * (in[c] - mean);
    return V_SUM(V_ADD(a, b)) + rest;
}

static void run_layer_norm(float *out, const float *in, const float *gamma, const float *beta, size_t rows,
                           size_t cols, float epsilon)
{
    for (size_t r = 0; r < rows; r++, in += cols, out += cols) {
        const float mean = row_sum(in, cols) / (float)cols;
        const float scale = 1.0f / sqrtf(row_squares(in, cols, mean) / (float)cols + epsilon);
        const V m = V_SET1(mean), s = V_SET1(scale);
        size_t c = 0;

        for (; c + VW <= cols; c += VW) {
            const V x = V_MUL(V_SUB(V_LOAD(in + c), m), s);
            V_STORE(out + c, V_FMA(x, V_LOAD(gamma + c), V_LOAD(beta + c)));
        }
        for (; c < cols; c++)
            out[c] = (in[c] - mean) * scale * gamma[c] + beta[c];
    }
}
