/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c -- what a model makes of its trees' sums: in single precision from where TensorFlow's answers are. */
#include <math.h>

#include "base/macros.h"
#include "ops/forest/forest_model.h"

static const float max_exponent = 19.0f; /* of a rate, and its negative */

static float clamp(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* Of all classes but the first, which is none. */
static void share(const double *sums, size_t n, float *out)
{
    double total = 0;

    for (size_t i = 0; i < n; i++)
        total += sums[i];
    for (size_t i = 1; i < n; i++)
        out[i - 1] = clamp((float)(sums[i] / total), 0, 1);
}

static void softmax(const double *sums, const float *start, size_t n, float *out)
{
    double most = -INFINITY, total = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, sums[i] + (double)start[i]);
    for (size_t i = 0; i < n; i++)
        total += exp(sums[i] + (double)start[i] - most);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(exp(sums[i] + (double)start[i] - most) / total);
}

static void answer_row(const td_ydf_model *m, const double *sums, float *out)
{
    const double trees = (double)m->forest.n_trees;
    const size_t n = m->forest.n_sums;

    switch (m->end) {
    case TD_YDF_MEAN:
        for (size_t i = 0; i < n; i++)
            out[i] = (float)(sums[i] / trees);
        break;
    case TD_YDF_SHARES:
        share(sums, n, out);
        break;
    case TD_YDF_PLAIN:
        for (size_t i = 0; i < n; i++)
            out[i] = (float)(sums[i] + (double)m->start[i]);
        break;
    case TD_YDF_EXP:
        out[0] = expf(clamp((float)(sums[0] + (double)m->start[0]), -max_exponent, max_exponent));
        break;
    case TD_YDF_SIGMOID:
        out[1] = (float)(1 / (1 + exp(-(sums[0] + (double)m->start[0]))));
        out[0] = 1 - out[1];
        break;
    case TD_YDF_SOFTMAX:
        softmax(sums, m->start, n, out);
        break;
    case TD_YDF_ISOLATION:
        out[0] = m->start[0] != 0 ? exp2f(-(float)(sums[0] / trees) / m->start[0]) : 0;
        break;
    }
}

void td_forest_answer(const td_ydf_model *m, const double *sums, size_t n, float *out)
{
    for (size_t r = 0; r < n; r++)
        answer_row(m, sums + r * m->forest.n_sums, out + r * m->n_outputs);
}
