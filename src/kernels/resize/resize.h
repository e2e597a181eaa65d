/* SPDX-License-Identifier: Apache-2.0 */
/* resize.h -- images to another size, channels last, as TensorFlow's Resize ops count pixels. */
#ifndef TD_KERNELS_RESIZE_RESIZE_H
#define TD_KERNELS_RESIZE_RESIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/variant.h"
#include "kernels/elt/elt.h"

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

/* ---------------------------------------------------------------- bodies, the same bit for bit on every CPU */

typedef struct td_resize_line {
    const void *data; /* [width, channels]: bytes, or floats */
    bool is_u8;
    size_t width;
} td_resize_line;

/* out[width, channels]: pixel x is made of those of the line that taps[x] names, each channel for itself. */
typedef void td_resize_across_fn(float *out, const td_resize_line *line, const td_resize_tap *taps,
                                 int n_taps, size_t width, size_t channels);
/* out[i] is made of lines[..][i], n_taps of them. */
typedef void td_resize_down_fn(float *out, const float *const lines[4], const td_resize_tap *y, int n_taps,
                               size_t n);

typedef struct td_resize_bodies {
    td_resize_across_fn *across;
    td_resize_down_fn *down;
} td_resize_bodies;

extern const td_resize_bodies td_resize_ref, td_resize_avx2;
TD_VARIANTS(resize, const td_resize_bodies *);

/* How pixels of a type are read, and by which bodies. */
typedef struct td_resize_how {
    td_dtype type;
    size_t size; /* bytes of a number */
    td_elt to_float;
    const td_resize_bodies *bodies;
} td_resize_how;

/* False: numbers of that type cannot be made floats. */
bool td_resize_how_find(td_dtype type, td_cpu cpu, td_resize_how *out);

/* ---------------------------------------------------------------- whole images */

/* Floats that td_resize_rows() works with; false: more than there can be. */
bool td_resize_work(const td_resize *r, int n_taps, size_t *out);

/* Output rows [row0, row1) of batch * out[0]; n_taps is 2 or 4. Lines are made narrower or wider before they are joined,
 * each once for all the rows that it is in. */
void td_resize_rows(const td_resize *r, const td_resize_how *how, int n_taps, const td_resize_tap *by_row,
                    const td_resize_tap *by_col, float *out, const void *in, float *work, size_t row0,
                    size_t row1);

/* The source coordinate of nearest neighbours. */
size_t td_resize_nearest(const td_resize *r, int dim, size_t at);

/* Output rows [row0, row1) of batch * out[0]. */
void td_resize_area(const td_resize *r, float *out, const float *in, size_t row0, size_t row1);

/* The source coordinate of output i of a box's side from a to b, fractions of an image's. */
float td_crop_at(float a, float b, size_t in, size_t out, size_t i);

/* Rows [row0, row1) of one box of an image [in][channels], to `out`; box is y1, x1, y2, x2 in fractions of the image.
 * by_col: room for out[1]; work: as of td_resize_rows() with two taps. */
void td_crop_rows(const td_resize *r, const td_resize_how *how, const float *box, bool nearest, float outside,
                  float *out, const void *in, td_resize_tap *by_col, float *work, size_t row0, size_t row1);

#endif
