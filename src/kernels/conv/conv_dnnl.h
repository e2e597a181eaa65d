/* SPDX-License-Identifier: Apache-2.0 */
/* conv_dnnl.h -- two-dimensional float convolutions by oneDNN, cut into shards of images or of output rows; also in
 * bfloat16: images and weights are rounded if they are not yet, sums are float, and outputs what is asked for.
 *
 * Every shard is a convolution of its own, with its own padding; shards of the same shape share a primitive.
 */
#ifndef TD_KERNELS_DNNL_CONV_H
#define TD_KERNELS_DNNL_CONV_H

#include "kernels/conv/body.h"

typedef struct td_dnnl_conv td_dnnl_conv;

/* Can it? And is it the faster body of floats? Measured: see docs/decisions/arithmetic.md. */
bool td_dnnl_conv_can(const td_conv *c, td_cpu cpu);
bool td_dnnl_conv_pays(const td_conv *c, td_cpu cpu);

/* is_bf16: arithmetic of bfloat16, which reads and writes it, too. NULL: oneDNN cannot, or no memory: use another body. */
td_dnnl_conv *td_dnnl_conv_make(const td_conv_ask *ask, bool is_bf16);
void td_dnnl_conv_free(td_dnnl_conv *d); /* NULL is fine */

/* The packed form: equal hashes and sizes mean equal layouts. w as in td_conv_pack(). False: no memory. */
size_t td_dnnl_conv_packed_size(const td_dnnl_conv *d);
uint64_t td_dnnl_conv_packed_hash(const td_dnnl_conv *d);
bool td_dnnl_conv_pack(const td_dnnl_conv *d, float *packed, const float *w, const float *scale);

size_t td_dnnl_conv_scratch(const td_dnnl_conv *d, int threads);
/* The residual is not out. False: no memory. */
bool td_dnnl_conv_run(const td_dnnl_conv *d, const td_conv_job *job);

#endif
