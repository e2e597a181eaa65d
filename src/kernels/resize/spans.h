/* SPDX-License-Identifier: Apache-2.0 */
/* spans.h -- images scaled and shifted through a filter, which is made wider where they shrink, so that what becomes too
 * fine for the result is averaged away.
 *
 * Each output row (or column) is a weighted sum of a span of input rows. Rows first, then columns. */
#ifndef TD_KERNELS_RESIZE_SPANS_H
#define TD_KERNELS_RESIZE_SPANS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum td_filter {
    TD_FILTER_LANCZOS1,
    TD_FILTER_LANCZOS3,
    TD_FILTER_LANCZOS5,
    TD_FILTER_GAUSSIAN,
    TD_FILTER_BOX,
    TD_FILTER_TRIANGLE,
    TD_FILTER_KEYS_CUBIC,
    TD_FILTER_MITCHELL_CUBIC,
    TD_FILTERS,
} td_filter;

extern const char *const td_filter_names[TD_FILTERS];

typedef struct td_spans {
    td_filter filter;
    bool antialias;
    size_t in, out;
    float scale, shift; /* out = in * scale + shift */
    size_t size;        /* weights of one output */
    size_t *start;      /* [out] */
    float *weight;      /* [out, size] */
} td_spans;

/* From the fields above it. */
size_t td_spans_size(const td_spans *s);
/* Fills start and weight. */
void td_spans_fill(const td_spans *s);

/* One image: in [rows->in, cols->in, channels]; work: room for [rows->out, cols->in, channels]. */
void td_spans_apply(const td_spans *rows, const td_spans *cols, size_t channels, float *out, const float *in,
                    float *work);

#endif
