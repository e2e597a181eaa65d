/* SPDX-License-Identifier: Apache-2.0 */
/* inflate.c -- gzip and zlib, into memory that grows with what comes out and not with what is claimed. */
#include "net/inflate.h"

#include <limits.h>

#include <zlib.h>

#include "base/mem.h"
#include "base/zlib_mem.h"

enum { GZIP_OR_ZLIB = 32 + MAX_WBITS, FIRST_ROOM = 64 << 10 };

static td_status no_memory(void)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a request");
}

/* Twice the room, within max and a byte more that shows what is too much. */
static td_status grow(char **out, size_t *capacity, size_t max, size_t pad)
{
    const size_t want = TD_MIN(TD_MAX(*capacity * 2, (size_t)FIRST_ROOM), max + 1);

    TD_ASSERT(want > *capacity);
    char *const more = td_try_grow(*out, *out ? *capacity + pad : 0, want + pad);
    if (!more) return no_memory();
    *out = more;
    *capacity = want;
    return NULL;
}

static td_status inflate_all(z_stream *z, size_t max, size_t pad, char **out, size_t *size, size_t *capacity)
{
    for (;;) {
        if (*size == *capacity) TD_TRY(grow(out, capacity, max, pad));
        const size_t room = TD_MIN(*capacity - *size, (size_t)UINT_MAX);

        z->next_out = (unsigned char *)*out + *size;
        z->avail_out = (unsigned)room;
        const int code = inflate(z, Z_NO_FLUSH);

        *size += room - z->avail_out;
        if (*size > max) return TD_ERR(OUT_OF_RANGE, "The body inflates to more than %zu bytes", max);
        if (code == Z_STREAM_END) return NULL;
        if (code == Z_MEM_ERROR) return no_memory();
        if (code != Z_OK) return TD_ERR(INVALID_ARGUMENT, "The body is no gzip");
    }
}

td_status td_inflate(const void *data, size_t size, size_t max, size_t pad, char **out, size_t *out_size,
                     size_t *out_capacity)
{
    z_stream z = { .next_in = (unsigned char *)(uintptr_t)data,
                   .zalloc = td_zlib_alloc,
                   .zfree = td_zlib_free };

    *out = NULL;
    *out_size = *out_capacity = 0;
    if (size > UINT_MAX) return TD_ERR(INVALID_ARGUMENT, "A gzip of %zu bytes", size);
    z.avail_in = (unsigned)size;
    if (inflateInit2(&z, GZIP_OR_ZLIB) != Z_OK) return no_memory();
    const td_status error = inflate_all(&z, max, pad, out, out_size, out_capacity);

    inflateEnd(&z);
    return error;
}
