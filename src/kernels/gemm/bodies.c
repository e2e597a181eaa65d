/* SPDX-License-Identifier: Apache-2.0 */
/* bodies.c -- see body.h. */
#include "kernels/gemm/body.h"

#include <string.h>

#include "base/body.h"
#include "base/macros.h"
#include "tensor/half.h"

enum { LEAST_SIDE = 32, LEAST_WEIGHTS = 1 << 14 };

const td_product_body *const td_product_bodies[] = {
    &td_product_body_int8,      &td_product_body_half, &td_product_body_int4,   &td_product_body_amx,
    &td_product_body_dnnl_bf16, &td_product_body_dnnl, &td_product_body_panels, NULL,
};

bool td_product_is_plain(const td_matmul *p)
{
    return p->n_batch == 0 && p->a_k == 1 && p->a_m == p->k && p->c_m == p->n;
}

/* One panel: row by row of b, whose columns mostly are neighbours. */
static void pack_panel(const td_matmul *p, uint16_t *to, const float *b, const float *scale, size_t cols,
                       size_t width)
{
    for (size_t i = 0; i < p->k; i++) {
        const float *const row = b + i * p->b_k;
        uint16_t *const pairs = to + i / 2 * 2 * width + i % 2;

        for (size_t j = 0; j < cols; j++)
            pairs[2 * j] = td_f32_to_bf16(row[j * p->b_n] * (scale ? scale[j] : 1.0f)).bits;
    }
}

void td_bf16_pack_pairs(const td_matmul *p, uint16_t *packed, const float *b, const float *scale,
                        size_t width, size_t k_wide)
{
    const size_t panel = k_wide * width;

    memset(packed, 0, (p->n + width - 1) / width * panel * sizeof *packed);
    for (size_t j = 0; j < p->n; j += width, packed += panel)
        pack_panel(p, packed, b + j * p->b_n, scale ? scale + j : NULL, TD_MIN(width, p->n - j), width);
}

bool td_product_is_large(const td_matmul *p)
{
    return p->n >= LEAST_SIDE && p->k >= LEAST_SIDE && p->n * p->k >= LEAST_WEIGHTS;
}

/* Those that are named run whatever they can. */
static bool is_wanted(const td_product_body *b, const td_product_ask *ask)
{
    return b->can(ask) &&
           (td_body_is_named("product", NULL) ? td_body_is_named("product", b->name) : b->pays(ask));
}

static bool take(const td_product_body *b, const td_product_ask *ask, td_product_plan *out)
{
    td_product_ask own = *ask;

    own.reads_bf16 &= b->takes_bf16;
    own.writes_bf16 &= b->takes_bf16;
    own.adds_bf16 &= b->takes_bf16;
    *out = (td_product_plan){ b, b->make(&own), own.reads_bf16, own.writes_bf16, own.adds_bf16 };
    return out->state;
}

bool td_product_body_choose(const td_product_ask *ask, td_product_plan *out)
{
    for (const td_product_body *const *b = td_product_bodies; *b; b++) {
        if (!is_wanted(*b, ask)) continue;
        if (take(*b, ask, out)) return true;
        if (!(*b)->may_refuse) return false;
    }
    return take(&td_product_body_panels, ask, out);
}

void td_product_plan_free(td_product_plan *p)
{
    if (p->state) p->body->free(p->state);
    *p = (td_product_plan){ 0 };
}
