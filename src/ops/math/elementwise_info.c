/* SPDX-License-Identifier: Apache-2.0 */
/* elementwise_info.c -- names of ops and their functions, from the lists that declare them. */
#include "ops/math/elementwise_info.h"

#include <string.h>

#include "base/macros.h"
#include "kernels/elt/cast.h"
#include "kernels/elt/select.h"
#include "ops/math/elementwise.h"

static const struct {
    const char *op;
    td_elt_id id;
    unsigned n_in;
    td_elementwise_rule rule;
} functions[] = {
#define UNARY(name, id, sig, types) { #name, TD_ELT_##id, 1, TD_RULE_BROADCAST },
#include "ops/math/op_unary.inc"
#undef UNARY
#define BINARY(name, id, sig, types, flags) { #name, TD_ELT_##id, 2, TD_RULE_BROADCAST },
#define GRADIENT(name, id, sig, types)      { #name, TD_ELT_##id, 2, TD_RULE_EQUAL },
#include "ops/math/op_binary.inc"
#undef BINARY
#undef GRADIENT
    { "Add", TD_ELT_add, 2, TD_RULE_BROADCAST },
    { "BiasAdd", TD_ELT_add, 2, TD_RULE_BIAS },
    { "Pow", TD_ELT_pow, 2, TD_RULE_BROADCAST },
    { "Equal", TD_ELT_equal, 2, TD_RULE_BROADCAST },
    { "NotEqual", TD_ELT_not_equal, 2, TD_RULE_BROADCAST },
    { "LogicalNot", TD_ELT_logical_not, 1, TD_RULE_BROADCAST },
    { "LogicalAnd", TD_ELT_logical_and, 2, TD_RULE_BROADCAST },
    { "LogicalOr", TD_ELT_logical_or, 2, TD_RULE_BROADCAST },
    { "LeakyRelu", TD_ELT_leaky_relu, 1, TD_RULE_BROADCAST },
    { "ClipByValue", TD_ELT_clip, 3, TD_RULE_CLIP },
    { "SelectV2", (td_elt_id)TD_ELEMENTWISE_SELECT, 3, TD_RULE_BROADCAST },
    { "Cast", TD_ELT_none, 1, TD_RULE_BROADCAST },
};

/* What a node's attributes can say against its op being one plain function. */
static bool attrs_allow(const td_node *n, td_elementwise_info *info)
{
    const td_attr_value *v = td_node_attr(n, "data_format");

    if (v && (v->kind != TD_ATTR_STRING || v->u.s.size != 4 || memcmp(v->u.s.data, "NHWC", 4) != 0))
        return false;
    v = td_node_attr(n, "alpha");
    if (v && v->kind == TD_ATTR_FLOAT) info->alpha = v->u.f;
    if (info->id == TD_ELT_equal || info->id == TD_ELT_not_equal)
        return td_node_attr_true(n, "incompatible_shape_error");
    return !td_node_attr_true(n, "Truncate");
}

static td_elt_id cast_to(td_dtype to)
{
    td_elt elt;
    td_elt_arg arg;

    /* Any id: the body comes from td_cast_find(). */
    return td_cast_find(TD_F32, to, false, TD_CPU_ref, &elt, &arg) ? TD_ELT_to_F32 : TD_ELT_none;
}

bool td_elementwise_describe(const td_node *n, td_elementwise_info *out)
{
    const uint64_t ok = TD_NUMBER_TYPES | TD_BOOL_TYPE;

    for (size_t i = 0; i < TD_COUNT(functions); i++) {
        if (strcmp(functions[i].op, n->op_name) != 0) continue;
        if (n->n_in != functions[i].n_in || n->n_out != 1) return false;
        const td_edge *const key = &n->in[functions[i].n_in == 3 ? 1 : 0];
        td_elementwise_info info = { .id = (int)functions[i].id,
                                     .in = key->node->out_type[key->index],
                                     .out = n->out_type[0],
                                     .n_in = functions[i].n_in,
                                     .rule = functions[i].rule };
        td_elt elt;
        if (info.id == TD_ELT_none) info.id = (int)cast_to(info.out);
        if (info.in >= 64 || info.out >= 64 || !(ok >> info.in & 1) || !(ok >> info.out & 1)) return false;
        if (!attrs_allow(n, &info) || !td_elementwise_body(&info, TD_CPU_ref, &elt)) return false;
        *out = info;
        return true;
    }
    return false;
}

const char *td_elementwise_op(const td_elementwise_info *info)
{
    for (size_t i = 0; i < TD_COUNT(functions); i++)
        if ((int)functions[i].id == info->id && functions[i].rule == info->rule) return functions[i].op;
    return "?";
}

bool td_elementwise_body(const td_elementwise_info *info, td_cpu cpu, td_elt *out)
{
    const size_t in_size = td_dtype_size(info->in), out_size = td_dtype_size(info->out);
    td_elt_arg arg;

    if (info->id == TD_ELEMENTWISE_SELECT)
        return info->n_in == 3 && info->in == info->out && td_select_find(out_size, out);
    if (info->id == TD_ELT_to_F32)
        return info->n_in == 1 && td_cast_find(info->in, info->out, false, cpu, out, &arg);
    if (info->id <= TD_ELT_none || info->id >= TD_ELT_COUNT) return false;
    return td_elt_find((td_elt_id)info->id, info->in, cpu, out) && out->n_in == info->n_in &&
           out->in_size[0] == in_size && out->out_size == out_size;
}

td_dtype td_elementwise_in_type(const td_elementwise_info *info, unsigned k)
{
    return info->id == TD_ELEMENTWISE_SELECT && k == 0 ? TD_BOOL : info->in;
}
