/* SPDX-License-Identifier: Apache-2.0 */
/* conv8.h -- convolutions and products of bytes: sums of 32 bits, taken to steps of the output.
 *
 * sum = bias + SUM (x - zero_x) * (w - zero_w), where taps beside the image count nothing; then
 * out = clamp(sum * factor + zero_out). Filters are [out][rows][columns][in of a group], those of depthwise ones
 * [rows][columns][out]. A product of matrices is a convolution of images of one pixel.
 *
 * Fast bodies work on panels: 16 outputs side by side, four elements of depth together,
 *
 *     panel[depth / 4][16 outputs][4]    filters as signed bytes
 *     patch[pixel][depth]                the image's bytes under the filter, as unsigned bytes
 *
 * with a depth that zeros make a multiple of 64, so that a sum of products of an unsigned with a signed byte is all they need. What zero points add is known of each output
 * (and, where zero_w is not that of signed bytes, of each pixel), and is taken off afterwards. */
#ifndef TD_KERNELS_QUANT_CONV8_H
#define TD_KERNELS_QUANT_CONV8_H

#include "base/variant.h"
#include "kernels/conv/conv.h"
#include "kernels/quant/fixed.h"

typedef enum td_int { TD_INT_S8, TD_INT_U8, TD_INT_S16 } td_int; /* of images, filters (not 16), results */

/* Images that were floats, each with a zero point and a scale of its own; results are floats, sum * scale * scale_x + bias. */
typedef struct td_conv8_live {
    const int32_t *zeros; /* of each image */
    const float *scales;  /* likewise */
    const float *scales_w;
    size_t scale_step; /* 0: one for all outputs */
    const float *bias; /* NULL: none */
} td_conv8_live;

typedef struct td_conv8 {
    td_conv conv; /* two spatial dimensions at most */
    bool is_depthwise;
    td_int x, w, y; /* of 16 bits: x and y */
    int32_t zero_x, zero_w, zero_y, low, high;
    bool rounds_once;        /* see fixed.h */
    const td_fixed *factors; /* one for each output, or one */
    size_t n_factors;
    /* NULL: what is above counts; else images and filters are signed bytes, results floats. */
    const td_conv8_live *live;
} td_conv8;

/* Where filter row (dim 1) or column (2) k of output o lies in the image; negative: nowhere. */
static inline int64_t td_conv8_place(const td_conv *g, int dim, size_t o, size_t k)
{
    const int64_t step = (int64_t)g->stride[dim], tap = (int64_t)(k * g->dilation[dim]);
    int64_t at = (int64_t)o * step - g->pad[dim] + tap;

    if (g->is_transposed) {
        at = (int64_t)o + g->pad[dim] - tap;
        if (at < 0 || at % step) return -1;
        at /= step;
    }
    return at < (int64_t)g->in[dim] ? at : -1;
}

/* The steps of one image of floats, and what they mean: from -127 to 127 around 0, or all 256 around a zero point. */
void td_conv8_quantize(int8_t *out, const float *in, size_t n, bool asymmetric, int32_t *zero, float *scale);

/* The definition of right: output pixels [begin, end) of batch * out. bias: 32 bits, 64 for images of 16; NULL: none. */
void td_conv8_ref(const td_conv8 *c, void *out, const void *in, const void *w, const void *bias, size_t begin,
                  size_t end);

/* ---------------------------------------------------------------- panels, for bytes that are not depthwise */

enum { TD_CONV8_PANEL = 16, TD_CONV8_ROWS = 32 }; /* outputs of a panel, pixels of a patch at most */

/* acc[rows][16] = SUM of patch[row][k] * panel[k][output], over 4 * quads elements. patch and acc have room for TD_CONV8_ROWS,
 * of which more may be read and written. */
typedef void td_conv8_sums_fn(int32_t *acc, const uint8_t *patch, size_t stride, size_t rows,
                              const int8_t *panel, size_t quads);

typedef struct td_conv8_end {
    const int32_t *add; /* of each output */
    const td_fixed *factors;
    size_t factor_step; /* 0: one for all */
    int32_t zero, low, high;
    bool rounds_once;
} td_conv8_end;

/* out[row * step + i] of acc[row * 16 + i], i < n; n is at most 16, but for one row alone. */
typedef void td_conv8_finish_fn(uint8_t *out, size_t step, const int32_t *acc, size_t rows,
                                const td_conv8_end *e, size_t n);
/* Zero points of signed bytes, and what makes those of an image and a filter. */
typedef struct td_conv8_zeros {
    int32_t x, w;
    uint8_t flip_x, flip_w;
} td_conv8_zeros;

/* acc[i] = SUM over taps of (x[tap][i] - zero) * (w[tap][i] - zero). */
typedef void td_conv8_taps_fn(int32_t *acc, const uint8_t *const *x, const uint8_t *const *w, size_t n_taps,
                              size_t n, const td_conv8_zeros *z);

typedef struct td_conv8_bodies {
    void (*begin)(void), (*end)(void); /* around the sums of a thread; NULL: nothing */
    td_conv8_sums_fn *sums;
    td_conv8_finish_fn *finish;
    td_conv8_taps_fn *taps;
} td_conv8_bodies;

extern const td_conv8_bodies td_conv8_avx2, td_conv8_avx512, td_conv8_vnni, td_conv8_amx;
TD_VARIANTS(conv8, const td_conv8_bodies *);

/* For bodies of more than one. */
td_conv8_sums_fn td_conv8_sums_avx2;
td_conv8_finish_fn td_conv8_finish_ref, td_conv8_finish_avx512;
td_conv8_taps_fn td_conv8_taps_ref, td_conv8_taps_avx512;

/* Can it run so? All bytes, and depthwise ones with one output a channel. */
bool td_conv8_is_fast(const td_conv8 *c);

/* Bytes of the packed filter, and the packing of it. Depthwise ones stay as they are: 0 bytes. False: too many. */
bool td_conv8_packed_size(const td_conv8 *c, size_t *out);
void td_conv8_pack(const td_conv8 *c, void *packed, const void *w);

/* Bytes that one thread works with. False: too many. */
bool td_conv8_scratch(const td_conv8 *c, size_t *out);
/* As td_conv8_ref(); packed: the filter itself for depthwise ones. */
void td_conv8_run(const td_conv8 *c, const td_conv8_bodies *b, void *out, const void *in, const void *packed,
                  const int32_t *bias, void *scratch, size_t begin, size_t end);

#endif
