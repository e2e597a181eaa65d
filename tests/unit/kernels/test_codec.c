/* SPDX-License-Identifier: Apache-2.0 */
/* test_codec.c -- what image files may not cost, and libraries that are not there. What files look like is for the goldens
 * (tests/ops/golden_cases/codec.py) and the fuzzer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/mem.h"
#include "kernels/codec/codec.h"
#include "kernels/codec/library.h"

/* No image may get this far. */
static td_status make_nothing(void *ctx, const td_image_size *size, void **pixels)
{
    (void)size, (void)pixels;
    ++*(int *)ctx;
    return TD_ERR(ABORTED, "asked for memory");
}

static int made;
static const td_image_sink nowhere = { make_nothing, &made };

static td_string bytes(const void *data, size_t size)
{
    return (td_string){ data, size };
}

static void test_missing_library(void **state)
{
    static void *fn;
    static const td_symbol symbols[] = { { "no_such_function", (void *)&fn }, { 0 } };

    (void)state;
    assert_status_like(td_shared_library_open(&(td_shared_library){ "libnone.so.9", "libnone9", symbols }),
                       TD_UNIMPLEMENTED,
                       "need libnone.so.9, which is not installed (Debian's package: libnone9)");
    assert_status_like(td_shared_library_open(&(td_shared_library){ "libc.so.6", "libc6", symbols }),
                       TD_UNIMPLEMENTED, "libc.so.6 lacks no_such_function");
    assert_null(fn);
}

static void test_sizes(void **state)
{
    const td_image_size none = { 1, 0, 4, 3 }, most = { 1, 1 << 14, 1 << 14, 1 },
                        large = { 2, 1 << 14, 1 << 14, 1 }, wrapping = { SIZE_MAX / 2, 2, 2, 3 };

    (void)state;
    assert_status_like(td_image_check("PNG", &none), TD_INVALID_ARGUMENT, "PNG image without pixels");
    assert_ok(td_image_check("PNG", &most));
    assert_status_like(td_image_check("PNG", &large), TD_INVALID_ARGUMENT, "PNG image too large: 2 x 16384");
    assert_status_like(td_image_check("PNG", &wrapping), TD_INVALID_ARGUMENT, "too large");
}

/* 300 frames of 65535 x 65535, each in 30 bytes: giflib would make room for all of them. */
static void test_many_gif_frames(void **state)
{
    static const char head[] = "GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
    static const char frame[] = "\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0";
    char file[19 + 300 * 15 + 1];
    size_t size = sizeof head - 1;

    (void)state;
    memcpy(file, head, size);
    for (int i = 0; i < 300; i++, size += sizeof frame - 1)
        memcpy(file + size, frame, sizeof frame - 1);
    file[size++] = ';';
    assert_status_like(td_gif_decode(bytes(file, size), false, &nowhere), TD_INVALID_ARGUMENT,
                       "image too large");
    assert_int_equal(made, 0);
}

static void test_large_bmp(void **state)
{
    uint8_t file[54] = "BM";

    (void)state;
    memcpy(file + 18, "\xff\xff\0\0\xff\xff\0\0", 8); /* width, height */
    file[28] = 24;
    assert_status_like(td_bmp_decode(bytes(file, sizeof file), 0, &nowhere), TD_INVALID_ARGUMENT,
                       "BMP image too large");
    assert_int_equal(made, 0);
}

/* A header for 65500 x 65500 pixels. */
static void test_large_jpeg(void **state)
{
    static const uint8_t file[] =
        "\xff\xd8\xff\xc0\0\x11\x08\xff\xdc\xff\xdc\x03\x01\x22\0\x02\x11\0\x03\x11\0"
        "\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0\x3f\0";
    const td_jpeg_how plain = { .shrink = 1 };

    (void)state;
    assert_status_like(td_jpeg_decode(bytes(file, sizeof file - 1), &plain, &nowhere), TD_INVALID_ARGUMENT,
                       "JPEG image too large");
    assert_int_equal(made, 0);
}

/* ---------------------------------------------------------------- scans */

static td_status make_image(void *ctx, const td_image_size *size, void **pixels)
{
    td_strbuf *const to = ctx;

    td_strbuf_reserve(to, size->height * size->width * size->channels);
    *pixels = to->data;
    return NULL;
}

/* The last scan of a progressive file again and again: each goes over the whole image. */
static void test_many_jpeg_scans(void **state)
{
    static uint8_t pixels[64 * 64];
    const td_image_size size = { 1, 64, 64, 1 };
    const td_jpeg_quality q = { .quality = 90, .is_progressive = true };
    const td_jpeg_how plain = { .shrink = 1 };
    td_strbuf file = { 0 }, out = { 0 };
    const td_image_sink sink = { make_image, &out };
    size_t scan = 0;

    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i / 7);
    assert_ok(td_jpeg_encode(pixels, &size, &q, &file));
    assert_ok(td_jpeg_decode(bytes(file.data, file.size), &plain, &sink));
    for (size_t i = 0; i + 1 < file.size; i++)
        if (memcmp(file.data + i, "\xff\xda", 2) == 0) scan = i;
    const size_t length = file.size - 2 - scan;
    char *const last = td_alloc(length);

    memcpy(last, file.data + scan, length);
    file.size -= 2;
    for (int i = 0; i < 600; i++)
        td_strbuf_add(&file, last, length);
    td_strbuf_add(&file, "\xff\xd9", 2);
    assert_status_like(td_jpeg_decode(bytes(file.data, file.size), &plain, &sink), TD_INVALID_ARGUMENT,
                       "Invalid JPEG data");
    td_free(last);
    td_strbuf_fini(&file);
    td_strbuf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_library), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_many_gif_frames), cmocka_unit_test(test_large_bmp),
        cmocka_unit_test(test_large_jpeg),      cmocka_unit_test(test_many_jpeg_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
