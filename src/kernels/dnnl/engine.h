/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h -- what all of kernels/dnnl shares: oneDNN's engine, and what a thread needs to run a primitive.
 *
 * oneDNN brings no threads here: primitives are made for one thread and run on whichever
 * thread of the team takes the shard. Its memory objects are handles only; each thread
 * has a few of its own, so a run makes none. */
#ifndef TD_KERNELS_DNNL_ENGINE_H
#define TD_KERNELS_DNNL_ENGINE_H

#include <dnnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

typedef struct td_dnnl_api {
#define X(name) __typeof__(dnnl_##name) *name;
#include "kernels/dnnl/api.inc"
#undef X
} td_dnnl_api;

extern td_dnnl_api td_dnnl; /* filled by td_dnnl_ready() */

/* Readies the calling thread to make and run primitives. False: no oneDNN body for this CPU, or no memory. */
bool td_dnnl_ready(td_cpu cpu);

/* A primitive for op_desc (a dnnl_*_desc_t), and what it wants. */
typedef struct td_dnnl_prim {
    dnnl_primitive_t prim;
    dnnl_memory_desc_t weights;
    size_t scratch; /* bytes */
} td_dnnl_prim;

/* False: oneDNN lacks it, or has only its plain C++ body. Then *out is unset. */
bool td_dnnl_prim_make(const void *op_desc, td_dnnl_prim *out);
void td_dnnl_prim_free(td_dnnl_prim *p);

/* bias and scratch may be NULL where there is none. False: no memory. */
bool td_dnnl_run(const td_dnnl_prim *p, void *dst, const void *src, const void *weights, const void *bias,
                 void *scratch);

/* Weights: a plain array described by `from` into the layout that the primitive wants. */
size_t td_dnnl_weights_size(const td_dnnl_prim *p);
uint64_t td_dnnl_weights_hash(const td_dnnl_prim *p);
bool td_dnnl_pack(const td_dnnl_prim *p, const dnnl_memory_desc_t *from, void *packed, const float *w);

#endif
