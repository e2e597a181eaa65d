/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.h -- CRC-32C (Castagnoli), as table files and TFRecord use it. */
#ifndef TD_BASE_CRC32C_H
#define TD_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t td_crc32c(uint32_t crc, const void *data, size_t size); /* crc: 0 to start, or the value so far */
/* The same without the instruction. */
uint32_t td_crc32c_portable(uint32_t crc, const void *data, size_t size);

/* The rotation plus constant that LevelDB's tables and TFRecord store instead of the bare CRC. */
static inline uint32_t td_crc32c_mask(uint32_t crc)
{
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static inline uint32_t td_crc32c_unmask(uint32_t masked)
{
    const uint32_t rot = masked - 0xa282ead8u;

    return (rot >> 17) | (rot << 15);
}

#endif
