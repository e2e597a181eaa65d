/* SPDX-License-Identifier: Apache-2.0 */
/* pack_file.c -- see pack_file.h. Numbers are in the machine's own byte order: no other machine's packs are of use. */
#include "ops/pack_file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/file_map.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "ops/pack_file_head.h"

enum { PAGE = 4096 };

struct td_pack_file {
    td_file_map map;
    const td_pack_entry *entries;
    size_t n;
};

/* ---------------------------------------------------------------- reading */

/* Whoever may write it decides what the model answers. */
static td_status check_owner(const char *path)
{
    struct stat st;

    if (stat(path, &st)) return td_file_error(path);
    if (st.st_uid == geteuid() || st.st_uid == 0) return NULL;
    return TD_ERR(PERMISSION_DENIED, "%s belongs to user %ld", path, (long)st.st_uid);
}

td_status td_pack_file_open(const char *path, const td_pack_file_key *key, td_pack_file **out)
{
    td_pack_file f;

    TD_TRY(check_owner(path));
    TD_TRY(td_file_map_open(path, &f.map));
    const td_status s = td_pack_file_parse(f.map.data, f.map.size, key, &f.entries, &f.n);

    if (s) {
        td_file_map_close(&f.map);
        return td_status_prefix(s, "%s: ", path);
    }
    *out = TD_NEW(td_pack_file);
    **out = f;
    return NULL;
}

void td_pack_file_free(td_pack_file *f)
{
    if (!f) return;
    td_file_map_close(&f->map);
    td_free(f);
}

typedef struct check {
    const td_pack_file *f;
    atomic_bool is_bad;
} check;

static void check_one(void *ctx, size_t i, int thread)
{
    check *const c = ctx;
    const td_pack_entry *const e = &c->f->entries[i];

    (void)thread;
    /* relaxed: it is looked at when all are done */
    if (td_crc32c(0, c->f->map.data + e->offset, (size_t)e->id.size) != e->crc)
        atomic_store_explicit(&c->is_bad, true, memory_order_relaxed);
}

td_status td_pack_file_check(const td_pack_file *f, td_team *team)
{
    check c = { .f = f };

    td_team_run(team, f->n, check_one, &c);
    return atomic_load_explicit(&c.is_bad, memory_order_relaxed)
               ? TD_ERR(DATA_LOSS, "the checksum of packed weights does not match")
               : NULL;
}

const void *td_pack_file_find(const td_pack_file *f, const td_pack_id *id)
{
    for (size_t i = 0; i < f->n; i++)
        if (memcmp(&f->entries[i].id, id, sizeof *id) == 0) return f->map.data + f->entries[i].offset;
    return NULL;
}

size_t td_pack_file_bytes(const td_pack_file *f)
{
    return f->map.size;
}

/* ---------------------------------------------------------------- writing */

/* Large ones begin on a page: whoever reads one asks the disk for no other. */
static size_t place(size_t at, size_t size)
{
    return td_round_up(at, size >= PAGE ? PAGE : TD_PACK_FILE_ALIGN);
}

static size_t lay_out(const td_pack_piece *pieces, size_t n, td_pack_entry *entries)
{
    size_t at = sizeof(td_pack_head) + n * sizeof *entries;

    for (size_t i = 0; i < n; i++) {
        const size_t size = (size_t)pieces[i].id.size;

        at = place(at, size);
        if (entries)
            entries[i] = (td_pack_entry){ .id = pieces[i].id,
                                          .offset = at,
                                          .crc = td_crc32c(0, pieces[i].data, size) };
        at += size;
    }
    return at;
}

size_t td_pack_file_size(const td_pack_piece *pieces, size_t n)
{
    return lay_out(pieces, n, NULL);
}

static bool put(FILE *out, size_t *at, const void *data, size_t size)
{
    *at += size;
    return !size || fwrite(data, size, 1, out) == 1;
}

static bool put_all(FILE *out, const td_pack_head *h, const td_pack_entry *entries,
                    const td_pack_piece *pieces)
{
    static const char zeros[PAGE];
    size_t at = 0;
    bool is_ok = put(out, &at, h, sizeof *h) && put(out, &at, entries, (size_t)h->n * sizeof *entries);

    for (size_t i = 0; i < h->n && is_ok; i++)
        is_ok = put(out, &at, zeros, (size_t)entries[i].offset - at) &&
                put(out, &at, pieces[i].data, (size_t)entries[i].id.size);
    return is_ok && fflush(out) == 0 && fsync(fileno(out)) == 0;
}

/* Into a new file; temp ends in six X, which become its name. */
static td_status write_to(char *temp, const td_pack_head *h, const td_pack_entry *entries,
                          const td_pack_piece *pieces)
{
    const int fd = mkstemp(temp);
    FILE *const out = fd < 0 ? NULL : fdopen(fd, "w");

    if (!out) {
        const td_status s = td_file_error(temp);

        if (fd >= 0) close(fd);
        return s;
    }
    const bool is_written = put_all(out, h, entries, pieces) && fchmod(fd, 0644) == 0;
    const int why = errno;
    const bool is_closed = fclose(out) == 0;

    if (is_written && is_closed) return NULL;
    if (!is_written) errno = why;
    return td_file_error(temp);
}

td_status td_pack_file_write(const char *path, const td_pack_file_key *key, const td_pack_piece *pieces,
                             size_t n)
{
    td_pack_entry *const entries = TD_NEW_N(td_pack_entry, n);
    td_pack_head h = { .key = *key, .n = n };
    char *const temp = td_format("%s" TD_PACK_FILE_TEMP "XXXXXX", path);

    memcpy(h.magic, td_pack_magic, sizeof h.magic);
    h.size = lay_out(pieces, n, entries);
    h.crc = td_pack_head_sum(&h, entries);
    td_status s = write_to(temp, &h, entries, pieces);
    if (!s && rename(temp, path)) s = td_file_error(path);
    if (s) (void)unlink(temp);
    td_free(temp);
    td_free(entries);
    return s;
}
