/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h -- the signature and attribute lines of td_op, taken apart. */
#ifndef TD_OPS_SIGNATURE_H
#define TD_OPS_SIGNATURE_H

#include "ops/op.h"

/* One declared attribute: "axis: int = -1". */
typedef struct td_sig_attr {
    td_string name;
    td_attr_kind kind;  /* TD_ATTR_LIST for list(kind) */
    td_attr_kind item;  /* of a list */
    td_string fallback; /* text of the default; data NULL: none */
} td_sig_attr;

bool td_sig_attr_next(const char **at, td_sig_attr *attr); /* *at starts as op->attrs (NULL is fine) */

/* Binds a node: op, missing attributes, out_type, n_out; checks kinds and the number of inputs. NOT_FOUND:
 * tensord lacks the op (node->op stays NULL). INVALID_ARGUMENT: the node contradicts the op's declaration. */
TD_MUST_USE td_status td_node_bind(td_node *node, td_arena *arena);

/* The first output (or input) index of the argument `port` of a bound node, and how many values it has. */
bool td_node_port(const td_node *node, const char *port, uint32_t *first, uint32_t *count);

/* The type that input i is declared with (TD_DTYPE_REF added for references). Of a bound node. */
void td_node_in_types(const td_node *node, td_dtype *types);

#endif
