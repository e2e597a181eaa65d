/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.h -- from a bound node to something that can run: parsed attributes and the kernel for its types. */
#ifndef TD_OPS_KERNEL_H
#define TD_OPS_KERNEL_H

#include "ops/op.h"

/* Parses the node's attributes into arena; *attrs may come back NULL when the op has none. */
TD_MUST_USE td_status td_node_parse(const td_node *node, td_arena *arena, const void **attrs);

/* The first kernel whose device and key type fit; NULL: none (or an alias, which needs none). */
const td_kernel *td_node_kernel(const td_node *node, td_device_kind device);

/* NOT_FOUND in TensorFlow's words, for a node without a kernel. */
TD_MUST_USE td_status td_node_no_kernel(const td_node *node);

/* kernel->run; debug builds assert that it takes no memory from the heap, unless its op makes its outputs, changes
 * state, runs bodies, or says so. */
td_status td_call_run(td_call *c, const td_kernel *kernel);

/* Runs one call whose inputs are all known: infer, prepare, run, on the heap. Outputs get buffers of their
 * own (aliases share the input's). c->arena is for what outputs need (strings); temp may be reset afterwards.
 * c->values[c->out[i]] must have their dtypes set; c->arena is used up to the caller's reset. Used for
 * dynamic steps and for folding. */
TD_MUST_USE td_status td_call_now(td_call *c, const td_kernel *kernel, td_arena *temp);

/* What a dynamic step decided the last time:
 * good for the next time if shapes are the same and no elements were read. */
typedef struct td_memo {
    td_arena *arena;
    td_shape *in, *out; /* shapes, n_in and n_out */
    void *state;
    size_t scratch_size;
    bool is_valid;
} td_memo;

/* td_call_now() with a memory. */
TD_MUST_USE td_status td_call_again(td_call *c, const td_kernel *kernel, td_memo *m, td_arena *temp);
void td_memo_fini(td_memo *m, const td_kernel *kernel); /* a cleared struct is fine */

/* What scratch points to when a kernel asked for none; nobody reads or writes it. */
extern unsigned char td_no_scratch[TD_ALIGN];

/* Folds one pure node: evaluates it on `in` (n_in known tensors) into out (n_out).
 * Outputs own their buffers. */
TD_MUST_USE td_status td_node_eval(const td_node *node, td_env *env, const td_tensor *in, td_tensor *out);
/* The same; RESOURCE_EXHAUSTED when they would take `most` bytes or more. */
TD_MUST_USE td_status td_node_eval_within(const td_node *node, td_env *env, const td_tensor *in, size_t most,
                                          td_tensor *out);

#endif
