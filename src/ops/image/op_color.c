/* SPDX-License-Identifier: Apache-2.0 */
/* op_color.c -- RGBToHSV, HSVToRGB, AdjustHue, AdjustSaturation, AdjustContrastv2. */
#include <string.h>

#include "base/macros.h"
#include "kernels/image/color.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

static td_status check_channels(const td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape;

    if (x->dims[x->rank - 1] == 3) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "input must have 3 channels but instead has %lld channels.",
                     (long long)x->dims[x->rank - 1]);
}

/* ---------------------------------------------------------------- RGBToHSV, HSVToRGB: images -> images */

enum { BLOCK = 256 }; /* pixels */

typedef void convert_fn(double *pixels, size_t n);

static td_status convert_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be at least 1D");
    if (td_in(c, 0)->shape.dims[td_in(c, 0)->shape.rank - 1] != 3)
        return TD_OP_ERR(c, FAILED_PRECONDITION, "input must have 3 channels");
    return td_infer_same(c);
}

static td_status convert(td_call *c, convert_fn *fn)
{
    const td_tensor *const x = td_in(c, 0);
    const size_t size = td_dtype_size(x->dtype), n = (size_t)td_shape_count(&x->shape) / 3;
    const char *in = x->data;
    char *out = td_out(c, 0)->data;
    double pixels[3 * BLOCK];

    for (size_t i = 0; i < n; i += BLOCK, in += 3 * BLOCK * size, out += 3 * BLOCK * size) {
        const size_t now = TD_MIN((size_t)BLOCK, n - i);

        td_to_double(x->dtype, in, 3 * now, pixels);
        fn(pixels, now);
        td_from_double(x->dtype, pixels, 3 * now, out);
    }
    return NULL;
}

static td_status to_hsv_run(td_call *c)
{
    return convert(c, td_color_to_hsv);
}

static td_status from_hsv_run(td_call *c)
{
    return convert(c, td_color_from_hsv);
}

/* ---------------------------------------------------------------- Adjust*: images, by how much -> images */

static td_status adjust_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank < 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be at least 3-D, got rank %d",
                         (int)td_in(c, 0)->shape.rank);
    if (td_in(c, 1)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input 1 must be scalar, got rank %d",
                         (int)td_in(c, 1)->shape.rank);
    return td_infer_same(c);
}

static td_status adjust_color_infer(td_call *c)
{
    TD_TRY(adjust_infer(c));
    return check_channels(c);
}

typedef struct pixels_job {
    void (*fn)(float *out, const float *in, size_t n, float by);
    float *out;
    const float *in;
    float by;
} pixels_job;

static void run_pixels(void *ctx, size_t begin, size_t end)
{
    const pixels_job *const j = ctx;
    j->fn(j->out + 3 * begin, j->in + 3 * begin, end - begin, j->by);
}

static td_status adjust(td_call *c, void (*fn)(float *out, const float *in, size_t n, float by))
{
    pixels_job j = { fn, td_out(c, 0)->data, td_in(c, 0)->data, *(const float *)td_in(c, 1)->data };

    td_call_parallel(c, (size_t)td_shape_count(&td_in(c, 0)->shape) / 3, 8192, run_pixels, &j);
    return NULL;
}

static td_status hue_run(td_call *c)
{
    return adjust(c, td_color_turn_hue);
}

static td_status saturation_run(td_call *c)
{
    return adjust(c, td_color_scale_saturation);
}

static td_status contrast_run(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    const size_t channels = (size_t)s->dims[s->rank - 1], count = (size_t)td_shape_count(s);
    const size_t pixels = (size_t)(s->dims[s->rank - 3] * s->dims[s->rank - 2]);
    const float *const in = td_in(c, 0)->data;
    float *const out = td_out(c, 0)->data;

    for (size_t at = 0; at < count; at += pixels * channels)
        td_color_scale_contrast(out + at, in + at, pixels, channels, *(const float *)td_in(c, 1)->data);
    return NULL;
}

TD_RUN_KERNEL(to_hsv_kernels, TD_FLOAT_TYPES, to_hsv_run);
TD_RUN_KERNEL(from_hsv_kernels, TD_FLOAT_TYPES, from_hsv_run);
TD_RUN_KERNEL(hue_kernels, TD_DTYPE_BIT(TD_F32), hue_run);
TD_RUN_KERNEL(saturation_kernels, TD_DTYPE_BIT(TD_F32), saturation_run);
TD_RUN_KERNEL(contrast_kernels, TD_DTYPE_BIT(TD_F32), contrast_run);

#define T_FLOAT .attrs = "T: type = float"

const td_op td_ops_color[] = {
    { .name = "RGBToHSV",
      .sig = "images: T -> output: T",
      T_FLOAT,
      .infer = convert_infer,
      .kernels = to_hsv_kernels },
    { .name = "HSVToRGB",
      .sig = "images: T -> output: T",
      T_FLOAT,
      .infer = convert_infer,
      .kernels = from_hsv_kernels },
    { .name = "AdjustHue",
      .sig = "images: T, delta: float -> output: T",
      T_FLOAT,
      .infer = adjust_color_infer,
      .kernels = hue_kernels },
    { .name = "AdjustSaturation",
      .sig = "images: T, scale: float -> output: T",
      T_FLOAT,
      .infer = adjust_color_infer,
      .kernels = saturation_kernels },
    { .name = "AdjustContrastv2",
      .sig = "images: T, contrast_factor: float -> output: T",
      T_FLOAT,
      .infer = adjust_infer,
      .kernels = contrast_kernels },
    { 0 },
};
