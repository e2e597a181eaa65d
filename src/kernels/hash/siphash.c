/* SPDX-License-Identifier: Apache-2.0 */
/* siphash.c -- SipHash-2-4 (Aumasson, Bernstein), and MurmurHash64A (Appleby). */
#include "kernels/hash/hash.h"

#include <string.h>

static uint64_t rotate(uint64_t v, int by)
{
    return v << by | v >> (64 - by);
}

static void rounds(uint64_t v[4], int n)
{
    for (; n; n--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

/* The first n < 8 bytes, little endian, others zero. */
static uint64_t read_few(const uint8_t *p, size_t n)
{
    uint64_t word = 0;

    if (n) memcpy(&word, p, n);
    return word;
}

static uint64_t read64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

uint64_t td_siphash(const uint64_t key[2], const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                      key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573) };
    size_t left = size;

    for (; left >= 8; left -= 8, p += 8)
        absorb(v, read64(p));
    absorb(v, read_few(p, left) | (uint64_t)size << 56);
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t td_murmur(const void *bytes, size_t size)
{
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    uint64_t h = UINT64_C(0xdecafcaffe) ^ size * m;
    const uint8_t *p = bytes;
    size_t left = size;

    for (; left >= 8; left -= 8, p += 8) {
        const uint64_t k = read64(p) * m;

        h = (h ^ (k ^ k >> 47) * m) * m;
    }
    if (left) h = (h ^ read_few(p, left)) * m;
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}
