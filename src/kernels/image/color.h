/* SPDX-License-Identifier: Apache-2.0 */
/* color.h -- pixels of red, green and blue: to hue, saturation and value, and back, and changed by these. */
#ifndef TD_KERNELS_IMAGE_COLOR_H
#define TD_KERNELS_IMAGE_COLOR_H

#include <stddef.h>

/* n pixels of three numbers each, in place. Hues are turns: 0 is red, a third green. */
void td_color_to_hsv(double *pixels, size_t n);
void td_color_from_hsv(double *pixels, size_t n);

/* n pixels; out may be in. */
void td_color_turn_hue(float *out, const float *in, size_t n, float turns);
void td_color_scale_saturation(float *out, const float *in, size_t n, float scale);

/* Away from the mean of each channel, or towards it; pixels of any number of channels. out may be in. */
void td_color_scale_contrast(float *out, const float *in, size_t pixels, size_t channels, float factor);

#endif
