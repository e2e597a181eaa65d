/* SPDX-License-Identifier: Apache-2.0 */
/* pack_file_head.h -- how a file of packed weights begins, for who reads and who writes it. */
#ifndef TD_OPS_PACK_FILE_HEAD_H
#define TD_OPS_PACK_FILE_HEAD_H

#include "ops/pack_file.h"

enum { TD_PACK_FILE_ALIGN = 64 };

extern const char td_pack_magic[8];

typedef struct td_pack_head {
    char magic[8];
    td_pack_file_key key;
    uint64_t n, size; /* entries; bytes of the file */
    uint32_t crc;     /* of the header, with 0 here, and the entries */
    uint32_t zero[5];
} td_pack_head;

uint32_t td_pack_head_sum(const td_pack_head *h, const td_pack_entry *entries);

#endif
