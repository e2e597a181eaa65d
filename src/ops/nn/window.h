/* SPDX-License-Identifier: Apache-2.0 */
/* window.h -- strides, padding and data format of convolutions and pools, as TensorFlow counts them.
 *
 * Spatial dims are numbered 0 depth, 1 height, 2 width; images of two dimensions have depth 1. */
#ifndef TD_OPS_WINDOW_H
#define TD_OPS_WINDOW_H

#include "ops/op.h"

typedef enum td_padding { TD_PAD_VALID, TD_PAD_SAME, TD_PAD_EXPLICIT } td_padding;

typedef struct td_window {
    int dims;      /* 2 or 3 */
    bool is_first; /* channels first */
    td_padding padding;
    int64_t stride[3], dilation[3], kernel[3];
    int64_t explicit_pad[3][2];
    bool by_blocks; /* see crops */
    int64_t crops[3];
    uint32_t sizes; /* not 0: kernel and stride are the values of this input and the next */
} td_window;

enum {
    TD_WINDOW_DILATIONS = 1,
    TD_WINDOW_KSIZE = 2,
    TD_WINDOW_EXPLICIT = 4,
    TD_WINDOW_FORMAT = 8,
    TD_WINDOW_RATES = 16,
    TD_WINDOW_NAMED_FORMAT = 32, /* with TD_WINDOW_FORMAT: CHANNELS_LAST or CHANNELS_FIRST */
    TD_WINDOW_CROPS = 64,
};

/* The attributes of convolutions and, but for the type and the format, of pools. `crops` is passes/fuse_dilation's: the
 * convolution stands for one over blocks of `dilations` pixels, whose results lost so many rows and columns. An image that
 * does not come to whole blocks is refused, as it was there. */
#define TD_CONV2D_ATTRS                                                                                      \
    "T: type, strides: list(int), padding: string, explicit_paddings: list(int) = [], "                      \
    "data_format: string = 'NHWC', dilations: list(int) = [1, 1, 1, 1], crops: list(int) = []"
/* Of what passes/narrow makes: any floats on either side of a filter of floats. */
#define TD_MIXED_ATTRS ", Tin: type, Tout: type, Targs: list(type), fused_ops: list(string) = []"
#define TD_CONV3D_ATTRS                                                                                      \
    "T: type, strides: list(int), padding: string, data_format: string = 'NDHWC', "                          \
    "dilations: list(int) = [1, 1, 1, 1, 1]"
#define TD_POOL_ATTRS "ksize: list(int), strides: list(int), padding: string"

/* Reads strides and padding, and of dilations, ksize, explicit_paddings, data_format, crops, rates (dilations by
 * another name) what flags say. Strides, dilations and windows over batch or channels are refused. */
TD_MUST_USE td_status td_window_parse(const td_parse *p, int dims, unsigned flags, td_window *out);
/* The pools of version 2: ksize and strides come as inputs, `sizes` and the next; td_window_read() reads them
 * into a copy of w, which is just that where they are attributes. */
void td_window_parse_v2(const td_parse *p, uint32_t sizes, td_window *out);
TD_MUST_USE td_status td_window_read(td_call *c, const td_window *w, td_window *out);

/* The dims of a tensor in this format. */
int td_window_channel_dim(const td_window *w, const td_shape *s);
int64_t td_window_dim(const td_window *w, const td_shape *s, int spatial); /* depth of two-dimensional: 1 */
td_shape td_window_shape(const td_window *w, int64_t batch, const int64_t *spatial, int64_t channels);
TD_MUST_USE td_status td_window_check_rank(const td_call *c, const td_window *w, const td_shape *s,
                                           const char *what);

/* Output size and padding in front for a filter of `kernel` elements. */
TD_MUST_USE td_status td_window_output(const td_call *c, const td_window *w, int spatial, int64_t in,
                                       int64_t kernel, int64_t *out, int64_t *pad);

#endif
