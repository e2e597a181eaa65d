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

/* VW rows of fewer than VW elements, a lane each: classes of pixels. */
static void short_rows(float *out, const float *in, size_t cols, bool is_log)
{
    float t[VW][VW];
    V x[VW], max = V_SET1(-INFINITY), sum = V_ZERO();

    for (size_t r = 0; r < VW; r++)
        for (size_t c = 0; c < cols; c++)
            t[c][r] = in[r * cols + c];
    for (size_t c = 0; c < cols; c++) {
        x[c] = V_LOAD(t[c]);
        max = V_MAX(x[c], max);
    }
    for (size_t c = 0; c < cols; c++) {
        const V e = v_exp(V_SUB(x[c], max));
        sum = V_ADD(sum, e);
        x[c] = is_log ? V_SUB(x[c], max) : e;
    }
    V_STORE(t[0], sum);
    if (is_log)
        for (size_t r = 0; r < VW; r++)
            t[0][r] = logf(t[0][r]);
    const V shift = V_LOAD(t[0]), scale = V_DIV(V_SET1(1.0f), sum);
    for (size_t c = 0; c < cols; c++)
        V_STORE(t[c], is_log ? V_SUB(x[c], shift) : V_MUL(x[c], scale));
    for (size_t r = 0; r < VW; r++)
        for (size_t c = 0; c < cols; c++)
            out[r * cols + c] = t[c][r];
}

static void run_softmax(float *out, const float *in, size_t rows, size_t cols, bool is_log)
{
    for (; cols < VW && rows >= VW; rows -= VW, in += VW * cols, out += VW * cols)
        short_rows(out, in, cols, is_log);
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
