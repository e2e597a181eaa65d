/* SPDX-License-Identifier: Apache-2.0 */
/* fingerprint.c -- FarmHash's Fingerprint64 (Geoff Pike, farmhashna) and Fingerprint128 (farmhashcc). Little endian only, as all of tensord is. */
#include "kernels/hash/hash.h"

#include <string.h>

#define K0 UINT64_C(0xc3a5c85c97cb3127)
#define K1 UINT64_C(0xb492b66fbe98f273)
#define K2 UINT64_C(0x9ae16a3b2f90404f)

typedef struct pair {
    uint64_t a, b;
} pair;

static uint64_t read64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t read32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t rotate(uint64_t v, int by)
{
    return v >> by | v << (64 - by);
}

static uint64_t shift_mix(uint64_t v)
{
    return v ^ v >> 47;
}

static uint64_t mix(uint64_t u, uint64_t v, uint64_t mul)
{
    const uint64_t a = shift_mix((u ^ v) * mul);

    return shift_mix((v ^ a) * mul) * mul;
}

static uint64_t to16(const uint8_t *s, size_t n)
{
    const uint64_t mul = K2 + n * 2;

    if (n >= 8) {
        const uint64_t a = read64(s) + K2, b = read64(s + n - 8);

        return mix(rotate(b, 37) * mul + a, (rotate(a, 25) + b) * mul, mul);
    }
    if (n >= 4) return mix(n + (read32(s) << 3), read32(s + n - 4), mul);
    if (n == 0) return K2;
    const uint32_t y = s[0] + ((uint32_t)s[n >> 1] << 8), z = (uint32_t)n + ((uint32_t)s[n - 1] << 2);

    return shift_mix(y * K2 ^ z * K0) * K2;
}

static uint64_t to32(const uint8_t *s, size_t n)
{
    const uint64_t mul = K2 + n * 2, a = read64(s) * K1, b = read64(s + 8), c = read64(s + n - 8) * mul,
                   d = read64(s + n - 16) * K2;

    return mix(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + K2, 18) + c, mul);
}

static uint64_t to64(const uint8_t *s, size_t n)
{
    const uint64_t mul = K2 + n * 2, a = read64(s) * K2, b = read64(s + 8), c = read64(s + n - 8) * mul,
                   d = read64(s + n - 16) * K2;
    const uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d, z = mix(y, a + rotate(b + K2, 18) + c, mul);
    const uint64_t e = read64(s + 16) * mul, f = read64(s + 24), g = (y + read64(s + n - 32)) * mul,
                   h = (z + read64(s + n - 24)) * mul;

    return mix(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, mul);
}

static pair weak(const uint8_t *s, uint64_t a, uint64_t b)
{
    const uint64_t z = read64(s + 24);

    a += read64(s);
    b = rotate(b + a + z, 21);
    const uint64_t c = a;
    a += read64(s + 8) + read64(s + 16);
    return (pair){ a + z, b + rotate(a, 44) + c };
}

typedef struct state {
    uint64_t x, y, z;
    pair v, w;
} state;

/* One block of 64 bytes; times is 1, and 9 for the last. */
static void block(state *t, const uint8_t *s, uint64_t mul, uint64_t times)
{
    const uint64_t x = rotate(t->x + t->y + t->v.a + read64(s + 8), 37) * mul ^ t->w.b * times;
    const uint64_t y = rotate(t->y + t->v.b + read64(s + 48), 42) * mul + t->v.a * times + read64(s + 40);
    const uint64_t z = rotate(t->z + t->w.a, 33) * mul;

    t->v = weak(s, t->v.b * mul, x + t->w.a);
    t->w = weak(s + 32, z + t->w.b, y + read64(s + 16));
    *t = (state){ z, y, x, t->v, t->w };
}

uint64_t td_fingerprint(const void *bytes, size_t size)
{
    static const uint8_t none[1];
    const uint8_t *s = size ? bytes : none;

    if (size <= 16) return to16(s, size);
    if (size <= 32) return to32(s, size);
    if (size <= 64) return to64(s, size);
    const uint64_t seed = 81, y = seed * K1 + 113;
    state t = { seed * K2 + read64(s), y, shift_mix(y * K2 + 113) * K2, { 0, 0 }, { 0, 0 } };
    const size_t rest = (size - 1) & 63;

    for (const uint8_t *const end = s + (size - 1) / 64 * 64; s != end; s += 64)
        block(&t, s, K1, 1);
    const uint64_t mul = K1 + ((t.z & 0xff) << 1);
    t.w.a += rest;
    t.v.a += t.w.a;
    t.w.a += t.v.a;
    block(&t, s + rest - 63, mul, 9);
    return mix(mix(t.v.a, t.w.a, mul) + shift_mix(t.y) * K0 + t.z, mix(t.v.b, t.w.b, mul) + t.x, mul);
}

uint64_t td_fingerprint_join(uint64_t first, uint64_t second)
{
    const uint64_t mul = UINT64_C(0xc6a4a7935bd1e995);
    const uint64_t mixed = (first ^ mul ^ shift_mix(second * mul) * mul) * mul;

    return shift_mix(shift_mix(mixed) * mul);
}

/* ---------------------------------------------------------------- 128 bits */

static uint64_t join(uint64_t u, uint64_t v)
{
    return mix(u, v, UINT64_C(0x9ddfea08eb382d69));
}

static void stir(uint64_t *a, uint64_t *b, uint64_t v)
{
    *a = (*a ^ shift_mix(v * K1) * K1) * K1;
    *b ^= *a;
}

static void to_128_short(const uint8_t *s, size_t n, pair seed, uint64_t out[2])
{
    uint64_t a = seed.a, b = seed.b, c, d;

    if (n <= 16) {
        a = shift_mix(a * K1) * K1;
        c = b * K1 + to16(s, n);
        d = shift_mix(a + (n >= 8 ? read64(s) : c));
    } else {
        c = join(read64(s + n - 8) + K1, a);
        d = join(b + n, c + read64(s + n - 16));
        a += d;
        for (size_t at = 0; at + 16 < n; at += 16) {
            stir(&a, &b, read64(s + at));
            stir(&c, &d, read64(s + at + 8));
        }
    }
    a = join(a, c);
    b = join(d, b);
    out[0] = a ^ b;
    out[1] = join(b, a);
}

/* n is 128 or more. */
static void to_128_long(const uint8_t *s, size_t n, pair seed, uint64_t out[2])
{
    const uint8_t *const end = s + n;
    state t = { seed.a, seed.b, n * K1, { 0, 0 }, { 0, 0 } };

    t.v.a = rotate(t.y ^ K1, 49) * K1 + read64(s);
    t.v.b = rotate(t.v.a, 42) * K1 + read64(s + 8);
    t.w.a = rotate(t.y + t.z, 35) * K1 + t.x;
    t.w.b = rotate(t.x + read64(s + 88), 53) * K1;
    for (; n >= 128; n -= 128, s += 128) {
        block(&t, s, K1, 1);
        block(&t, s + 64, K1, 1);
    }
    t.x += rotate(t.v.a + t.z, 49) * K0;
    t.y = t.y * K0 + rotate(t.w.b, 37);
    t.z = t.z * K0 + rotate(t.w.a, 27);
    t.w.a *= 9;
    t.v.a *= K0;
    for (size_t done = 0;
         done < n;) { /* from the end, by 32 bytes: the last ones may have been seen before */
        done += 32;
        t.y = rotate(t.x + t.y, 42) * K0 + t.v.b;
        t.w.a += read64(end - done + 16);
        t.x = t.x * K0 + t.w.a;
        t.z += t.w.b + read64(end - done);
        t.w.b += t.v.a;
        t.v = weak(end - done, t.v.a + t.z, t.v.b);
        t.v.a *= K0;
    }
    const uint64_t x = join(t.x, t.v.a), y = join(t.y + t.z, t.w.a);

    out[0] = join(x + t.v.b, t.w.b) + y;
    out[1] = join(x + t.w.b, y + t.v.b);
}

void td_fingerprint_128(const void *bytes, size_t size, uint64_t out[2])
{
    static const uint8_t none[1];
    const uint8_t *s = size ? bytes : none;
    pair seed = { K0, K1 };

    if (size >= 16) {
        seed = (pair){ read64(s), read64(s + 8) + K0 };
        s += 16;
        size -= 16;
    }
    if (size < 128)
        to_128_short(s, size, seed, out);
    else
        to_128_long(s, size, seed, out);
}
