/* SPDX-License-Identifier: Apache-2.0 */
/* steps.c -- see steps.h. */
#include "formats/tflite/steps.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void range_of(td_dtype type, int32_t *low, int32_t *high)
{
    *low = type == TD_U8 ? 0 : type == TD_I8 ? INT8_MIN : INT16_MIN;
    *high = type == TD_U8 ? UINT8_MAX : type == TD_I8 ? INT8_MAX : INT16_MAX;
}

static float scale_at(const td_tfl_tensor *t, size_t i)
{
    const uint32_t bits = td_flat_u32_at(&t->scales, i);
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* An absent list is all zeros. */
static int64_t zero_at(const td_tfl_tensor *t, size_t i)
{
    uint64_t v = 0;

    for (size_t b = 8; t->zeros.n && b--;)
        v = v << 8 | t->zeros.data[8 * i + b];
    return (int64_t)v;
}

/* Scale and zero point i are numbers of the type. */
static bool check_one(td_tfl_op *o, const td_tfl_tensor *t, size_t i)
{
    const float scale = scale_at(t, i);
    const int64_t zero = zero_at(t, i);
    int32_t low, high;

    range_of(t->dtype, &low, &high);
    if (!(scale > 0) || !isfinite(scale))
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "tensor '%s' has a scale of %g", t->name, (double)scale));
    else if (zero < low || zero > high)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "tensor '%s' has a zero point of %" PRId64 ", which no %s is",
                              t->name, zero, td_tfl_type_name(t->type)));
    else
        return true;
    return false;
}

static bool check_counts(td_tfl_op *o, const td_tfl_tensor *t, size_t want)
{
    if (t->scales.n == want && (t->zeros.n == want || !t->zeros.n)) return true;
    td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "tensor '%s' has %zu scales and %zu zero points, not %zu",
                          t->name, t->scales.n, t->zeros.n, want));
    return false;
}

static td_tfl_steps steps_of(td_tfl_op *o, const td_tfl_tensor *t, size_t i)
{
    td_tfl_steps s = { TD_I8, 1.0f, 0, INT8_MIN, INT8_MAX };

    if (!t) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "tensor %zu is not there", i));
        return s;
    }
    if (t->dtype != TD_I8 && t->dtype != TD_U8 && t->dtype != TD_I16) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "tensor '%s' is of %s, not quantised", t->name,
                              td_tfl_type_name(t->type)));
        return s;
    }
    if (!check_counts(o, t, 1) || !check_one(o, t, 0)) return s;
    s = (td_tfl_steps){ .type = t->dtype, .scale = scale_at(t, 0), .zero = (int32_t)zero_at(t, 0) };
    range_of(s.type, &s.low, &s.high);
    return s;
}

td_tfl_steps td_tfl_steps_in(td_tfl_op *o, size_t i)
{
    return steps_of(o, td_tfl_operand(o, i), i);
}

td_tfl_steps td_tfl_steps_out(td_tfl_op *o, size_t i)
{
    return steps_of(o, td_tfl_result(o, i), i);
}

td_tfl_steps td_tfl_steps_between(td_tfl_op *o, size_t i)
{
    const uint32_t index = i < o->between.n ? td_flat_u32_at(&o->between, i) : UINT32_MAX;

    return steps_of(o, index < o->graph->n_tensors ? &o->graph->tensors[index] : NULL, i);
}

int32_t td_tfl_zero_of(const td_tfl_tensor *t)
{
    return t->scales.n ? (int8_t)zero_at(t, 0) : 0;
}

const float *td_tfl_scales_in(td_tfl_op *o, size_t i, int32_t axis, size_t *n, int32_t *zero)
{
    const td_tfl_tensor *const t = td_tfl_operand(o, i);
    const bool is_one = t && t->scales.n == 1;

    if (!t || axis >= t->shape.rank || (!is_one && t->axis != axis)) {
        td_tfl_fail(o,
                    TD_ERR(INVALID_ARGUMENT, "operand %zu has no scales along dimension %d", i, (int)axis));
        return NULL;
    }
    *n = is_one ? 1 : (size_t)t->shape.dims[axis];
    if (!check_counts(o, t, *n)) return NULL;
    float *const scales = TD_ARENA_NEW_N(o->l->arena, float, *n);

    *zero = (int32_t)zero_at(t, 0);
    for (size_t k = 0; k < *n; k++) {
        if (!check_one(o, t, k)) return NULL;
        if (zero_at(t, k) != *zero) {
            td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "tensor '%s' has zero points that differ", t->name));
            return NULL;
        }
        scales[k] = scale_at(t, k);
    }
    return scales;
}

td_fixed td_tfl_factor(td_tfl_op *o, double factor)
{
    td_fixed f = { 0, 0 };

    if (!td_fixed_of(factor, &f))
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "the scales of its tensors make a factor of %g", factor));
    return f;
}

void td_tfl_set_factors(td_tfl_op *o, td_node *n, const td_fixed *factors, size_t n_factors)
{
    int64_t *const numbers = TD_ARENA_NEW_N(o->l->arena, int64_t, 2 * n_factors);

    for (size_t i = 0; i < n_factors; i++) {
        numbers[i] = factors[i].multiplier;
        numbers[n_factors + i] = factors[i].shift;
    }
    td_tfl_set_ints(o, n, "multipliers", numbers, n_factors);
    td_tfl_set_ints(o, n, "shifts", numbers + n_factors, n_factors);
}

int32_t td_tfl_step_of(const td_tfl_steps *s, float v)
{
    const float step = roundf(v / s->scale);

    return s->zero + (step >= 0x1p24f ? 1 << 24 : step <= -0x1p24f ? -(1 << 24) : (int32_t)step);
}

void td_tfl_set_steps(td_tfl_op *o, td_node *n, const td_tfl_steps *out, uint8_t activation)
{
    int32_t low = out->low, high = out->high;

    if (activation == 1 || activation == 3) low = TD_MAX(low, out->zero);
    if (activation == 2) low = TD_MAX(low, td_tfl_step_of(out, -1.0f));
    if (activation == 2) high = TD_MIN(high, td_tfl_step_of(out, 1.0f));
    if (activation == 3) high = TD_MIN(high, td_tfl_step_of(out, 6.0f));
    if (activation > 3)
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "fused activation %u of quantised tensors is not built yet",
                              activation));
    td_tfl_set_int(o, n, "zero", out->zero);
    td_tfl_set_int(o, n, "low", low);
    td_tfl_set_int(o, n, "high", high);
}
