/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c -- CRC-32C by the SSE4.2 instruction, or by tables.
 *
 * The instruction takes three cycles but one can start each cycle, so three stretches of a block are summed
 * side by side and joined: the sum of A followed by n bytes equals sum(A) moved over n zero bytes, xor the
 * sum of those bytes. Moving is linear, so it is a table look-up per byte of the sum.
 */
#include "base/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/cpu.h"
#include "base/macros.h"

#define POLYNOMIAL 0x82f63b78u /* bit-reversed: the highest power is bit 0 */

enum { LONG_BLOCK = 4096, SHORT_BLOCK = 128 }; /* bytes of each of the three stretches; multiples of 8 */

typedef struct move_table {
    uint32_t byte[4][256];
} move_table;

static uint32_t slices[8][256];          /* slices[k][b]: byte b followed by k zero bytes */
static move_table move_long, move_short; /* over LONG_BLOCK and SHORT_BLOCK zero bytes */
static bool has_instruction;

/* a * b mod the polynomial, bit-reversed. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (uint32_t bit = 0x80000000u; bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? b >> 1 ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

/* x^(8 * bytes): what moves a sum over so many zero bytes. bytes is a power of two. */
static uint32_t power_for(size_t bytes)
{
    uint32_t power = 0x00800000u; /* x^8 */

    for (; bytes > 1; bytes /= 2)
        power = multiply(power, power);
    return power;
}

static void fill_move_table(move_table *table, size_t bytes)
{
    const uint32_t power = power_for(bytes);

    for (int k = 0; k < 4; k++) {
        uint32_t *const of = table->byte[k];

        of[0] = 0;
        for (uint32_t b = 1; b < 256; b++) /* linear: the lowest bit's, and the rest's */
            of[b] = b & (b - 1) ? of[b & (b - 1)] ^ of[b & (0u - b)] : multiply(power, b << 8 * k);
    }
}

static void fill_tables(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;

        for (int i = 0; i < 8; i++)
            crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        slices[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t b = 0; b < 256; b++)
            slices[k][b] = slices[k - 1][b] >> 8 ^ slices[0][slices[k - 1][b] & 255];
    fill_move_table(&move_long, LONG_BLOCK);
    fill_move_table(&move_short, SHORT_BLOCK);
    has_instruction = td_cpu_has_crc32();
}

static uint64_t load8(const unsigned char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* Eight bytes a step. Little-endian, as everything here. */
static uint32_t crc_by_tables(uint32_t crc, const unsigned char *p, size_t size)
{
    for (; size >= 8; size -= 8, p += 8) {
        const uint64_t v = load8(p) ^ crc;

        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= slices[7 - k][v >> 8 * k & 255];
    }
    for (; size; size--, p++)
        crc = crc >> 8 ^ slices[0][(crc ^ *p) & 255];
    return crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

static uint32_t moved(const move_table *t, uint32_t crc)
{
    return t->byte[0][crc & 255] ^ t->byte[1][crc >> 8 & 255] ^ t->byte[2][crc >> 16 & 255] ^
           t->byte[3][crc >> 24];
}

/* Whole triples of `block` bytes; *p and *size go on behind them. */
TD_TARGET("sse4.2")
static uint64_t crc_triples(uint64_t a, const unsigned char **p, size_t *size, size_t block,
                            const move_table *table)
{
    for (; *size >= 3 * block; *size -= 3 * block, *p += 3 * block) {
        uint64_t b = 0, c = 0;

        for (const unsigned char *q = *p, *const end = q + block; q < end; q += 8) {
            a = _mm_crc32_u64(a, load8(q));
            b = _mm_crc32_u64(b, load8(q + block));
            c = _mm_crc32_u64(c, load8(q + 2 * block));
        }
        a = moved(table, (uint32_t)a) ^ b;
        a = moved(table, (uint32_t)a) ^ c;
    }
    return a;
}

TD_TARGET("sse4.2") static uint32_t crc_by_instruction(uint32_t crc, const unsigned char *p, size_t size)
{
    uint64_t a = crc;

    a = crc_triples(a, &p, &size, LONG_BLOCK, &move_long);
    a = crc_triples(a, &p, &size, SHORT_BLOCK, &move_short);
    for (; size >= 8; size -= 8, p += 8)
        a = _mm_crc32_u64(a, load8(p));
    for (; size; size--, p++)
        a = _mm_crc32_u8((uint32_t)a, *p);
    return (uint32_t)a;
}

#else

static uint32_t crc_by_instruction(uint32_t crc, const unsigned char *p, size_t size)
{
    return crc_by_tables(crc, p, size);
}

#endif

static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

uint32_t td_crc32c(uint32_t crc, const void *data, size_t size)
{
    pthread_once(&tables_once, fill_tables);
    return ~(has_instruction ? crc_by_instruction : crc_by_tables)(~crc, data, size);
}

uint32_t td_crc32c_portable(uint32_t crc, const void *data, size_t size)
{
    pthread_once(&tables_once, fill_tables);
    return ~crc_by_tables(~crc, data, size);
}
