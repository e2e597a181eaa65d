/* signature.h -- the signature and attribute lines of td_op, taken apart. */
#ifndef TD_OPS_SIGNATURE_H
#define TD_OPS_SIGNATURE_H

#include "ops/op.h"

/* One argument: "inputs: N*T", "&ref: T", "args: Tin", "shape: int32". Texts are views into the line. */
typedef struct td_sig_arg {
    td_string name;
    /* the int attribute before '*'; size 0: one value (or as many as a list(type) attribute has) */
    td_string count;
    td_string type; /* a type attribute, a list(type) attribute, or a fixed type's name */
    td_dtype fixed; /* TD_DTYPE_NONE when `type` is an attribute */
    bool is_ref;
} td_sig_arg;

/* Walks the arguments of one side: *at starts as td_sig_inputs() or td_sig_outputs(); false at the end. */
const char *td_sig_inputs(const td_op *op);
const char *td_sig_outputs(const td_op *op);
bool td_sig_next(const char **at, td_sig_arg *arg);

/* One declared attribute: "axis: int = -1". */
typedef struct td_sig_attr {
    td_string name;
    td_attr_kind kind;  /* TD_ATTR_LIST for list(kind) */
    td_attr_kind item;  /* of a list */
    td_string fallback; /* text of the default; data NULL: none */
} td_sig_attr;

bool td_sig_attr_next(const char **at, td_sig_attr *attr); /* *at starts as op->attrs (NULL is fine) */

/* The default as a value, in arena. */
td_attr_value td_sig_default(const td_sig_attr *attr, td_arena *arena);

/* Binds a node: op, missing attributes, out_type, n_out; checks kinds and the number of inputs. NOT_FOUND:
 * tensord lacks the op (node->op stays NULL). INVALID_ARGUMENT: the node contradicts the op's declaration. */
TD_MUST_USE td_status td_node_bind(td_node *node, td_arena *arena);

/* The first output (or input) index of the argument `port` of a bound node, and how many values it has. */
bool td_node_port(const td_node *node, const char *port, uint32_t *first, uint32_t *count);

/* The type that input i is declared with (TD_DTYPE_REF added for references). Of a bound node. */
void td_node_in_types(const td_node *node, td_dtype *types);

#endif
