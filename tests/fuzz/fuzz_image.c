/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_image.c -- any bytes as an image file: the first says of which format, the second how it is to be read. What is made
 * of them is of the size that was announced, and JPEG and PNG can be written and read again. */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "driver.h"
#include "kernels/codec/codec.h"

enum { MOST = 1 << 16 }; /* Elements: larger ones are decoded by the same code, but ten times a second. */

typedef struct image {
    td_image_size size;
    uint8_t *pixels;
} image;

static size_t count_of(const td_image_size *s)
{
    return s->frames * s->height * s->width * s->channels;
}

static td_status make(void *ctx, const td_image_size *size, void **pixels)
{
    image *const to = ctx;

    TD_ASSERT(!to->pixels && count_of(size) > 0 && count_of(size) < TD_IMAGE_MOST);
    if (count_of(size) > MOST) return TD_ERR(INVALID_ARGUMENT, "too large for this test");
    to->size = *size;
    to->pixels = td_try_alloc(2 * count_of(size), 16);
    *pixels = to->pixels;
    return to->pixels ? NULL : TD_ERR(RESOURCE_EXHAUSTED, "out of memory");
}

static td_status decode(unsigned format, unsigned how, td_string file, const td_image_sink *sink)
{
    static const int channels[] = { 0, 1, 3, 4 };
    const td_jpeg_how jpeg = {
        .channels = channels[how % 3],
        .shrink = 1 << (how >> 2) % 4,
        .smooth = how & 16,
        .recovers = how & 32,
        .least = how & 64 ? 0.5f : 1.0f,
        .crops = how & 128,
        .window = { 1, 2, 3, 4 },
    };

    switch (format % 6) {
    case 0:
        return td_jpeg_decode(file, &jpeg, sink);
    case 1:
        return td_png_decode(file, channels[how % 4], how & 4 ? 16 : 8, sink);
    case 2:
        return td_gif_decode(file, how & 1, sink);
    case 3:
        return td_bmp_decode(file, channels[how % 4], sink);
    case 4:
        return td_webp_decode(file, channels[how % 4], sink);
    default:
        return td_jpeg_size(file, &(td_image_size){ 0 });
    }
}

/* Without losses. */
static void write_again(const image *x)
{
    td_strbuf file = { 0 };
    image back = { 0 };
    const td_image_size size = { 1, x->size.frames * x->size.height, x->size.width, x->size.channels };
    const bool is_ok =
        fuzz_end(td_png_encode(x->pixels, &size, 8, 0, &file)) &&
        fuzz_end(td_png_decode((td_string){ file.data, file.size }, 0, 8, &(td_image_sink){ make, &back }));

    TD_ASSERT(is_ok || fuzz_is_short());
    if (is_ok) TD_ASSERT(memcmp(back.pixels, x->pixels, count_of(&size)) == 0);
    td_free(back.pixels);
    td_strbuf_fini(&file);
}

static void write_jpeg(const image *x, unsigned how)
{
    const td_jpeg_quality q = { .quality = (int)(how % 101),
                                .is_progressive = how & 1,
                                .fewer_colors = how & 2 };
    td_strbuf file = { 0 };

    if (x->size.channels % 2 == 1 && x->size.height < 65500 && x->size.width < 65500)
        (void)fuzz_end(td_jpeg_encode(x->pixels, &x->size, &q, &file));
    td_strbuf_fini(&file);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    image x = { 0 };

    if (size < 2) return;
    const td_string file = { (const char *)data + 2, size - 2 };

    if (fuzz_end(decode(data[0], data[1], file, &(td_image_sink){ make, &x })) && x.pixels) {
        write_again(&x);
        write_jpeg(&x, data[1]);
    }
    td_free(x.pixels);
}
