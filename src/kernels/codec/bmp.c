/* SPDX-License-Identifier: Apache-2.0 */
/* bmp.c -- uncompressed bitmaps of 8 (grey), 24 and 32 bits; see codec.h. */
#include <inttypes.h>

#include "base/macros.h"
#include "kernels/codec/codec.h"

td_status td_image_check(const char *format, const td_image_size *s)
{
    size_t n = TD_IMAGE_MOST;

    if (!s->frames || !s->height || !s->width || !s->channels)
        return TD_ERR(INVALID_ARGUMENT, "%s image without pixels", format);
    n = n / s->frames / s->height / s->width;
    if (n > s->channels) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s image too large: %zu x %zu x %zu x %zu", format, s->frames, s->height,
                  s->width, s->channels);
}

static int32_t read_i32(const uint8_t *p)
{
    return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* The header: 14 bytes, then one of 40 or more. */
typedef struct bitmap {
    const uint8_t *pixels;
    int64_t begin, width, height; /* height < 0: from the top */
    size_t channels, rows, row;   /* row: bytes of one, padded */
} bitmap;

static td_status read_header(td_string file, bitmap *b)
{
    const uint8_t *const p = (const uint8_t *)file.data;

    if (file.size < 32)
        return TD_ERR(INVALID_ARGUMENT, "Incomplete bmp content, requires at least 32 bytes, got %zu bytes",
                      file.size);
    const int bits = (int16_t)((uint16_t)p[28] | (uint16_t)p[29] << 8);

    b->begin = read_i32(p + 10);
    b->width = read_i32(p + 18);
    b->height = read_i32(p + 22);
    if (bits / 8 != 1 && bits / 8 != 3 && bits / 8 != 4)
        return TD_ERR(INVALID_ARGUMENT, "Number of channels inherent in the image must be 1, 3 or 4, was %d",
                      bits / 8);
    b->channels = (size_t)bits / 8;
    if (b->width <= 0) return TD_ERR(INVALID_ARGUMENT, "Width must be positive");
    if (b->height == 0) return TD_ERR(INVALID_ARGUMENT, "Height must be nonzero");
    if (b->begin < 0) return TD_ERR(INVALID_ARGUMENT, "header size must be nonnegative");
    b->rows = (size_t)(b->height < 0 ? -b->height : b->height);
    return NULL;
}

static td_status find_pixels(td_string file, bitmap *b)
{
    b->row = ((size_t)b->width * b->channels + 3) / 4 * 4;
    const size_t size = (size_t)b->begin + b->row * b->rows;

    if (file.size != size)
        return TD_ERR(INVALID_ARGUMENT,
                      "Input size should match (header_size + row_size * abs_height): %zu, not %zu", size,
                      file.size);
    b->pixels = (const uint8_t *)file.data + b->begin;
    return NULL;
}

/* Blue, green, red[, alpha], or grey, to what was asked for. */
static void convert(uint8_t *out, size_t to, const uint8_t *in, size_t from)
{
    for (size_t i = 0; i < TD_MIN(to, 3); i++)
        out[i] = in[from == 1 ? 0 : 2 - i];
    if (to == 4) out[3] = from == 4 ? in[3] : UINT8_MAX;
}

td_status td_bmp_decode(td_string file, int channels, const td_image_sink *sink)
{
    bitmap b = { 0 };
    void *pixels;

    TD_TRY(read_header(file, &b));
    const td_image_size size = { 1, b.rows, (size_t)b.width, channels ? (size_t)channels : b.channels };

    TD_TRY(td_image_check("BMP", &size));
    TD_TRY(find_pixels(file, &b));
    TD_TRY(sink->make(sink->ctx, &size, &pixels));
    uint8_t *out = pixels;
    for (size_t y = 0; y < b.rows; y++) {
        const uint8_t *const line = b.pixels + (b.height < 0 ? y : b.rows - 1 - y) * b.row;

        for (size_t x = 0; x < size.width; x++, out += size.channels)
            convert(out, size.channels, line + x * b.channels, b.channels);
    }
    return NULL;
}
