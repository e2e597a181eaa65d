/* rest_gzip.c -- bodies with Content-Encoding: gzip. */
#include <limits.h>
#include <stdlib.h>

#include <zlib.h>

#include "net/rest_server.h"

enum { GZIP_OR_ZLIB = 32 + MAX_WBITS, FIRST_ROOM = 64 << 10 };

/* Twice the room, within max and a byte more that shows what is too much. */
static bool grow(char **out, size_t *capacity, size_t max)
{
    const size_t want = TD_MIN(TD_MAX(*capacity * 2, (size_t)FIRST_ROOM), max + 1);
    char *const more = want > *capacity ? realloc(*out, want + TD_JSON_PAD) : NULL;

    if (!more) return false;
    *out = more;
    *capacity = want;
    return true;
}

static bool inflate_all(z_stream *z, size_t max, char **out, size_t *size, size_t *capacity)
{
    for (;;) {
        if (*size == *capacity && !grow(out, capacity, max)) return false;
        const size_t room = TD_MIN(*capacity - *size, (size_t)UINT_MAX);

        z->next_out = (unsigned char *)*out + *size;
        z->avail_out = (unsigned)room;
        const int code = inflate(z, Z_NO_FLUSH);

        *size += room - z->avail_out;
        if (*size > max) return false;
        if (code == Z_STREAM_END) return true;
        if (code != Z_OK) return false;
    }
}

bool td_rest_inflate(const char *data, size_t size, size_t max, char **out, size_t *out_size,
                     size_t *out_capacity)
{
    z_stream z = { .next_in = (unsigned char *)(uintptr_t)data, .avail_in = (unsigned)size };

    *out = NULL;
    *out_size = *out_capacity = 0;
    if (size > UINT_MAX || inflateInit2(&z, GZIP_OR_ZLIB) != Z_OK) return false;
    const bool is_good = inflate_all(&z, max, out, out_size, out_capacity);

    inflateEnd(&z);
    return is_good;
}
