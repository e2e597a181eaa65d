/* SPDX-License-Identifier: Apache-2.0 */
/* softmax_body.h -- softmax over V; included by one file for each instruction set, after its v_*.h. */
#include <math.h>

#include "kernels/elt/vmath.h"
#include "kernels/softmax/softmax.h"

static float row_max(const float *in, size_t cols)
{
    V max = V_SET1(-INFINITY);
    size_t c = 0;

    for (; c + VW <= cols; c += VW)
        max = V_MAX(V_LOAD(in + c), max); /* a NaN in the first operand is passed over */
    float best = V_HMAX(max);
    for (; c < cols; c++)
        if (in[c] > best) best = in[c];
    return best;
}

/* Writes exp(in - max) unless out is NULL; returns the sum. */
static float row_exp(float *out, const float *in, size_t cols, float max)
{
    const V vmax = V_SET1(max);
    V sum = V_ZERO();
    float last[VW];
    size_t c = 0;

    for (; c + VW <= cols; c += VW) {
        const V e = v_exp(V_SUB(V_LOAD(in + c), vmax));
        if (out) V_STORE(out + c, e);
        sum = V_ADD(sum, e);
    }
    float total = V_SUM(sum);
    if (c < cols) {
        V_STORE(last, v_exp(V_SUB(V_LOAD_N(in + c, cols - c), vmax)));
        for (size_t i = 0; c < cols; i++, c++) {
            if (out) out[c] = last[i];
            total += last[i];
        }
    }
    return total;
}

static void run_softmax(float *out, const float *in, size_t rows, size_t cols, bool is_log)
{
    for (size_t r = 0; r < rows; r++, in += cols, out += cols) {
        const float max = row_max(in, cols);
        if (is_log) {
            const float shift = logf(row_exp(NULL, in, cols, max));
            for (size_t c = 0; c < cols; c++)
                out[c] = in[c] - max - shift;
        } else {
            const float scale = 1.0f / row_exp(out, in, cols, max);
            for (size_t c = 0; c < cols; c++)
                out[c] *= scale;
        }
    }
}
