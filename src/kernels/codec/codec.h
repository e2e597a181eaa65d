/* SPDX-License-Identifier: Apache-2.0 */
/* codec.h -- image files to pixels and back, with the libraries that TensorFlow uses, too.
 *
 * A decoder reads the header, checks the size it claims, asks the sink for memory, and fills it: [frames, height, width,
 * channels], channels last, rows from the top. Whatever is wrong with a file is INVALID_ARGUMENT; a library that is not
 * installed, UNIMPLEMENTED. Any thread may call these.
 */
#ifndef TD_KERNELS_CODEC_CODEC_H
#define TD_KERNELS_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "tensord/tensor.h"

/* The most numbers that an image may have, all frames together: TensorFlow's limit for JPEG. */
#define TD_IMAGE_MOST ((size_t)1 << 29)

typedef struct td_image_size {
    size_t frames, height, width, channels;
} td_image_size;

typedef struct td_image_sink {
    /* Memory for an image of 8-bit numbers (16-bit ones where that was asked for). */
    td_status (*make)(void *ctx, const td_image_size *size, void **pixels);
    void *ctx;
} td_image_sink;

/* INVALID_ARGUMENT unless there is something, and not too much of it. */
TD_MUST_USE td_status td_image_check(const char *format, const td_image_size *size);

/* ---------------------------------------------------------------- JPEG */

typedef struct td_jpeg_how {
    int channels;      /* 1, 3; 0: as in the file */
    int shrink;        /* 1, 2, 4, 8 */
    bool is_accurate;  /* the slower of two integer transforms */
    bool smooth;       /* colors are interpolated where there are fewer of them than pixels */
    bool recovers;     /* a file that ends early is filled up */
    float least;       /* the part of all lines that must be there */
    bool crops;        /* to: */
    int32_t window[4]; /* y, x, height, width */
} td_jpeg_how;

TD_MUST_USE td_status td_jpeg_decode(td_string file, const td_jpeg_how *how, const td_image_sink *sink);
TD_MUST_USE td_status td_jpeg_size(td_string file, td_image_size *out);

typedef struct td_jpeg_quality {
    int quality; /* 0 to 100 */
    bool is_progressive, is_optimized, fewer_colors;
    uint8_t density_unit; /* 1: inches, 2: centimetres */
    int x_density, y_density;
    td_string metadata; /* XMP */
} td_jpeg_quality;

/* One or three channels. Adds to *out; INTERNAL when it cannot be encoded. */
TD_MUST_USE td_status td_jpeg_encode(const uint8_t *pixels, const td_image_size *size,
                                     const td_jpeg_quality *q, td_strbuf *out);

/* ---------------------------------------------------------------- others */

/* channels: 0: as in the file; bits: 8, 16. */
TD_MUST_USE td_status td_png_decode(td_string file, int channels, int bits, const td_image_sink *sink);
/* One to four channels; compression is 0 to 9, or -1. */
TD_MUST_USE td_status td_png_encode(const void *pixels, const td_image_size *size, int bits, int compression,
                                    td_strbuf *out);

/* Red, green, blue. */
TD_MUST_USE td_status td_gif_decode(td_string file, bool first_only, const td_image_sink *sink);

/* channels: 0, 3, 4. */
TD_MUST_USE td_status td_bmp_decode(td_string file, int channels, const td_image_sink *sink);

/* channels: 0, or what the file has: 3, 4. */
TD_MUST_USE td_status td_webp_decode(td_string file, int channels, const td_image_sink *sink);

#endif
