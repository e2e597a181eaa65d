/* SPDX-License-Identifier: Apache-2.0 */
/* lite_product.c -- see lite_product.h. */
#include "ops/quant/lite_product.h"

#include <math.h>

#include "base/macros.h"
#include "kernels/quant/conv8.h"

enum { LANES = 16 };

void td_lite_row_set(td_lite_row *r, const float *x, size_t n, bool asymmetric)
{
    r->x = x;
    r->n = n;
    if (r->steps) td_conv8_quantize(r->steps, x, n, asymmetric, &r->zero, &r->scale);
}

/* In lanes, so that they go side by side. */
static float dot(const float *a, const float *b, size_t n)
{
    float lanes[LANES] = { 0 }, sum = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lanes[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

/* In blocks, whose sums 32 bits hold. */
static float dot_of_steps(const int8_t *a, const int8_t *b, size_t n, int32_t zero)
{
    enum { BLOCK = 1 << 15 };
    int64_t sum = 0;

    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t end = TD_MIN(n, i + BLOCK);
        int32_t part = 0;

        for (size_t k = i; k < end; k++)
            part += a[k] * (b[k] - zero);
        sum += part;
    }
    return (float)sum;
}

void td_lite_multiply(float *out, const td_lite_matrix *m, const td_lite_row *r)
{
    const float scale = r->scale * m->scale;

    for (size_t i = 0; m->w && i < m->rows; i++)
        if (m->scale > 0)
            out[i] += dot_of_steps((const int8_t *)m->w + i * m->cols, r->steps, m->cols, r->zero) * scale;
        else
            out[i] += dot((const float *)m->w + i * m->cols, r->x, m->cols);
}

void td_lite_activate(float *x, size_t n, int activation)
{
    for (size_t i = 0; i < n; i++)
        switch (activation) {
        case 1:
            x[i] = fmaxf(x[i], 0.0f);
            break;
        case 2:
            x[i] = fminf(fmaxf(x[i], -1.0f), 1.0f);
            break;
        case 3:
            x[i] = fminf(fmaxf(x[i], 0.0f), 6.0f);
            break;
        case 4:
            x[i] = tanhf(x[i]);
            break;
        case 6:
            x[i] = 1.0f / (1.0f + expf(-x[i]));
            break;
        default:
            break;
        }
}

td_status td_lite_activation(const td_parse *p, int *out)
{
    const int64_t a = td_attr_int(p, "activation");

    if (a < 0 || a > 6 || a == 5)
        return TD_ERR(INVALID_ARGUMENT, "%s: activation %d is none", p->node->name, (int)a);
    *out = (int)a;
    return NULL;
}
