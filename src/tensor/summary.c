/* SPDX-License-Identifier: Apache-2.0 */
/* summary.c -- see summary.h. */
#include "tensor/summary.h"

#include <inttypes.h>

#include "base/macros.h"
#include "tensor/half.h"

/* Nine digits for floats and seventeen for doubles, as absl's StrCat and TensorFlow print them. */
static void put_float(td_strbuf *b, double v, int digits)
{
    if (v != v)
        td_strbuf_puts(b, "nan");
    else
        td_strbuf_printf(b, "%.*g", digits, v);
}

static void put_element(td_strbuf *b, const td_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case TD_F32:
        put_float(b, (double)((const float *)t->data)[i], 9);
        break;
    case TD_F64:
        put_float(b, ((const double *)t->data)[i], 17);
        break;
    case TD_F16:
        put_float(b, (double)td_f16_to_f32(((const td_f16 *)t->data)[i]), 4);
        break;
    case TD_BF16:
        put_float(b, (double)td_bf16_to_f32(((const td_bf16 *)t->data)[i]), 3);
        break;
    case TD_C64:
        td_strbuf_printf(b, "(%.9g,%.9g)", (double)((const float *)t->data)[2 * i],
                         (double)((const float *)t->data)[2 * i + 1]);
        break;
    case TD_C128:
        td_strbuf_printf(b, "(%.17g,%.17g)", ((const double *)t->data)[2 * i],
                         ((const double *)t->data)[2 * i + 1]);
        break;
    case TD_STRING: {
        const td_string s = ((const td_string *)t->data)[i];
        if (s.size) td_strbuf_add(b, s.data, s.size);
        break;
    }
    case TD_BOOL:
    case TD_U8:
        td_strbuf_printf(b, "%u", (unsigned)((const uint8_t *)t->data)[i]);
        break;
    case TD_I8:
        td_strbuf_printf(b, "%d", (int)((const int8_t *)t->data)[i]);
        break;
    case TD_I16:
        td_strbuf_printf(b, "%d", (int)((const int16_t *)t->data)[i]);
        break;
    case TD_U16:
        td_strbuf_printf(b, "%u", (unsigned)((const uint16_t *)t->data)[i]);
        break;
    case TD_I32:
        td_strbuf_printf(b, "%" PRId32, ((const int32_t *)t->data)[i]);
        break;
    case TD_U32:
        td_strbuf_printf(b, "%" PRIu32, ((const uint32_t *)t->data)[i]);
        break;
    case TD_I64:
        td_strbuf_printf(b, "%" PRId64, ((const int64_t *)t->data)[i]);
        break;
    case TD_U64:
        td_strbuf_printf(b, "%" PRIu64, ((const uint64_t *)t->data)[i]);
        break;
    default:
        td_strbuf_printf(b, "<%s>", td_dtype_name(t->dtype));
    }
}

/* Dimension k on, from element *at; the rules of when brackets and dots appear are TensorFlow's. */
static void put_dim(td_strbuf *b, const td_tensor *t, int k, int64_t most, int64_t *at)
{
    if (*at >= most) return;
    for (int64_t i = 0; i < t->shape.dims[k]; i++) {
        const bool shown = *at < most;

        if (k < t->shape.rank - 1) {
            if (!shown) return;
            td_strbuf_putc(b, '[');
            put_dim(b, t, k + 1, most, at);
            td_strbuf_putc(b, ']');
            continue;
        }
        if (!shown) {
            if (k != 0) td_strbuf_puts(b, "...");
            return;
        }
        if (i > 0) td_strbuf_putc(b, ' ');
        put_element(b, t, (*at)++);
    }
}

void td_tensor_summary(const td_tensor *t, int64_t most, td_strbuf *out)
{
    const int64_t n = td_shape_count(&t->shape), limit = most < 0 ? n : TD_MIN(most, n);
    int64_t at = 0;

    if (t->shape.rank == 0) {
        if (limit > 0) put_element(out, t, 0);
    } else {
        put_dim(out, t, 0, limit, &at);
    }
    if (n > limit) td_strbuf_puts(out, "...");
}

void td_tensor_summary_one(const td_tensor *t, int64_t i, td_strbuf *out)
{
    put_element(out, t, i);
}
