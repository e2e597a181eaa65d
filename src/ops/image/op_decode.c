/* SPDX-License-Identifier: Apache-2.0 */
/* op_decode.c -- DecodeJpeg, DecodeAndCropJpeg, DecodePng, DecodeGif, DecodeBmp, DecodeWebP, DecodeImage, ExtractJpegShape.
 *
 * The first bytes of a file say what it is; most ops take what another one is named after, too, as TensorFlow's do. */
#include <string.h>

#include "base/macros.h"
#include "kernels/codec/codec.h"
#include "ops/op.h"

typedef enum decode_kind { OF_JPEG, OF_CROPPED_JPEG, OF_PNG, OF_GIF, OF_BMP, OF_WEBP, OF_ANY } decode_kind;

static const char *const op_names[] = { "DecodeJpeg", "DecodeAndCropJpeg", "DecodePng",  "DecodeGif",
                                        "DecodeBmp",  "DecodeWebP",        "DecodeImage" };

typedef struct decode_attrs {
    decode_kind kind;
    int channels;
    bool expands; /* what moves gets all its frames */
    td_jpeg_how jpeg;
} decode_attrs;

static td_status parse_jpeg(td_parse *p, td_jpeg_how *how)
{
    const int64_t ratio = td_attr_int(p, "ratio");

    if (ratio != 1 && ratio != 2 && ratio != 4 && ratio != 8)
        return TD_ERR(INVALID_ARGUMENT, "%s: ratio must be 1, 2, 4, or 8", p->node->name);
    how->shrink = (int)ratio;
    how->smooth = td_attr_bool(p, "fancy_upscaling");
    how->recovers = td_attr_bool(p, "try_recover_truncated");
    how->least = td_attr_float(p, "acceptable_fraction");
    how->is_accurate = td_attr_string_is(p, "dct_method", "INTEGER_ACCURATE");
    if (!how->is_accurate && !td_attr_string_is(p, "dct_method", "INTEGER_FAST") &&
        !td_attr_string_is(p, "dct_method", ""))
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}",
                      p->node->name);
    return NULL;
}

static td_status decode_parse(td_parse *p)
{
    decode_attrs *const a = p->attrs;

    for (a->kind = OF_JPEG; strcmp(p->node->op_name, op_names[a->kind]) != 0;)
        a->kind++;
    a->jpeg = (td_jpeg_how){ .shrink = 1, .smooth = true, .least = 1.0f };
    a->expands = a->kind != OF_ANY || td_attr_bool(p, "expand_animations");
    if (a->kind == OF_JPEG || a->kind == OF_CROPPED_JPEG) TD_TRY(parse_jpeg(p, &a->jpeg));
    const int64_t channels = a->kind == OF_GIF ? 3 : td_attr_int(p, "channels");

    if (channels != 0 && channels != 1 && channels != 3 && channels != 4)
        return TD_ERR(INVALID_ARGUMENT, "%s: `channels` must be 0, 1, 3 or 4", p->node->name);
    a->channels = (int)channels;
    return NULL;
}

/* ---------------------------------------------------------------- formats */

typedef enum image_format { JPEG, PNG, GIF, BMP, WEBP, FORMATS } image_format;

static const char *const format_names[] = { "JPEG", "PNG", "GIF", "BMP", "WebP" };

static image_format format_of(td_string file)
{
    static const td_string heads[] = {
        { "\xff\xd8\xff", 3 }, { "\x89PNG\r\n\x1a\n", 8 }, { "GIF8", 4 }, { "BM", 2 }, { "RIFF", 4 }
    };

    for (int f = 0; f < FORMATS; f++) {
        if (file.size < heads[f].size || memcmp(file.data, heads[f].data, heads[f].size) != 0) continue;
        if (f != WEBP || (file.size > 12 && memcmp(file.data + 8, "WEBP", 4) == 0)) return (image_format)f;
    }
    return FORMATS;
}

/* Which op takes what. */
static td_status check_format(const td_call *c, image_format format)
{
    const decode_attrs *const a = c->attrs;
    const bool only_bmp = a->kind == OF_BMP, only_jpeg = a->kind == OF_CROPPED_JPEG;

    if (format == FORMATS)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Unknown image file format. One of JPEG, PNG, GIF, BMP, WebP required.");
    if ((only_bmp && format < BMP) || (only_jpeg && format != JPEG && format != WEBP) ||
        (format == BMP && !only_bmp && a->kind != OF_ANY))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Trying to decode %s format using %s", format_names[format],
                         op_names[a->kind]);
    if (format == GIF && a->kind == OF_WEBP)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Trying to decode GIF format using DecodeWebP");
    return NULL;
}

static td_status check_channels(const td_call *c, image_format format)
{
    static const unsigned may_be[] = { 1 << 1 | 1 << 3, 1 << 1 | 1 << 3 | 1 << 4, 1 << 3, 1 << 3 | 1 << 4,
                                       1 << 3 | 1 << 4 };
    const int channels = ((const decode_attrs *)c->attrs)->channels;

    if (channels == 0 || (may_be[format] >> channels & 1)) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "%s does not support %d channels", format_names[format], channels);
}

/* ---------------------------------------------------------------- the output */

typedef struct result {
    td_call *c;
    image_format format;
    size_t count;
    void *pixels; /* as the decoder makes them: the output's elements, or numbers to become these */
} result;

static bool is_direct(const result *r)
{
    const td_dtype type = td_out(r->c, 0)->dtype;
    return type == TD_U8 || (type == TD_U16 && r->format == PNG);
}

static td_status make_result(void *ctx, const td_image_size *s, void **pixels)
{
    result *const r = ctx;
    const decode_attrs *const a = r->c->attrs;
    const bool moves = r->format == GIF || r->format == WEBP;
    const bool is_4d = a->kind == OF_GIF || (moves && a->expands && (r->format == WEBP || a->kind == OF_ANY));
    const int64_t dims[] = { (int64_t)s->frames, (int64_t)s->height, (int64_t)s->width,
                             (int64_t)s->channels };
    td_shape shape;

    if (!is_4d && s->frames > 1)
        return TD_ERR(INVALID_ARGUMENT,
                      "Got %zu frames, but animated gifs can only be decoded by "
                      "tf.io.decode_gif or tf.io.decode_image",
                      s->frames);
    TD_TRY(td_shape_make(is_4d ? 4 : 3, is_4d ? dims : dims + 1, &shape));
    TD_TRY(td_out_make(r->c, 0, &shape));
    r->count = s->frames * s->height * s->width * s->channels;
    r->pixels = is_direct(r) ? td_out(r->c, 0)->data
                             : td_arena_try_alloc(r->c->arena, r->count * (r->format == PNG ? 2 : 1), 16);
    if (!r->pixels) return TD_ERR(RESOURCE_EXHAUSTED, "out of memory");
    *pixels = r->pixels;
    return NULL;
}

/* To [0, 1], or to all of 16 bits. */
static void convert_result(const result *r)
{
    const uint8_t *const bytes = r->pixels;
    const uint16_t *const words = r->pixels;
    void *const out = td_out(r->c, 0)->data;

    if (is_direct(r)) return;
    if (td_out(r->c, 0)->dtype == TD_U16)
        for (size_t i = 0; i < r->count; i++)
            ((uint16_t *)out)[i] = (uint16_t)(bytes[i] << 8);
    else if (r->format == PNG)
        for (size_t i = 0; i < r->count; i++)
            ((float *)out)[i] = (float)words[i] * (float)(1.0 / UINT16_MAX);
    else
        for (size_t i = 0; i < r->count; i++)
            ((float *)out)[i] = (float)bytes[i] * (float)(1.0 / UINT8_MAX);
}

/* ------------------------------------------------------------------------- contents[, crop_window] -> image */

static td_status decode_jpeg(td_call *c, td_string file, const td_image_sink *sink)
{
    const decode_attrs *const a = c->attrs;
    td_jpeg_how how = a->jpeg;

    how.channels = a->channels;
    how.crops = a->kind == OF_CROPPED_JPEG;
    if (how.crops) {
        const td_tensor *const window = td_in(c, 1);

        if (window->shape.rank != 1 || window->shape.dims[0] != 4)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "crop_window must be a vector of four elements");
        memcpy(how.window, window->data, sizeof how.window);
    }
    return td_jpeg_decode(file, &how, sink);
}

static td_status decode(td_call *c, td_string file, image_format format, const td_image_sink *sink)
{
    const decode_attrs *const a = c->attrs;

    switch (format) {
    case JPEG:
        return decode_jpeg(c, file, sink);
    case PNG:
        return td_png_decode(file, a->channels, td_out(c, 0)->dtype == TD_U8 ? 8 : 16, sink);
    case GIF:
        return td_gif_decode(file, a->kind == OF_ANY && !a->expands, sink);
    case BMP:
        return td_bmp_decode(file, a->channels, sink);
    default:
        if (td_out(c, 0)->dtype != TD_U8)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "WebP only supports uint8 for dtype");
        return td_webp_decode(file, a->channels, sink);
    }
}

static td_status read_contents(const td_call *c, td_string *file)
{
    if (td_in(c, 0)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "`contents` must be scalar but got rank %d",
                         (int)td_in(c, 0)->shape.rank);
    *file = *(const td_string *)td_in(c, 0)->data;
    if (file->size > INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input contents are too large for int: %zu", file->size);
    return file->size ? NULL : TD_OP_ERR(c, INVALID_ARGUMENT, "Input is empty.");
}

static td_status decode_run(td_call *c)
{
    result r = { .c = c };
    td_string file;

    TD_TRY(read_contents(c, &file));
    r.format = format_of(file);
    TD_TRY(check_format(c, r.format));
    TD_TRY(check_channels(c, r.format));
    TD_TRY(decode(c, file, r.format, &(td_image_sink){ make_result, &r }));
    convert_result(&r);
    return NULL;
}

/* ---------------------------------------------------------------- ExtractJpegShape: contents -> height, width, channels */

static td_status size_infer(td_call *c)
{
    td_out(c, 0)->shape = (td_shape){ 1, { 3 } };
    return NULL;
}

static td_status size_run(td_call *c)
{
    td_image_size size;
    td_string file;

    TD_TRY(read_contents(c, &file));
    TD_TRY(td_jpeg_size(file, &size));
    const int64_t dims[] = { (int64_t)size.height, (int64_t)size.width, (int64_t)size.channels };

    for (size_t i = 0; i < 3; i++)
        if (td_out(c, 0)->dtype == TD_I64)
            ((int64_t *)td_out(c, 0)->data)[i] = dims[i];
        else
            ((int32_t *)td_out(c, 0)->data)[i] = (int32_t)dims[i];
    return NULL;
}

TD_RUN_KERNEL(decode_kernels, 0, decode_run);
TD_RUN_KERNEL(size_kernels, 0, size_run);

#define DECODE                                                                                               \
    .flags = TD_OP_DYNAMIC, .attrs_size = sizeof(decode_attrs), .parse = decode_parse,                       \
    .kernels = decode_kernels
#define JPEG_ATTRS                                                                                           \
    "channels: int = 0, ratio: int = 1, fancy_upscaling: bool = true, try_recover_truncated: bool = false, " \
    "acceptable_fraction: float = 1, dct_method: string = ''"

const td_op td_ops_decode[] = {
    { .name = "DecodeJpeg", .sig = "contents: string -> image: uint8", .attrs = JPEG_ATTRS, DECODE },
    { .name = "DecodeAndCropJpeg",
      .sig = "contents: string, crop_window: int32 -> image: uint8",
      .attrs = JPEG_ATTRS,
      DECODE },
    { .name = "DecodePng",
      .sig = "contents: string -> image: dtype",
      .attrs = "channels: int = 0, dtype: type = uint8",
      DECODE },
    { .name = "DecodeGif", .sig = "contents: string -> image: uint8", DECODE },
    { .name = "DecodeBmp", .sig = "contents: string -> image: uint8", .attrs = "channels: int = 0", DECODE },
    { .name = "DecodeWebP",
      .sig = "contents: string -> image: dtype",
      .attrs = "channels: int = 0, dtype: type = uint8",
      DECODE },
    { .name = "DecodeImage",
      .sig = "contents: string -> image: dtype",
      .attrs = "channels: int = 0, dtype: type = uint8, expand_animations: bool = true",
      DECODE },
    { .name = "ExtractJpegShape",
      .sig = "contents: string -> image_shape: output_type",
      .attrs = "output_type: type = int32",
      .flags = TD_OP_ALLOCATES,
      .infer = size_infer,
      .kernels = size_kernels },
    { 0 },
};
