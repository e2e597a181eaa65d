/* SPDX-License-Identifier: Apache-2.0 */
/* lower.h -- one operator of a TFLite file while it becomes nodes: what the lowerings of lower.inc work with.
 *
 * Nothing here trusts an operator: operands that are not there, and options that are damaged, make `trouble`, which is looked at
 * once, when the operator is done. Whether types and shapes agree is asked later, of the nodes.
 *
 * For the files of this directory only. */
#ifndef TD_FORMATS_TFLITE_LOWER_H
#define TD_FORMATS_TFLITE_LOWER_H

#include "formats/tflite/tflite.h"

typedef struct td_tfl_def td_tfl_def;

/* The bit of steps of that type, beside those of plain tensors. */
#define TD_TFL_STEPS(type) (TD_DTYPE_BIT(type) << 32)

typedef struct td_tfl_op {
    td_tfl *l;
    td_tfl_graph *graph;
    const td_tfl_def *def;
    const char *name; /* of its first output */
    td_flat_table options;
    td_string custom;                /* options of custom operators */
    td_flat_vector in, out, between; /* the last: intermediate tensors of LSTM */
    td_dtype type;                   /* of operand def->main */
    td_status trouble;               /* the first */
} td_tfl_op;

/* Sets trouble, unless there is some. */
void td_tfl_fail(td_tfl_op *o, td_status why);

bool td_tfl_has(const td_tfl_op *o, size_t i);                     /* operand i is given */
const td_tfl_tensor *td_tfl_operand(const td_tfl_op *o, size_t i); /* of those given: as the file has it */
const td_tfl_tensor *td_tfl_result(const td_tfl_op *o, size_t i);  /* likewise */
td_dtype td_tfl_type_of(const td_tfl_op *o, size_t i);
td_edge td_tfl_scalar(td_tfl_op *o,
                      size_t i);           /* the same as a scalar: TFLite takes vectors of one for them */
td_edge td_tfl_in(td_tfl_op *o, size_t i); /* its value */
void td_tfl_out(td_tfl_op *o, size_t i, td_edge value); /* what output i is */
td_dtype td_tfl_out_type(const td_tfl_op *o, size_t i);

/* Options by their field. */
int32_t td_tfl_int(td_tfl_op *o, size_t field, int32_t fallback);
float td_tfl_float(td_tfl_op *o, size_t field, float fallback);
uint8_t td_tfl_byte(td_tfl_op *o, size_t field); /* enums; 0 without one */
bool td_tfl_bool(td_tfl_op *o, size_t field);
bool td_tfl_bool_or(td_tfl_op *o, size_t field, bool fallback);
td_flat_vector td_tfl_ints(td_tfl_op *o, size_t field);

/* A node of n inputs, its attribute T if type is one, and its output 0. Names follow the operator's. */
td_node *td_tfl_node(td_tfl_op *o, const char *op, td_dtype type, const td_edge *in, uint32_t n);
td_edge td_tfl_emit(td_tfl_op *o, const char *op, td_dtype type, const td_edge *in, uint32_t n);
td_edge td_tfl_emit1(td_tfl_op *o, const char *op, td_dtype type, td_edge a);
td_edge td_tfl_emit2(td_tfl_op *o, const char *op, td_dtype type, td_edge a, td_edge b);

/* Attributes of a node. */
void td_tfl_set_type(td_tfl_op *o, td_node *n, const char *name, td_dtype type);
void td_tfl_set_int(td_tfl_op *o, td_node *n, const char *name, int64_t value);
void td_tfl_set_bool(td_tfl_op *o, td_node *n, const char *name, bool value);
void td_tfl_set_float(td_tfl_op *o, td_node *n, const char *name, float value);
void td_tfl_set_floats(td_tfl_op *o, td_node *n, const char *name, const float *values, size_t n_values);
void td_tfl_set_text(td_tfl_op *o, td_node *n, const char *name, const char *value);
void td_tfl_set_ints(td_tfl_op *o, td_node *n, const char *name, const int64_t *values, size_t n_values);

/* Constants. */
td_edge td_tfl_f32(td_tfl_op *o, float value);
td_edge td_tfl_i32(td_tfl_op *o, int32_t value);
td_edge td_tfl_i32s(td_tfl_op *o, const int32_t *values, size_t n); /* a vector */
/* Elements that the arena keeps, aligned; rank 0 or 1. */
td_edge td_tfl_bytes(td_tfl_op *o, td_dtype dtype, void *values, size_t n, int rank);

/* What the fused activation makes of value. */
td_edge td_tfl_activate(td_tfl_op *o, uint8_t activation, td_edge value);
/* "SAME" or "VALID", by option `field`. */
const char *td_tfl_padding(td_tfl_op *o, size_t field);

#define TD_TFL_LOWERINGS(X)                                                                                  \
    X(unary)                                                                                                 \
    X(binary)                                                                                                \
    X(plain)                                                                                                 \
    X(conv)                                                                                                  \
    X(depthwise)                                                                                             \
    X(transpose_conv)                                                                                        \
    X(dense)                                                                                                 \
    X(batch_matmul)                                                                                          \
    X(pool)                                                                                                  \
    X(softmax)                                                                                               \
    X(clip)                                                                                                  \
    X(leaky_relu)                                                                                            \
    X(hard_swish)                                                                                            \
    X(prelu)                                                                                                 \
    X(gelu)                                                                                                  \
    X(l2_norm)                                                                                               \
    X(resize_bilinear)                                                                                       \
    X(resize_nearest)                                                                                        \
    X(reshape)                                                                                               \
    X(concat)                                                                                                \
    X(pad)                                                                                                   \
    X(reduce)                                                                                                \
    X(transpose)                                                                                             \
    X(squeeze)                                                                                               \
    X(expand_dims)                                                                                           \
    X(strided_slice)                                                                                         \
    X(slice)                                                                                                 \
    X(pack)                                                                                                  \
    X(unpack)                                                                                                \
    X(split)                                                                                                 \
    X(split_v)                                                                                               \
    X(gather)                                                                                                \
    X(gather_nd)                                                                                             \
    X(cast)                                                                                                  \
    X(arg)                                                                                                   \
    X(shape)                                                                                                 \
    X(fill)                                                                                                  \
    X(tile)                                                                                                  \
    X(broadcast_to)                                                                                          \
    X(one_hot)                                                                                               \
    X(topk)                                                                                                  \
    X(range)                                                                                                 \
    X(reverse)                                                                                               \
    X(cumsum)                                                                                                \
    X(mirror_pad)                                                                                            \
    X(blocks)                                                                                                \
    X(space_batch)                                                                                           \
    X(add_n)                                                                                                 \
    X(select)                                                                                                \
    X(parse_example)                                                                                         \
    X(if_)                                                                                                   \
    X(while_)                                                                                                \
    X(call_once)                                                                                             \
    X(var_handle)                                                                                            \
    X(read_variable)                                                                                         \
    X(hash_table)                                                                                            \
    X(table_find)                                                                                            \
    X(table_import)                                                                                          \
    X(table_size)                                                                                            \
    X(assign_variable)                                                                                       \
    X(steps_conv)                                                                                            \
    X(steps_depthwise)                                                                                       \
    X(steps_dense)                                                                                           \
    X(steps_add)                                                                                             \
    X(steps_mul)                                                                                             \
    X(steps_compare)                                                                                         \
    X(steps_pool)                                                                                            \
    X(steps_softmax)                                                                                         \
    X(steps_reduce)                                                                                          \
    X(steps_pad)                                                                                             \
    X(steps_concat)                                                                                          \
    X(steps_unary)                                                                                           \
    X(steps_div)                                                                                             \
    X(steps_prelu)                                                                                           \
    X(steps_log_softmax)                                                                                     \
    X(steps_lines)                                                                                           \
    X(lstm)                                                                                                  \
    X(lstm_both)                                                                                             \
    X(rnn)                                                                                                   \
    X(rnn_both)                                                                                              \
    X(svdf)                                                                                                  \
    X(steps_svdf)                                                                                            \
    X(steps_lstm)                                                                                            \
    X(same)                                                                                                  \
    X(scatter_nd)                                                                                            \
    X(reverse_sequence)                                                                                      \
    X(segment)                                                                                               \
    X(sparse_to_dense)                                                                                       \
    X(unique)                                                                                                \
    X(embedding)                                                                                             \
    X(complex)                                                                                               \
    X(steps_softmax_wide)                                                                                    \
    X(steps_space_batch)                                                                                     \
    X(steps_wide)                                                                                            \
    X(steps_batch_matmul)                                                                                    \
    X(steps_transpose_conv)                                                                                  \
    X(steps_resize)                                                                                          \
    X(steps_l2_norm)                                                                                         \
    X(hybrid_conv)                                                                                           \
    X(hybrid_depthwise)                                                                                      \
    X(hybrid_dense)                                                                                          \
    X(quantize)                                                                                              \
    X(dequantize)

#define X(name) void td_tfl_lower_##name(td_tfl_op *o);
TD_TFL_LOWERINGS(X)
#undef X

/* ---- calls and state ---- */

/* The graph of subgraph `index` as a function, and its name; is_condition: its result becomes a scalar. NULL: trouble. */
const td_tfl_graph *td_tfl_call(td_tfl_op *o, int32_t index, bool is_condition, const char **name);
/* Subgraph `index`, of no inputs, into the main graph: to run once, before any request. */
void td_tfl_run_once(td_tfl_op *o, int32_t index);
/* n reads or changes state: it waits for what did so before. */
void td_tfl_add_state(td_tfl_op *o, td_node *n);
/* Operand i, a tensor that keeps its values between calls: what it holds; and what it is to hold. */
td_edge td_tfl_state_in(td_tfl_op *o, size_t i);
void td_tfl_state_out(td_tfl_op *o, size_t i, td_edge value);
/* Fields of options that name subgraphs: how many of 0 and 1 do. */
size_t td_tfl_callees(int32_t code);
td_string td_tfl_text(td_tfl_op *o, size_t field);

/* A line of lower.inc; an operator may have several. */
struct td_tfl_def {
    int32_t code; /* -1: the custom operator of that name */
    const char *name;
    int32_t versions;     /* the highest that is known */
    int32_t main;         /* the operand that has one of the types */
    uint64_t types, more; /* more: what other operands and results may be of, too */
    size_t least, most;   /* operands */
    void (*lower)(td_tfl_op *o);
    const char *op; /* TensorFlow's */
};

#endif
