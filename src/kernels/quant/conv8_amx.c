/* SPDX-License-Identifier: Apache-2.0 */
/* conv8_amx.c -- sums of panels on tiles: 16 pixels by 64 bytes, 64 bytes by 16 outputs. A panel lies as its tiles want it, and
 * patches end with zeros where depth does. */
#include <immintrin.h>

#include "kernels/quant/conv8.h"

enum { TILE = 16, STEP = 64 };

/* What LDTILECFG reads. */
typedef struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} tile_config;

static void begin(void)
{
    tile_config c = { .palette = 1 };

    for (int i = 0; i < 6; i++) {
        c.bytes[i] = STEP;
        c.rows[i] = TILE;
    }
    _tile_loadconfig(&c);
}

static void end(void)
{
    _tile_release();
}

static void sums(int32_t *acc, const uint8_t *patch, size_t stride, size_t rows, const int8_t *panel,
                 size_t quads)
{
    const size_t steps = (quads + TILE - 1) / TILE;

    _tile_zero(0);
    _tile_zero(1);
    for (size_t s = 0; s < steps; s++) {
        _tile_loadd(4, panel + s * STEP * TILE, STEP);
        _tile_loadd(2, patch + s * STEP, stride);
        _tile_dpbusd(0, 2, 4);
        if (rows <= TILE) continue;
        _tile_loadd(3, patch + TILE * stride + s * STEP, stride);
        _tile_dpbusd(1, 3, 4);
    }
    _tile_stored(0, acc, STEP);
    if (rows > TILE) _tile_stored(1, acc + TILE * TD_CONV8_PANEL, STEP);
}

const td_conv8_bodies td_conv8_amx = {
    .begin = begin, .end = end, .sums = sums, .finish = td_conv8_finish_avx512, .taps = td_conv8_taps_avx512
};
