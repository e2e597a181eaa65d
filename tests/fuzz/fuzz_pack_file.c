/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pack_file.c -- any bytes as a file of packed weights, with the right key and checksum, or nobody would get far. What is
 * accepted lies inside of the file. */
#include <string.h>

#include "base/crc32c.h"
#include "base/macros.h"
#include "base/mem.h"
#include "driver.h"
#include "ops/pack_file.h"

enum { HEADER = 64, AT_KEY = 8, AT_N = 24, AT_CRC = 40 };

static void forge(unsigned char *bytes, size_t size, const td_pack_file_key *key)
{
    uint64_t n;
    uint32_t crc = 0;

    if (size < HEADER) return;
    memcpy(bytes + AT_KEY, key, sizeof *key);
    memcpy(&n, bytes + AT_N, sizeof n);
    if (n > (size - HEADER) / sizeof(td_pack_entry)) return;
    memcpy(bytes + AT_CRC, &crc, sizeof crc);
    crc = td_crc32c(0, bytes, HEADER + (size_t)n * sizeof(td_pack_entry));
    memcpy(bytes + AT_CRC, &crc, sizeof crc);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static const td_pack_file_key key = { { 1, 2 } };
    unsigned char *const bytes = td_alloc(size); /* aligned, as a file's are */
    const td_pack_entry *entries;
    size_t n;

    if (size) memcpy(bytes, data, size);
    forge(bytes, size, &key);
    if (fuzz_end(td_pack_file_parse(bytes, size, &key, &entries, &n)))
        for (size_t i = 0; i < n; i++)
            TD_ASSERT(entries[i].offset <= size && entries[i].id.size <= size - entries[i].offset);
    td_free(bytes);
}
