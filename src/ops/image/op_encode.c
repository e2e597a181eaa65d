/* SPDX-License-Identifier: Apache-2.0 */
/* op_encode.c -- EncodeJpeg, EncodeJpegVariableQuality, EncodePng. */
#include <string.h>

#include "base/macros.h"
#include "kernels/codec/codec.h"
#include "ops/op.h"

static td_image_size size_of(const td_shape *s)
{
    const int64_t *const d = s->dims + s->rank - 3;
    return (td_image_size){ 1, (size_t)d[0], (size_t)d[1], (size_t)d[2] };
}

/* The bytes of *file, which is left empty, become string i of the output. */
static td_status put_file(td_call *c, size_t i, td_strbuf *file)
{
    char *const bytes = td_string_alloc(c, file->size);

    if (bytes) memcpy(bytes, td_strbuf_text(file), file->size);
    ((td_string *)td_out(c, 0)->data)[i] = (td_string){ bytes, bytes ? file->size : 0 };
    td_strbuf_fini(file);
    return bytes ? NULL : TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
}

/* ---------------------------------------------------------------- EncodeJpeg*: image[, quality] -> contents */

typedef struct jpeg_attrs {
    td_jpeg_quality q;
    size_t channels; /* 0: 1 or 3 */
} jpeg_attrs;

static const td_jpeg_quality plain = {
    .quality = 95, .fewer_colors = true, .density_unit = 1, .x_density = 300, .y_density = 300
};

static td_status parse_look(td_parse *p, td_jpeg_quality *q)
{
    const int64_t quality = td_attr_int(p, "quality");

    if (quality < 0 || quality > 100)
        return TD_ERR(INVALID_ARGUMENT, "%s: quality must be in [0,100]", p->node->name);
    q->quality = (int)quality;
    q->is_progressive = td_attr_bool(p, "progressive");
    q->is_optimized = td_attr_bool(p, "optimize_size");
    q->fewer_colors = td_attr_bool(p, "chroma_downsampling");
    return NULL;
}

static td_status jpeg_parse(td_parse *p)
{
    jpeg_attrs *const a = p->attrs;

    a->q = plain;
    TD_TRY(parse_look(p, &a->q));
    if (td_attr_string_is(p, "format", "grayscale")) a->channels = 1;
    if (td_attr_string_is(p, "format", "rgb")) a->channels = 3;
    if (a->channels == 0 && !td_attr_string_is(p, "format", ""))
        return TD_ERR(INVALID_ARGUMENT, "%s: format must be '', grayscale or rgb", p->node->name);
    if (td_attr_string_is(p, "density_unit", "cm"))
        a->q.density_unit = 2;
    else if (!td_attr_string_is(p, "density_unit", "in"))
        return TD_ERR(INVALID_ARGUMENT, "%s: density_unit must be 'in' or 'cm'", p->node->name);
    a->q.x_density = (int)td_attr_int(p, "x_density");
    a->q.y_density = (int)td_attr_int(p, "y_density");
    a->q.metadata = td_attr_string(p, "xmp_metadata");
    return NULL;
}

static td_status variable_parse(td_parse *p)
{
    ((jpeg_attrs *)p->attrs)->q = plain;
    return NULL;
}

static td_status jpeg_infer(td_call *c)
{
    const size_t channels = ((const jpeg_attrs *)c->attrs)->channels;
    const td_shape *const s = &td_in(c, 0)->shape;

    if (s->rank != 3) return TD_OP_ERR(c, INVALID_ARGUMENT, "image must be 3-dimensional");
    if (td_shape_count(s) >= INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Cannot encode images with >= max int32 elements");
    if (channels ? s->dims[2] != (int64_t)channels : s->dims[2] != 1 && s->dims[2] != 3)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image must have %s channels",
                         channels == 1   ? "1"
                         : channels == 3 ? "3"
                                         : "1 or 3");
    if (c->n_in > 1 && td_in(c, 1)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "quality must be scalar");
    return td_infer_scalar(c);
}

static td_status jpeg_run(td_call *c)
{
    td_jpeg_quality q = ((const jpeg_attrs *)c->attrs)->q;
    const td_image_size size = size_of(&td_in(c, 0)->shape);
    td_strbuf file = { 0 };

    if (c->n_in > 1) q.quality = *(const int32_t *)td_in(c, 1)->data;
    if (q.quality < 0 || q.quality > 100)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "quality must be in [0,100], got %d", q.quality);
    const td_status s = td_jpeg_encode(td_in(c, 0)->data, &size, &q, &file);

    if (!s) return put_file(c, 0, &file);
    td_strbuf_fini(&file);
    return s;
}

/* ---------------------------------------------------------------- EncodePng: images -> contents */

typedef struct png_attrs {
    int compression;
} png_attrs;

static td_status png_parse(td_parse *p)
{
    const int64_t compression = td_attr_int(p, "compression");

    if (compression < -1 || compression > 9)
        return TD_ERR(INVALID_ARGUMENT, "%s: compression should be in [-1,9]", p->node->name);
    ((png_attrs *)p->attrs)->compression = (int)compression;
    return NULL;
}

static td_status png_infer(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;

    if (s->rank < 3) return TD_OP_ERR(c, INVALID_ARGUMENT, "images must be at least rank 3");
    if (td_shape_count(s) >= INT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image cannot have >= int32 max elements");
    const int64_t channels = s->dims[s->rank - 1];

    if (channels < 1 || channels > 4)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image must have 1, 2, 3, or 4 channels, got %lld",
                         (long long)channels);
    if (s->dims[s->rank - 2] >= INT32_MAX / 2 / channels)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "image too wide to encode");
    td_out(c, 0)->shape = *s;
    td_out(c, 0)->shape.rank = s->rank - 3;
    return NULL;
}

static td_status png_run(td_call *c)
{
    const td_tensor *const x = td_in(c, 0);
    const td_image_size size = size_of(&x->shape);
    const size_t image = size.height * size.width * size.channels * td_dtype_size(x->dtype);

    for (size_t i = 0; i < (size_t)td_shape_count(&td_out(c, 0)->shape); i++) {
        td_strbuf file = { 0 };
        const td_status s =
            td_png_encode((const char *)x->data + i * image, &size, 8 * (int)td_dtype_size(x->dtype),
                          ((const png_attrs *)c->attrs)->compression, &file);

        if (!s) {
            TD_TRY(put_file(c, i, &file));
            continue;
        }
        td_strbuf_fini(&file);
        return s;
    }
    return NULL;
}

TD_RUN_KERNEL(jpeg_kernels, 0, jpeg_run);
TD_RUN_KERNEL(png_kernels, TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_U16), png_run);

const td_op td_ops_encode[] = {
    { .name = "EncodeJpeg",
      .sig = "image: uint8 -> contents: string",
      .attrs =
          "format: string = '', quality: int = 95, progressive: bool = false, optimize_size: bool = false, "
          "chroma_downsampling: bool = true, density_unit: string = 'in', x_density: int = 300, "
          "y_density: int = 300, xmp_metadata: string = ''",
      .flags = TD_OP_ALLOCATES,
      .attrs_size = sizeof(jpeg_attrs),
      .parse = jpeg_parse,
      .infer = jpeg_infer,
      .kernels = jpeg_kernels },
    { .name = "EncodeJpegVariableQuality",
      .sig = "images: uint8, quality: int32 -> contents: string",
      .flags = TD_OP_ALLOCATES,
      .attrs_size = sizeof(jpeg_attrs),
      .parse = variable_parse,
      .infer = jpeg_infer,
      .kernels = jpeg_kernels },
    { .name = "EncodePng",
      .sig = "image: T -> contents: string",
      .attrs = "compression: int = -1, T: type = uint8",
      .flags = TD_OP_ALLOCATES,
      .attrs_size = sizeof(png_attrs),
      .parse = png_parse,
      .infer = png_infer,
      .kernels = png_kernels },
    { 0 },
};
