/* SPDX-License-Identifier: Apache-2.0 */
/* check_resize.c -- every body that makes lines narrower or wider or joins them, against the reference: bit for bit. */
#include <string.h>

#include "check.h"

#include "kernels/resize/resize.h"

enum { IN = 23, OUT = 37 };

static void check_across(const char *isa, td_resize_across_fn *across, size_t channels, int n_taps,
                         bool is_u8)
{
    const td_resize r = { .in = { 1, IN }, .out = { 1, OUT }, .half_pixels = true };
    const size_t n = OUT * channels, bytes = IN * channels * (is_u8 ? 1 : sizeof(float));
    float *const floats = check_buf_rand(IN * channels, -2, 2), *const want = check_buf(n);
    float *const got = check_buf(n);
    void *const u8 = check_bytes_rand(IN * channels), *const exact = check_bytes(bytes);
    const td_resize_line line = { memcpy(exact, is_u8 ? u8 : floats, bytes), is_u8, IN };
    td_resize_tap taps[OUT];

    (n_taps == 2 ? td_resize_bilinear_taps : td_resize_bicubic_taps)(&r, 1, taps);
    td_resize_ref.across(want, &line, taps, n_taps, OUT, channels);
    across(got, &line, taps, n_taps, OUT, channels);
    CHECK(!memcmp(got, want, n * sizeof *got), "across %s, %zu channels, %d taps, u8 %d", isa, channels,
          n_taps, is_u8);
    CHECK(check_guards(got, n), "across %s wrote outside its output", isa);
    check_buf_free(floats), check_buf_free(want), check_buf_free(got);
    check_bytes_free(u8), check_bytes_free(exact);
}

static void check_down(const char *isa, td_resize_down_fn *down, size_t n, int n_taps)
{
    float *const in = check_buf_rand(4 * n, -2, 2), *const want = check_buf(n), *const got = check_buf(n);
    const float *const lines[4] = { in, in + n, in + 2 * n, in + 3 * n };
    const td_resize_tap y = { { 0, 1, 2, 3 }, { 0.3f, 0.7f, -0.1f, 0.1f } };

    td_resize_ref.down(want, lines, &y, n_taps, n);
    down(got, lines, &y, n_taps, n);
    CHECK(!memcmp(got, want, n * sizeof *got), "down %s, %zu numbers, %d taps", isa, n, n_taps);
    CHECK(check_guards(got, n), "down %s wrote outside its output", isa);
    check_buf_free(in), check_buf_free(want), check_buf_free(got);
}

static void check_isa(const char *isa, const td_resize_bodies *b)
{
    for (int n_taps = 2; n_taps <= 4; n_taps += 2) {
        for (size_t channels = 1; channels <= 9; channels++)
            for (int is_u8 = 0; is_u8 < 2; is_u8++)
                check_across(isa, b->across, channels, n_taps, is_u8);
        for (size_t n = 1; n <= 35; n++)
            check_down(isa, b->down, n, n_taps);
    }
}

void check_resize(void)
{
    CHECK_EACH(resize, v)
        check_isa(v->name, v->body);
}
