/* SPDX-License-Identifier: Apache-2.0 */
/* png.c -- PNG to pixels and back; see codec.h. libpng ends calls that fail by a jump to where guard() was called. */
#include <png.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/codec/codec.h"
#include "kernels/codec/library.h"

static struct {
#define X(name) __typeof__(png_##name) *name;
#include "kernels/codec/png_api.inc"
#undef X
} lib;

static const td_symbol symbols[] = {
#define X(name) { "png_" #name, (void *)&lib.name },
#include "kernels/codec/png_api.inc"
#undef X
    { 0 },
};

static const td_shared_library library = { "libpng16.so.16", "libpng16-16", symbols };

/* ---------------------------------------------------------------- */

typedef struct job {
    png_structp png;
    png_infop info;
    char text[80]; /* what went wrong */
    td_status status;
    /* reading */
    td_string file; /* what is left of it */
    int bits, passes, depth;
    size_t channels, height, width;
    const td_image_sink *sink;
    /* writing */
    const char *pixels;
    const td_image_size *size;
    int compression;
    td_strbuf *out;
    bool is_short; /* of memory */
} job;

static void jump(png_structp png, png_const_charp text)
{
    job *const j = lib.get_error_ptr(png);

    strncpy(j->text, text, sizeof j->text - 1);
    lib.longjmp(png, 1);
}

static void pass_over(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static bool guard(job *j, void (*fn)(job *j))
{
    if (setjmp(*lib.set_longjmp_fn(j->png, longjmp, sizeof(jmp_buf)))) return false;
    fn(j);
    return true;
}

/* ---------------------------------------------------------------- reading */

static void take_bytes(png_structp png, png_bytep data, size_t size)
{
    job *const j = lib.get_io_ptr(png);

    if (size > j->file.size) lib.error(png, "More bytes requested to read than available");
    memcpy(data, j->file.data, size);
    j->file.data += size;
    j->file.size -= size;
}

/* Alpha: kept, made of a transparent color or anew, or dropped. */
static void choose_alpha(job *j, int color, bool has_tRNS)
{
    const bool has_alpha = (color & PNG_COLOR_MASK_ALPHA) != 0;

    if (j->channels % 2 != 0) {
        if (has_alpha || has_tRNS) lib.set_strip_alpha(j->png);
    } else if (!has_alpha && has_tRNS) {
        lib.set_tRNS_to_alpha(j->png);
    } else if (!has_alpha) {
        lib.set_add_alpha(j->png, (1u << j->depth) - 1, PNG_FILLER_AFTER);
    }
}

static void choose_color(job *j, int color)
{
    const bool is_gray = !(color & PNG_COLOR_MASK_COLOR), wants_gray = j->channels < 3;

    if (color == PNG_COLOR_TYPE_PALETTE) lib.set_palette_to_rgb(j->png);
    if (is_gray && j->depth < 8) lib.set_expand_gray_1_2_4_to_8(j->png);
    if (wants_gray && !is_gray) lib.set_rgb_to_gray(j->png, 1, 0.299, 0.587);
    if (!wants_gray && is_gray) lib.set_gray_to_rgb(j->png);
}

static void read_header(job *j)
{
    png_uint_32 width = 0, height = 0;
    int color = 0;

    lib.set_read_fn(j->png, j, take_bytes);
    lib.read_info(j->png, j->info);
    (void)lib.get_IHDR(j->png, j->info, &width, &height, &j->depth, &color, NULL, NULL, NULL);
    j->width = width;
    j->height = height;
    const bool has_tRNS = lib.get_valid(j->png, j->info, PNG_INFO_tRNS) != 0;

    if (j->channels == 0)
        j->channels = color == PNG_COLOR_TYPE_PALETTE ? has_tRNS ? 4 : 3 : lib.get_channels(j->png, j->info);
    choose_alpha(j, color, has_tRNS);
    if (j->depth > 8 && j->bits == 8) lib.set_strip_16(j->png);
    lib.set_packing(j->png);
    j->passes = lib.set_interlace_handling(j->png);
    if (j->bits == 16) lib.set_swap(j->png); /* little endian */
    choose_color(j, color);
    lib.read_update_info(j->png, j->info);
}

/* Rows of 8-bit numbers at the head of rows for 16-bit ones, of which they fill both halves; from behind. */
static void widen(uint8_t *row, size_t n)
{
    for (size_t i = n; i > 0; i--)
        row[2 * i - 1] = row[2 * i - 2] = row[i - 1];
}

static void read_pixels(job *j)
{
    const td_image_size size = { 1, j->height, j->width, j->channels };
    const size_t row = j->width * j->channels * (size_t)j->bits / 8;
    void *pixels = NULL;

    j->status = td_image_check("PNG", &size);
    if (!j->status && lib.get_rowbytes(j->png, j->info) > row)
        j->status = TD_ERR(INTERNAL, "PNG rows are longer than their pixels");
    if (!j->status) j->status = j->sink->make(j->sink->ctx, &size, &pixels);
    if (j->status) return;
    for (int pass = 0; pass < j->passes; pass++)
        for (size_t y = 0; y < j->height; y++)
            lib.read_row(j->png, (png_bytep)pixels + y * row, NULL);
    lib.read_end(j->png, j->info);
    for (size_t y = 0; j->bits == 16 && j->depth <= 8 && y < j->height; y++)
        widen((uint8_t *)pixels + y * row, j->width * j->channels);
}

td_status td_png_decode(td_string file, int channels, int bits, const td_image_sink *sink)
{
    job j = { .file = file, .bits = bits, .channels = (size_t)channels, .sink = sink };

    TD_TRY(td_shared_library_open(&library));
    j.png = lib.create_read_struct(PNG_LIBPNG_VER_STRING, &j, jump, pass_over);
    if (j.png) j.info = lib.create_info_struct(j.png);
    if (!j.info)
        j.status = TD_ERR(RESOURCE_EXHAUSTED, "out of memory");
    else if (!guard(&j, read_header))
        j.status = TD_ERR(INVALID_ARGUMENT, "Invalid PNG. Failed to initialize decoder: %s", j.text);
    else if (!guard(&j, read_pixels))
        j.status = TD_ERR(INVALID_ARGUMENT, "Invalid PNG data, size %zu: %s", file.size, j.text);
    if (j.png) lib.destroy_read_struct(&j.png, &j.info, NULL);
    return j.status;
}

/* ---------------------------------------------------------------- writing */

static void add_bytes(png_structp png, png_bytep data, size_t size)
{
    job *const j = lib.get_io_ptr(png);

    j->is_short = !td_strbuf_try_reserve(j->out, size);
    if (j->is_short) lib.error(png, "out of memory");
    td_strbuf_add(j->out, data, size);
}

static void flush(png_structp png)
{
    (void)png;
}

static void write_image(job *j)
{
    static const int colors[] = { PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                  PNG_COLOR_TYPE_RGB_ALPHA };
    const td_image_size *const s = j->size;
    const size_t row = s->width * s->channels * (size_t)j->bits / 8;

    lib.set_write_fn(j->png, j, add_bytes, flush);
    lib.set_compression_level(j->png, j->compression);
    lib.set_compression_mem_level(j->png, 9);
    lib.set_IHDR(j->png, j->info, (png_uint_32)s->width, (png_uint_32)s->height, j->bits,
                 colors[s->channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    lib.write_info(j->png, j->info);
    if (j->bits == 16) lib.set_swap(j->png);
    for (size_t y = 0; y < s->height; y++)
        lib.write_row(j->png, (png_const_bytep)(j->pixels + y * row));
    lib.write_end(j->png, NULL);
}

td_status td_png_encode(const void *pixels, const td_image_size *size, int bits, int compression,
                        td_strbuf *out)
{
    job j = { .pixels = pixels, .size = size, .bits = bits, .compression = compression, .out = out };

    if (size->width == 0 || size->height == 0) return TD_ERR(INTERNAL, "PNG encoding failed: no pixels");
    TD_TRY(td_shared_library_open(&library));
    j.png = lib.create_write_struct(PNG_LIBPNG_VER_STRING, &j, jump, pass_over);
    if (j.png) j.info = lib.create_info_struct(j.png);
    const bool is_ok = j.info && guard(&j, write_image);

    if (!j.info || j.is_short)
        j.status = TD_ERR(RESOURCE_EXHAUSTED, "out of memory");
    else if (!is_ok)
        j.status = TD_ERR(INTERNAL, "PNG encoding failed: %s", j.text);
    if (j.png) lib.destroy_write_struct(&j.png, &j.info);
    return j.status;
}
