/* SPDX-License-Identifier: Apache-2.0 */
/* tfrecord.c -- see tfrecord.h. */
#include "formats/tfrecord.h"

#include <string.h>

#include "base/crc32c.h"

enum { SIZE = 8, CRC = 4 };

static uint64_t get_number(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void put_number(uint8_t *p, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* Do the four bytes behind data hold its crc? */
static bool is_whole(const uint8_t *data, size_t size)
{
    return td_crc32c_unmask((uint32_t)get_number(data + size, CRC)) == td_crc32c(0, data, size);
}

static td_status damaged(const td_tfrecords *r, const char *how)
{
    return TD_ERR(DATA_LOSS, "%s record at %zu", how, (size_t)(r->at - r->start));
}

td_tfrecords td_tfrecords_of(const void *bytes, size_t size)
{
    const uint8_t *const at = bytes;

    return (td_tfrecords){ at, at, size ? at + size : at };
}

td_status td_tfrecord_next(td_tfrecords *r, bool *has_one, td_string *out)
{
    const size_t left = (size_t)(r->end - r->at);

    *has_one = left > 0;
    if (!left) return NULL;
    if (left < TD_TFRECORD_HEAD) return damaged(r, "truncated");
    if (!is_whole(r->at, SIZE)) return damaged(r, "corrupted");
    const uint64_t size = get_number(r->at, SIZE);
    const uint8_t *const data = r->at + TD_TFRECORD_HEAD;

    if (left - TD_TFRECORD_HEAD < TD_TFRECORD_TAIL || size > left - TD_TFRECORD_HEAD - TD_TFRECORD_TAIL)
        return damaged(r, "truncated");
    if (!is_whole(data, (size_t)size)) return damaged(r, "corrupted");
    *out = (td_string){ (const char *)data, (size_t)size };
    r->at = data + size + TD_TFRECORD_TAIL;
    return NULL;
}

void td_tfrecord_put_head(uint8_t head[TD_TFRECORD_HEAD], uint64_t size)
{
    put_number(head, size, SIZE);
    td_tfrecord_put_tail(head + SIZE, head, SIZE);
}

void td_tfrecord_put_tail(uint8_t tail[TD_TFRECORD_TAIL], const void *record, size_t size)
{
    put_number(tail, td_crc32c_mask(td_crc32c(0, record, size)), CRC);
}
