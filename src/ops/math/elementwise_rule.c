/* SPDX-License-Identifier: Apache-2.0 */
/* elementwise_rule.c -- see elementwise_rule.h. */
#include "ops/math/elementwise_rule.h"

#include "base/macros.h"
#include "ops/op.h"

static td_status differ(const char *what, const td_shape *a, const td_shape *b)
{
    char ta[TD_SHAPE_TEXT], tb[TD_SHAPE_TEXT];

    return TD_ERR(INVALID_ARGUMENT, "%s: %s vs. %s", what, td_shape_text(a, ta, sizeof ta),
                  td_shape_text(b, tb, sizeof tb));
}

static td_status broadcast(const td_shape *const *in, unsigned n, td_shape *out)
{
    *out = *in[0];
    for (unsigned k = 1; k < n; k++) {
        const td_shape so_far = *out;

        if (!td_shape_broadcast(&so_far, in[k], out)) return differ("Incompatible shapes", &so_far, in[k]);
    }
    return td_shape_check(out);
}

static td_status equal(td_string node, const char *op, const td_shape *const *in, unsigned n)
{
    char ta[TD_SHAPE_TEXT], tb[TD_SHAPE_TEXT];

    for (unsigned k = 1; k < n; k++)
        if (!td_shape_equal(in[0], in[k]))
            return TD_ERR(
                INVALID_ARGUMENT,
                "Inputs to operation %.*s of type %s must have the same size and shape.  Input 0: %s != "
                "input %u: %s",
                (int)TD_MIN(node.size, (size_t)1000), node.size ? node.data : "", op,
                td_shape_text(in[0], ta, sizeof ta), k, td_shape_text(in[k], tb, sizeof tb));
    return NULL;
}

static td_status clip(const td_shape *const *in, unsigned n)
{
    for (unsigned k = 1; k < n; k++)
        if (in[k]->rank != 0 && !td_shape_equal(in[k], in[0]))
            return differ("clip_value_min and clip_value_max must be either of the same shape as input, or a "
                          "scalar",
                          in[0], in[k]);
    return NULL;
}

td_status td_bias_shape(const td_shape *value, const td_shape *bias, int channel_dim)
{
    char text[TD_SHAPE_TEXT];

    if (value->rank < 2)
        return TD_ERR(INVALID_ARGUMENT, "Input tensor must be at least 2D: %s",
                      td_shape_text(value, text, sizeof text));
    if (bias->rank != 1)
        return TD_ERR(INVALID_ARGUMENT, "Biases must be 1D: %s", td_shape_text(bias, text, sizeof text));
    if (bias->dims[0] != value->dims[channel_dim])
        return differ("Must provide as many biases as the last dimension of the input tensor", bias, value);
    return NULL;
}

td_status td_elementwise_shape(td_elementwise_rule rule, td_string node, const char *op,
                               const td_shape *const *in, unsigned n, td_shape *out)
{
    if (rule == TD_RULE_EQUAL)
        TD_TRY(equal(node, op, in, n));
    else if (rule == TD_RULE_BIAS && n == 2)
        TD_TRY(td_bias_shape(in[0], in[1], in[0]->rank - 1));
    else if (rule == TD_RULE_CLIP)
        TD_TRY(clip(in, n));
    else
        return broadcast(in, n, out);
    *out = *in[0];
    return NULL;
}
