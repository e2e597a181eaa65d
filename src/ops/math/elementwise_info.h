/* SPDX-License-Identifier: Apache-2.0 */
/* elementwise_info.h -- what function an op's node applies to each element,
 * for those who put them together. */
#ifndef TD_OPS_ELEMENTWISE_INFO_H
#define TD_OPS_ELEMENTWISE_INFO_H

#include "kernels/elt/elt.h"
#include "ops/math/elementwise_rule.h"
#include "ops/op.h"

/* Beside the functions of elt.inc: choice by a condition. */
enum { TD_ELEMENTWISE_SELECT = TD_ELT_COUNT };

typedef struct td_elementwise_info {
    int id;      /* a td_elt_id, or TD_ELEMENTWISE_SELECT */
    td_dtype in; /* of the operands (of the second and third, for SELECT: `out`) */
    td_dtype out;
    unsigned n_in; /* operands: the node's first n_in inputs */
    float alpha;
    td_elementwise_rule rule; /* of the operands' shapes */
} td_elementwise_info;

/* Describes a bound node. False: it is no elementwise function of numbers, or its operands
 * lie side by side in a way that no rule describes. */
bool td_elementwise_describe(const td_node *n, td_elementwise_info *out);

/* The body, for this CPU; false: there is none, or the description contradicts itself. */
bool td_elementwise_body(const td_elementwise_info *info, td_cpu cpu, td_elt *out);

/* An op that is described by the same, for error texts. */
const char *td_elementwise_op(const td_elementwise_info *info);

/* The type of operand k. */
td_dtype td_elementwise_in_type(const td_elementwise_info *info, unsigned k);

#endif
