/* SPDX-License-Identifier: Apache-2.0 */
/* conv.h -- convolution of up to three spatial dimensions over channels-last images.
 *
 * Both directions are one gather: output pixel o and filter tap t name an input pixel, or none. Forwards that
 * is o * stride - pad + t * dilation; transposed (the gradient by the input, "deconvolution") it is (o + pad
 * - t * dilation) / stride where that divides. Two-dimensional images have depth 1.
 */
#ifndef TD_KERNELS_CONV_CONV_H
#define TD_KERNELS_CONV_CONV_H

#include <stdint.h>

#include "kernels/gemm/gemm.h"

typedef struct td_conv {
    size_t batch, groups;
    size_t in[3], in_channels; /* depth, height, width; channels of all groups */
    size_t out[3], out_channels;
    size_t kernel[3], stride[3], dilation[3];
    int64_t pad[3]; /* in front */
    bool is_transposed;
} td_conv;

/* ---------------------------------------------------------------- float, fast */

/* How a convolution runs as a matrix product: rows are output pixels. */
typedef struct td_conv_gemm {
    td_conv conv;
    size_t segments, depth;
    bool is_merged;                /* a segment is a whole filter row: kernel width * channels */
    bool is_matrix;                /* 1x1, stride 1, no padding: the image is the matrix */
    size_t patch_size, zeros_size; /* bytes */
    const td_gemm_code *code;      /* of packed weights; NULL, as the plan leaves it: floats */
} td_conv_gemm;

void td_conv_gemm_plan(const td_conv *c, td_conv_gemm *out);

/* Bytes of packed weights, and the packing of w[kernel][in_channels / groups][out_channels] (transposed:
 * w[kernel][out_channels][in_channels]), columns multiplied by scale if any. */
size_t td_conv_packed_size(const td_conv_gemm *c);
void td_conv_pack(const td_conv_gemm *c, void *packed, const float *w, const float *scale);

/* An output pixel: its image, and where it lies there. */
typedef struct td_conv_pixel {
    size_t n, at[3];
} td_conv_pixel;

td_conv_pixel td_conv_pixel_at(const td_conv *c,
                               size_t row); /* of the output, all images' pixels in one line */

size_t td_conv_scratch(const td_conv_gemm *c, int threads);

/* out and end.add are [batch][out][out_channels]; zeros is zeros_size bytes of zeros; scratch is
 * td_conv_scratch() bytes for the team's threads. */
void td_conv_run(const td_conv_gemm *c, const td_gemm_isa *isa, float *out, const float *in,
                 const void *packed, const td_gemm_end *end, const float *zeros, void *scratch,
                 td_team *team);

/* ---------------------------------------------------------------- double, plain */

/* The definition of right, for every type by way of double. Filters as above. */
void td_conv_ref(const td_conv *c, double *out, const double *in, const double *w);
/* Gradient by the filter, dw[kernel][in_channels / groups][out_channels]; forwards only. */
void td_conv_filter_ref(const td_conv *c, double *dw, const double *in, const double *dout);

#endif
