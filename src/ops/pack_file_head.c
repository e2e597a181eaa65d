/* SPDX-License-Identifier: Apache-2.0 */
/* pack_file_head.c -- is it a file of packed weights, whole, and of this key? */
#include "ops/pack_file_head.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"

const char td_pack_magic[8] = "TDPACK1";

uint32_t td_pack_head_sum(const td_pack_head *h, const td_pack_entry *entries)
{
    td_pack_head plain = *h;

    plain.crc = 0;
    return td_crc32c(td_crc32c(0, &plain, sizeof plain), entries, (size_t)h->n * sizeof *entries);
}

static td_status check_entries(const td_pack_entry *e, size_t n, size_t first, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (e[i].offset < first || e[i].offset % TD_PACK_FILE_ALIGN || e[i].offset > size ||
            e[i].id.size > size - e[i].offset)
            return TD_ERR(DATA_LOSS, "entry %zu lies outside of the file", i);
    return NULL;
}

td_status td_pack_file_parse(const unsigned char *data, size_t size, const td_pack_file_key *key,
                             const td_pack_entry **entries, size_t *n)
{
    td_pack_head h;

    if (size < sizeof h) return TD_ERR(DATA_LOSS, "%zu bytes are no header", size);
    memcpy(&h, data, sizeof h);
    if (memcmp(h.magic, td_pack_magic, sizeof h.magic) != 0)
        return TD_ERR(FAILED_PRECONDITION, "it is no file of packed weights");
    if (memcmp(&h.key, key, sizeof *key) != 0)
        return TD_ERR(FAILED_PRECONDITION, "it is of another model, CPU or version");
    if (h.size != size) return TD_ERR(DATA_LOSS, "it has %zu bytes of %" PRIu64, size, h.size);
    if (h.n > (size - sizeof h) / sizeof(td_pack_entry))
        return TD_ERR(DATA_LOSS, "%" PRIu64 " entries do not fit into %zu bytes", h.n, size);
    const td_pack_entry *const e = (const td_pack_entry *)(const void *)(data + sizeof h);
    if (td_pack_head_sum(&h, e) != h.crc)
        return TD_ERR(DATA_LOSS, "the checksum of its entries does not match");
    TD_TRY(check_entries(e, (size_t)h.n, sizeof h + (size_t)h.n * sizeof *e, size));
    *entries = e;
    *n = (size_t)h.n;
    return NULL;
}
