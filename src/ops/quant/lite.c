/* SPDX-License-Identifier: Apache-2.0 */
/* lite.c -- see lite.h. */
#include "ops/quant/lite.h"

#include <inttypes.h>
#include <string.h>

void td_lite_range(td_dtype type, int32_t *low, int32_t *high)
{
    *low = type == TD_U8 ? 0 : type == TD_I8 ? INT8_MIN : type == TD_I16 ? INT16_MIN : INT32_MIN;
    *high = type == TD_U8 ? UINT8_MAX : type == TD_I8 ? INT8_MAX : type == TD_I16 ? INT16_MAX : INT32_MAX;
}

td_status td_lite_type(const td_parse *p, const char *name, uint64_t types)
{
    const td_dtype type = td_attr_type(p, name);

    if (types & TD_DTYPE_BIT(type)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: %s is not of type %s", p->node->name, name, td_dtype_name(type));
}

td_status td_lite_int(const td_parse *p, const char *name, int64_t low, int64_t high, int32_t *out)
{
    const int64_t v = td_attr_int(p, name);

    if (v < low || v > high)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s is %" PRId64 ", which is not from %" PRId64 " to %" PRId64,
                      p->node->name, name, v, low, high);
    *out = (int32_t)v;
    return NULL;
}

td_status td_lite_zero(const td_parse *p, const char *name, td_dtype of, int32_t *out)
{
    int32_t low, high;

    td_lite_range(of, &low, &high);
    return td_lite_int(p, name, low, high, out);
}

td_status td_lite_out_parse(const td_parse *p, td_dtype of, td_lite_out *out)
{
    TD_TRY(td_lite_zero(p, "zero", of, &out->zero));
    TD_TRY(td_lite_zero(p, "low", of, &out->low));
    return td_lite_zero(p, "high", of, &out->high);
}

static td_status read_factors(const td_parse *p, size_t n, td_fixed *out)
{
    const td_attr_value *multipliers, *shifts;

    (void)td_attr_list(p, "multipliers", &multipliers);
    (void)td_attr_list(p, "shifts", &shifts);
    for (size_t i = 0; i < n; i++) {
        if (!td_fixed_is_valid(multipliers[i].u.i, shifts[i].u.i))
            return TD_ERR(INVALID_ARGUMENT, "%s: factor %zu, %" PRId64 " and %" PRId64 ", is none",
                          p->node->name, i, multipliers[i].u.i, shifts[i].u.i);
        out[i] = (td_fixed){ (int32_t)multipliers[i].u.i, (int32_t)shifts[i].u.i };
    }
    return NULL;
}

static td_status count_factors(const td_parse *p, size_t *n)
{
    const td_attr_value *unused;

    *n = td_attr_list(p, "multipliers", &unused);
    if (td_attr_list(p, "shifts", &unused) != *n || !*n)
        return TD_ERR(INVALID_ARGUMENT, "%s: multipliers and shifts are not as many", p->node->name);
    return NULL;
}

td_status td_lite_factors(const td_parse *p, td_fixed **out, size_t *n)
{
    TD_TRY(count_factors(p, n));
    *out = TD_ARENA_NEW_N(p->arena, td_fixed, *n);
    return read_factors(p, *n, *out);
}

td_status td_lite_factors_of(const td_parse *p, size_t want, td_fixed *out)
{
    size_t n;

    TD_TRY(count_factors(p, &n));
    if (n != want)
        return TD_ERR(INVALID_ARGUMENT, "%s: there are %zu factors, not %zu", p->node->name, n, want);
    return read_factors(p, n, out);
}
