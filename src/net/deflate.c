/* SPDX-License-Identifier: Apache-2.0 */
/* deflate.c -- see deflate.h. The level is zlib's quickest: numbers as text get half as long by any. Windows and tables are as
 * small as the data, as clearing those of zlib's default takes longer than a small reply. */
#include "net/deflate.h"

#include <limits.h>
#include <stdint.h>

#include <zlib.h>

#include "base/macros.h"
#include "base/mem.h"

enum {
    GZIP = 16,
    LEAST_WINDOW = 10, /* as logarithms */
    TABLE_BELOW_WINDOW = 7,
    PIECE = 256 << 10, /* between two looks at stop() */
};

static bool begin(z_stream *z, size_t size)
{
    int window = LEAST_WINDOW;

    while (window < MAX_WBITS && (size_t)1 << window < size)
        window++;
    return deflateInit2(z, Z_BEST_SPEED, Z_DEFLATED, window + GZIP, window - TABLE_BELOW_WINDOW,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

/* Out of room: it would be no smaller. */
static bool deflate_all(z_stream *z, size_t size, bool (*stop)(void *ctx), void *ctx)
{
    for (size_t left = size; left && !stop(ctx);) {
        const size_t piece = TD_MIN(left, (size_t)PIECE);

        left -= piece;
        z->avail_in = (unsigned)piece;
        const int code = deflate(z, left ? Z_NO_FLUSH : Z_FINISH);

        if (code == Z_STREAM_END) return true;
        if (code != Z_OK || z->avail_in) return false;
    }
    return false;
}

bool td_gzip(const void *data, size_t size, bool (*stop)(void *ctx), void *ctx, char **out, size_t *out_size,
             size_t *capacity)
{
    z_stream z = { .next_in = (unsigned char *)(uintptr_t)data };

    if (size > UINT_MAX || !begin(&z, size)) return false;
    char *const room = td_try_grow(NULL, 0, size);
    bool is_smaller = false;

    if (room) {
        z.next_out = (unsigned char *)room;
        z.avail_out = (unsigned)size;
        is_smaller = deflate_all(&z, size, stop, ctx);
    }
    *out_size = z.total_out;
    deflateEnd(&z);
    if (is_smaller) {
        *out = room;
        *capacity = size;
    } else {
        td_free_grown(room, size);
    }
    return is_smaller;
}
