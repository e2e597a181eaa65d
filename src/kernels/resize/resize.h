/* SPDX-License-Identifier: Apache-2.0 */
/* resize.h -- images to another size, channels last, as TensorFlow's Resize ops count pixels. */
#ifndef TD_KERNELS_RESIZE_RESIZE_H
#define TD_KERNELS_RESIZE_RESIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct td_resize {
    size_t batch, channels;
    size_t in[2], out[2]; /* height, width */
    bool aligns_corners, half_pixels;
} td_resize;

/* Source pixels of one output coordinate and what each counts. */
typedef struct td_resize_tap {
    size_t index[4];
    float weight[4];
} td_resize_tap;

/* The taps of dim 0 (rows) or 1 (columns): two for bilinear, four for bicubic. taps has out[dim] entries. */
td_resize_tap td_resize_bilinear_tap(const td_resize *r, int dim, size_t i);
void td_resize_bilinear_taps(const td_resize *r, int dim, td_resize_tap *taps);
void td_resize_bicubic_taps(const td_resize *r, int dim, td_resize_tap *taps);

/* Output rows [row0, row1) of batch * out[0]; n_taps is 2 or 4. */
void td_resize_rows(const td_resize *r, int n_taps, const td_resize_tap *by_row, const td_resize_tap *by_col,
                    float *out, const float *in, size_t row0, size_t row1);

/* The source coordinate of nearest neighbours. */
size_t td_resize_nearest(const td_resize *r, int dim, size_t at);

void td_resize_area(const td_resize *r, float *out, const float *in);

/* The source coordinate of output i of a box's side from a to b, fractions of an image's. */
float td_crop_at(float a, float b, size_t in, size_t out, size_t i);

/* One box of an image [in][channels] to `out`; box is y1, x1, y2, x2 in fractions of the image. */
void td_crop_resize(const td_resize *r, const float *box, bool nearest, float outside, float *out,
                    const float *in);

#endif
