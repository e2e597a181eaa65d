/* SPDX-License-Identifier: Apache-2.0 */
/* webp.c -- WebP to pixels; see codec.h. */
#include <webp/decode.h>

#include "base/macros.h"
#include "kernels/codec/codec.h"
#include "kernels/codec/library.h"

static struct {
    __typeof__(WebPGetFeaturesInternal) *features;
    __typeof__(WebPDecodeRGBInto) *rgb;
    __typeof__(WebPDecodeRGBAInto) *rgba;
} lib;

static const td_symbol symbols[] = {
    { "WebPGetFeaturesInternal", (void *)&lib.features },
    { "WebPDecodeRGBInto", (void *)&lib.rgb },
    { "WebPDecodeRGBAInto", (void *)&lib.rgba },
    { 0 },
};

static const td_shared_library library = { "libwebp.so.7", "libwebp7", symbols };

td_status td_webp_decode(td_string file, int channels, const td_image_sink *sink)
{
    const uint8_t *const data = (const uint8_t *)file.data;
    WebPBitstreamFeatures f;
    void *pixels;

    TD_TRY(td_shared_library_open(&library));
    if (lib.features(data, file.size, &f, WEBP_DECODER_ABI_VERSION) != VP8_STATUS_OK)
        return TD_ERR(INVALID_ARGUMENT, "Failed to decode WebP header.");
    const td_image_size size = { 1, (size_t)f.height, (size_t)f.width, f.has_alpha ? 4 : 3 };

    if (channels && (size_t)channels != size.channels)
        return TD_ERR(INVALID_ARGUMENT, "Number of channels requested does not match input");
    if (f.has_animation) return TD_ERR(UNIMPLEMENTED, "WebP images that move are not supported");
    TD_TRY(td_image_check("WebP", &size));
    TD_TRY(sink->make(sink->ctx, &size, &pixels));
    const size_t row = size.width * size.channels, bytes = row * size.height;

    if ((size.channels == 4 ? lib.rgba : lib.rgb)(data, file.size, pixels, bytes, (int)row)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Failed to decode WebP image.");
}
