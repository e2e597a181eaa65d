/* SPDX-License-Identifier: Apache-2.0 */
/* options.h -- fields of operators' options that several lowerings read.
 *
 * For the files of this directory only. */
#ifndef TD_FORMATS_TFLITE_OPTIONS_H
#define TD_FORMATS_TFLITE_OPTIONS_H

#include "formats/tflite/lower.h"

enum { CONV_PADDING, CONV_STRIDE_W, CONV_STRIDE_H, CONV_ACTIVATION, CONV_DILATION_W, CONV_DILATION_H };
enum { DEPTH_MULTIPLIER = 3, DEPTH_ACTIVATION, DEPTH_DILATION_W, DEPTH_DILATION_H };
enum { POOL_WIDTH = 3, POOL_HEIGHT, POOL_ACTIVATION };
enum { DENSE_ACTIVATION, DENSE_FORMAT, DENSE_KEEPS, DENSE_ASYMMETRIC };
enum { ADJ_X, ADJ_Y, BETA = 0 };

/* An attribute [1, h, w, 1]. */
void td_tfl_set_window(td_tfl_op *o, td_node *n, const char *name, int32_t h, int32_t w);
/* Strides, padding and dilations, by options that begin alike; dilation_w 0: without dilations. */
void td_tfl_set_geometry(td_tfl_op *o, td_node *n, size_t dilation_w);

#endif
