/* SPDX-License-Identifier: Apache-2.0 */
/* conv_dnnl.h -- two-dimensional float convolutions by oneDNN, cut into shards of images or of output rows; also in
 * bfloat16: images and weights are rounded, sums and outputs are float.
 *
 * Every shard is a convolution of its own, with its own padding; shards of the same shape share a primitive.
 */
#ifndef TD_KERNELS_DNNL_CONV_H
#define TD_KERNELS_DNNL_CONV_H

#include "kernels/conv/conv.h"

typedef struct td_dnnl_conv td_dnnl_conv;

/* Can it? And is it the faster body of floats? Measured: see docs/decisions/arithmetic.md. */
bool td_dnnl_conv_can(const td_conv *c, td_cpu cpu);
bool td_dnnl_conv_pays(const td_conv *c, td_cpu cpu);

/* has_bias: in td_gemm_end. For runs on up to `threads` threads. NULL: oneDNN cannot, or no memory:
 * use another body. */
td_dnnl_conv *td_dnnl_conv_make(const td_conv *c, bool is_bf16, bool has_bias, td_cpu cpu, int threads);
void td_dnnl_conv_free(td_dnnl_conv *d); /* NULL is fine */

/* The packed form: equal hashes and sizes mean equal layouts. w as in td_conv_pack(). False: no memory. */
size_t td_dnnl_conv_packed_size(const td_dnnl_conv *d);
uint64_t td_dnnl_conv_packed_hash(const td_dnnl_conv *d);
bool td_dnnl_conv_pack(const td_dnnl_conv *d, float *packed, const float *w, const float *scale);

size_t td_dnnl_conv_scratch(const td_dnnl_conv *d, int threads);
/* As td_conv_run(); end has a bias if make was told so, and its add is not out. False: no memory. */
bool td_dnnl_conv_run(const td_dnnl_conv *d, float *out, const float *in, const float *packed,
                      const td_gemm_end *end, void *scratch, td_team *team);

#endif
