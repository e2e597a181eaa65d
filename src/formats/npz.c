/* SPDX-License-Identifier: Apache-2.0 */
/* npz.c -- a zip archive is read from its end: the record there says where the directory is, which has an entry a file,
 * which says where the file's own head is; its bytes follow that. Numbers are little-endian.
 *
 *     [head, bytes] ... [entry] ... [end record]
 */
#include "formats/npz.h"

#include <string.h>

#include <zlib.h>

#include "base/mem.h"
#include "base/zlib_mem.h"
#include "formats/npy.h"

enum { HEAD_SIZE = 30, ENTRY_SIZE = 46, END_SIZE = 22, COMMENT_MAX = 65535 };
enum { STORED = 0, DEFLATED = 8, ENCRYPTED = 1 };
enum { RATIO_MAX = 1032, SLACK = 1024 }; /* of deflate: nothing says more in fewer bytes */

typedef struct entry {
    td_string name;
    unsigned flags, method;
    size_t packed, size, at; /* at: of its head */
} entry;

typedef struct archive {
    const unsigned char *bytes;
    size_t size;
    size_t directory, n; /* where it is, and entries in it */
} archive;

static unsigned u16(const unsigned char *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static size_t u32(const unsigned char *p)
{
    return (size_t)u16(p) | (size_t)u16(p + 2) << 16;
}

static td_status damaged(void)
{
    return TD_ERR(INVALID_ARGUMENT, "damaged .npz file");
}

static bool is_record(const unsigned char *p, unsigned char a, unsigned char b)
{
    return p[0] == 'P' && p[1] == 'K' && p[2] == a && p[3] == b;
}

bool td_npz_is(const void *bytes, size_t size)
{
    return size >= 4 && (is_record(bytes, 3, 4) || is_record(bytes, 5, 6));
}

static td_status open_archive(archive *a)
{
    const size_t most = TD_MIN(a->size, (size_t)END_SIZE + COMMENT_MAX);

    for (size_t back = END_SIZE; back <= most; back++) {
        const unsigned char *const end = a->bytes + a->size - back;

        if (!is_record(end, 5, 6)) continue;
        a->n = u16(end + 10);
        a->directory = u32(end + 16);
        if (a->directory == UINT32_MAX || a->n == UINT16_MAX)
            return TD_ERR(UNIMPLEMENTED, ".npz files beyond 4 GiB cannot be read: use .npy");
        return a->directory <= a->size ? NULL : damaged();
    }
    return damaged();
}

/* The entry at *at, which is moved behind it. */
static td_status read_entry(const archive *a, size_t *at, entry *out)
{
    const unsigned char *const p = a->bytes + *at;
    const size_t left = a->size - *at;

    if (left < ENTRY_SIZE || !is_record(p, 1, 2)) return damaged();
    const size_t name = u16(p + 28), all = ENTRY_SIZE + name + u16(p + 30) + u16(p + 32);

    if (all > left) return damaged();
    *out = (entry){ .name = { (const char *)p + ENTRY_SIZE, name },
                    .flags = u16(p + 8),
                    .method = u16(p + 10),
                    .packed = u32(p + 20),
                    .size = u32(p + 24),
                    .at = u32(p + 42) };
    *at += all;
    return NULL;
}

static bool is_named(const entry *e, td_string name)
{
    return e->name.size == name.size + 4 && !memcmp(e->name.data, name.data, name.size) &&
           !memcmp(e->name.data + name.size, ".npy", 4);
}

static td_status find_entry(const archive *a, td_string name, entry *out)
{
    size_t at = a->directory;

    if (!name.size && a->n != 1)
        return TD_ERR(INVALID_ARGUMENT, "it contains %s ndarrays. Please specify the name of ndarray to use.",
                      a->n ? "more than one" : "no");
    for (size_t i = 0; i < a->n; i++) {
        TD_TRY(read_entry(a, &at, out));
        if (!name.size || is_named(out, name)) return NULL;
    }
    return TD_ERR(NOT_FOUND, "it does not contain variable with name \"%.*s\".",
                  (int)TD_MIN(name.size, (size_t)200), name.data);
}

/* ---------------------------------------------------------------- bytes */

/* All of e into out, which has room for e->size. */
static td_status inflate_entry(const entry *e, const unsigned char *packed, unsigned char *out)
{
    z_stream z = { .zalloc = td_zlib_alloc,
                   .zfree = td_zlib_free,
                   .next_in = (Bytef *)(uintptr_t)packed,
                   .avail_in = (uInt)e->packed,
                   .next_out = out,
                   .avail_out = (uInt)e->size };

    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a .npz file");
    const int code = inflate(&z, Z_FINISH);
    const bool is_whole = code == Z_STREAM_END && z.total_out == e->size;

    (void)inflateEnd(&z);
    if (code == Z_MEM_ERROR) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a .npz file");
    return is_whole ? NULL : damaged();
}

static td_status parse_deflated(const entry *e, const unsigned char *packed, td_tensor *out)
{
    if (e->size > RATIO_MAX * e->packed + SLACK) return damaged();
    unsigned char *const bytes = td_try_alloc(e->size + 1, 1);

    if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu bytes of a .npz file", e->size);
    td_status error = inflate_entry(e, packed, bytes);

    if (!error) error = td_npy_parse(bytes, e->size, out);
    td_free(bytes);
    return error;
}

static td_status parse_entry(const archive *a, const entry *e, td_tensor *out)
{
    if (e->at > a->size || a->size - e->at < HEAD_SIZE || !is_record(a->bytes + e->at, 3, 4))
        return damaged();
    const unsigned char *const head = a->bytes + e->at;
    const size_t left = a->size - e->at, before = HEAD_SIZE + (size_t)u16(head + 26) + u16(head + 28);

    if (e->packed == UINT32_MAX || e->size == UINT32_MAX)
        return TD_ERR(UNIMPLEMENTED, "arrays beyond 4 GiB in .npz files cannot be read: use .npy");
    if (before > left || e->packed > left - before) return damaged();
    if ((e->flags & ENCRYPTED) || (e->method != STORED && e->method != DEFLATED))
        return TD_ERR(UNIMPLEMENTED, ".npz file that is encrypted, or compressed by method %u", e->method);
    return e->method == STORED ? td_npy_parse(head + before, e->packed, out)
                               : parse_deflated(e, head + before, out);
}

td_status td_npz_parse(const unsigned char *bytes, size_t size, td_string name, td_tensor *out)
{
    archive a = { .bytes = bytes, .size = size };
    entry e = { 0 };

    TD_TRY(open_archive(&a));
    TD_TRY(find_entry(&a, name, &e));
    return parse_entry(&a, &e, out);
}
