/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_table.c -- _LiteLookup: whatever 8 or 16 bits can become, by a table of all that they can be; _LiteQuantize: floats to
 * steps. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "ops/quant/lite.h"

enum { GRAIN = 1 << 16 };

typedef struct job {
    void *out;
    const void *in, *table;
    const void *attrs;
    td_dtype type;
    bool is_wide; /* in: 16 bits */
} job;

/* ---------------------------------------------------------------- _LiteLookup: input, table */

static td_status lookup_parse(td_parse *p)
{
    return td_lite_type(p, "T", TD_LITE_TYPES);
}

static td_status lookup_infer(td_call *c)
{
    const td_shape *const table = &td_in(c, 1)->shape;
    const int64_t entries = td_in(c, 0)->dtype == TD_I16 ? 1 << 16 : 1 << 8;

    if (table->rank != 1 || table->dims[0] != entries)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "the table has not %d entries", (int)entries);
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    return NULL;
}

#define LOOK_UP(type)                                                                                        \
    do {                                                                                                     \
        type *const to = (type *)j->out;                                                                     \
        const type *const table = (const type *)j->table;                                                    \
        for (size_t i = begin; j->is_wide && i < end; i++)                                                   \
            to[i] = table[((const uint16_t *)j->in)[i]];                                                     \
        for (size_t i = begin; !j->is_wide && i < end; i++)                                                  \
            to[i] = table[((const uint8_t *)j->in)[i]];                                                      \
    } while (0)

/* The table is by bits as those of unsigned numbers. */
static void lookup_shard(void *ctx, size_t begin, size_t end)
{
    const job *const j = ctx;

    switch (td_dtype_size(j->type)) {
    case 1:
        LOOK_UP(uint8_t);
        break;
    case 2:
        LOOK_UP(uint16_t);
        break;
    default:
        LOOK_UP(uint32_t);
        break;
    }
}

static td_status lookup_run(td_call *c)
{
    job j = { td_out(c, 0)->data,  td_in(c, 0)->data,           td_in(c, 1)->data, NULL,
              td_out(c, 0)->dtype, td_in(c, 0)->dtype == TD_I16 };

    td_call_parallel(c, (size_t)td_shape_count(&td_out(c, 0)->shape), GRAIN, lookup_shard, &j);
    return NULL;
}

/* ---------------------------------------------------------------- _LiteQuantize */

typedef struct quantize_attrs {
    float scale;
    int32_t zero, low, high;
} quantize_attrs;

static td_status quantize_parse(td_parse *p)
{
    quantize_attrs *const a = p->attrs;
    const td_dtype type = td_attr_type(p, "T");

    TD_TRY(td_lite_type(p, "T", TD_LITE_TYPES));
    a->scale = td_attr_float(p, "scale");
    if (!(a->scale > 0) || !isfinite(a->scale))
        return TD_ERR(INVALID_ARGUMENT, "%s: a scale of %g", p->node->name, (double)a->scale);
    td_lite_range(type, &a->low, &a->high);
    return td_lite_zero(p, "zero", type, &a->zero);
}

/* Halves go away from zero; NaN becomes the lowest. */
static int32_t step_of(const quantize_attrs *a, float v)
{
    const float step = roundf(v / a->scale) + (float)a->zero;

    return step >= (float)a->high ? a->high : step > (float)a->low ? (int32_t)step : a->low;
}

static void quantize_shard(void *ctx, size_t begin, size_t end)
{
    const job *const j = ctx;
    const float *const in = j->in;

    if (j->type == TD_I16)
        for (size_t i = begin; i < end; i++)
            ((int16_t *)j->out)[i] = (int16_t)step_of(j->attrs, in[i]);
    else
        for (size_t i = begin; i < end; i++)
            ((uint8_t *)j->out)[i] = (uint8_t)step_of(j->attrs, in[i]);
}

static td_status quantize_run(td_call *c)
{
    job j = { td_out(c, 0)->data, td_in(c, 0)->data, NULL, c->attrs, td_out(c, 0)->dtype, false };

    td_call_parallel(c, (size_t)td_shape_count(&td_out(c, 0)->shape), GRAIN, quantize_shard, &j);
    return NULL;
}

TD_RUN_KERNEL(lookup_kernels, TD_LITE_TYPES, lookup_run);
TD_RUN_KERNEL(quantize_kernels, TD_DTYPE_BIT(TD_F32), quantize_run);

const td_op td_ops_lite_table[] = {
    { .name = "_LiteLookup",
      .sig = "input: T, table: Tout -> output: Tout",
      .attrs = "T: type, Tout: type",
      .parse = lookup_parse,
      .infer = lookup_infer,
      .kernels = lookup_kernels },
    { .name = "_LiteQuantize",
      .sig = "input: float -> output: T",
      .attrs = "T: type, scale: float, zero: int",
      .attrs_size = sizeof(quantize_attrs),
      .parse = quantize_parse,
      .infer = td_infer_same,
      .kernels = quantize_kernels },
    { 0 },
};
