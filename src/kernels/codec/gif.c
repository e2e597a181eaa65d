/* SPDX-License-Identifier: Apache-2.0 */
/* gif.c -- GIF to pixels, frame upon frame; see codec.h.
 *
 * giflib makes room for every frame before anybody sees how many there are, so the frames are counted first. */
#include <gif_lib.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/codec/codec.h"
#include "kernels/codec/library.h"

static struct {
    __typeof__(DGifOpen) *open;
    __typeof__(DGifSlurp) *slurp;
    __typeof__(DGifCloseFile) *close;
    __typeof__(DGifSavedExtensionToGCB) *extension;
    __typeof__(GifErrorString) *error_text;
} lib;

static const td_symbol symbols[] = {
    { "DGifOpen", (void *)&lib.open },
    { "DGifSlurp", (void *)&lib.slurp },
    { "DGifCloseFile", (void *)&lib.close },
    { "DGifSavedExtensionToGCB", (void *)&lib.extension },
    { "GifErrorString", (void *)&lib.error_text },
    { 0 },
};

static const td_shared_library library = { "libgif.so.7", "libgif7", symbols };

/* ---------------------------------------------------------------- counting: a walk over the blocks */

typedef struct walk {
    td_string rest;
    size_t pixels; /* of all frames that begin in the file */
    int whole;     /* frames that end in it, too */
} walk;

/* False: the file ends before. */
static bool pass(walk *w, size_t n)
{
    if (n > w->rest.size) return false;
    w->rest.data += n;
    w->rest.size -= n;
    return true;
}

static unsigned byte_at(const walk *w, size_t i)
{
    return (unsigned char)w->rest.data[i];
}

static size_t palette_size(unsigned flags)
{
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

static bool pass_data(walk *w)
{
    while (w->rest.size > 0) {
        const size_t n = byte_at(w, 0);

        if (!pass(w, 1 + n)) return false;
        if (n == 0) return true;
    }
    return false;
}

/* Of its 10 bytes, 4 are the size, and one says whether a palette follows. */
static bool pass_frame(walk *w)
{
    if (w->rest.size < 10) return false;
    const size_t width = byte_at(w, 5) | byte_at(w, 6) << 8, height = byte_at(w, 7) | byte_at(w, 8) << 8;

    w->pixels += width * height;
    const bool is_whole = pass(w, 10 + palette_size(byte_at(w, 9))) && pass(w, 1) && pass_data(w);

    w->whole += is_whole;
    return is_whole;
}

static walk count_frames(td_string file)
{
    walk w = { file, 0, 0 };

    if (file.size < 13 || !pass(&w, 13 + palette_size((unsigned char)file.data[10]))) return w;
    while (w.rest.size > 0 && w.pixels < TD_IMAGE_MOST) {
        const unsigned kind = byte_at(&w, 0);
        const bool goes_on = kind == 0x21 ? pass(&w, 2) && pass_data(&w) : kind == 0x2c && pass_frame(&w);

        if (!goes_on) break;
    }
    return w;
}

/* ---------------------------------------------------------------- frames */

static int take_bytes(GifFileType *gif, GifByteType *to, int size)
{
    td_string *const rest = gif->UserData;
    const size_t n = TD_MIN((size_t)size, rest->size);

    if (n) memcpy(to, rest->data, n);
    rest->data += n;
    rest->size -= n;
    return (int)n;
}

static td_status bad(td_string file, const char *what, int code)
{
    const char *const text = code ? lib.error_text(code) : NULL;
    return TD_ERR(INVALID_ARGUMENT, "Invalid GIF data (size %zu), %s%s%s", file.size, what, text ? ": " : "",
                  text ? text : "");
}

/* All are as large as the largest one. */
static td_image_size size_of(const GifFileType *gif, int frames, bool first_only)
{
    td_image_size s = { first_only ? 1 : (size_t)frames, 0, 0, 3 };

    for (int i = 0; i < frames; i++) {
        s.height = TD_MAX(s.height, (size_t)gif->SavedImages[i].ImageDesc.Height);
        s.width = TD_MAX(s.width, (size_t)gif->SavedImages[i].ImageDesc.Width);
    }
    return s;
}

/* Over what `out` shows already. */
static const char *draw_frame(const GifFileType *gif, int k, const td_image_size *size, uint8_t *out)
{
    const SavedImage *const image = &gif->SavedImages[k];
    const GifImageDesc *const d = &image->ImageDesc;
    const ColorMapObject *const colors = d->ColorMap ? d->ColorMap : gif->SColorMap;
    GraphicsControlBlock control = { .TransparentColor = NO_TRANSPARENT_COLOR };

    (void)lib.extension((GifFileType *)(uintptr_t)gif, k, &control);
    if (!colors) return "missing color map";
    for (int y = TD_MAX(d->Top, 0); y < TD_MIN(d->Top + d->Height, (int)size->height); y++)
        for (int x = TD_MAX(d->Left, 0); x < TD_MIN(d->Left + d->Width, (int)size->width); x++) {
            const int color =
                image->RasterBits[(size_t)(y - d->Top) * (size_t)d->Width + (size_t)(x - d->Left)];
            uint8_t *const p = out + ((size_t)y * size->width + (size_t)x) * 3;

            if (color == control.TransparentColor) continue;
            if (color >= colors->ColorCount) return "found color index outside of color map range";
            p[0] = colors->Colors[color].Red;
            p[1] = colors->Colors[color].Green;
            p[2] = colors->Colors[color].Blue;
        }
    return NULL;
}

static td_status draw(const GifFileType *gif, int frames, td_string file, bool first_only,
                      const td_image_sink *sink)
{
    const td_image_size size = size_of(gif, frames, first_only);
    const size_t frame = size.height * size.width * 3;
    void *pixels;

    TD_TRY(td_image_check("GIF", &size));
    TD_TRY(sink->make(sink->ctx, &size, &pixels));
    uint8_t *out = pixels;
    for (size_t k = 0; k < size.frames; k++, out += frame) {
        if (k == 0)
            memset(out, 0, frame);
        else
            memcpy(out, out - frame, frame);
        const char *const what = draw_frame(gif, (int)k, &size, out);

        if (what) return bad(file, what, 0);
    }
    return NULL;
}

/* How many frames of a broken file are good: those before the last, which holds what memory held, unless giflib is new
 * enough to have dropped it; and that one, too, if it is what comes behind that is broken. */
static int count_good(const GifFileType *gif, int whole)
{
    static const int bad_frame[] = { D_GIF_ERR_IMAGE_DEFECT, D_GIF_ERR_EOF_TOO_SOON, D_GIF_ERR_DATA_TOO_BIG,
                                     D_GIF_ERR_NOT_ENOUGH_MEM };
    bool is_bad = gif->Error == D_GIF_ERR_READ_FAILED && gif->ImageCount > whole;
    int n = gif->ImageCount;

    for (size_t i = 0; i < TD_COUNT(bad_frame); i++)
        is_bad = is_bad || gif->Error == bad_frame[i];
    if (is_bad && n > 0) n--;
    while (n > 0 && !gif->SavedImages[n - 1].RasterBits)
        n--;
    return n;
}

td_status td_gif_decode(td_string file, bool first_only, const td_image_sink *sink)
{
    td_string rest = file;
    int code = 0;

    TD_TRY(td_shared_library_open(&library));
    const walk counted = count_frames(file);

    if (counted.pixels >= TD_IMAGE_MOST) return bad(file, "image too large", 0);
    GifFileType *const gif = lib.open(&rest, take_bytes, &code);

    if (!gif) return bad(file, "failed to open gif file", code);
    const bool is_whole = lib.slurp(gif) == GIF_OK;
    const int frames = is_whole ? gif->ImageCount : count_good(gif, counted.whole);
    const td_status s = frames > 0 ? draw(gif, frames, file, first_only, sink)
                        : is_whole ? bad(file, "gif file does not contain any image", 0)
                                   : bad(file, "failed to slurp gif file", gif->Error);

    (void)lib.close(gif, &code);
    return s;
}
