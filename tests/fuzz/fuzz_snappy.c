/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_snappy.c -- any bytes as a compressed block. Beside the bytes stands a plain reading of the format's
 * rules, byte by byte, which must agree. */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "driver.h"
#include "formats/snappy.h"

enum { OUT_MAX = 1 << 20 };

/* in[*at]..., little-endian; false beyond the end. */
static bool number(const uint8_t *in, size_t size, size_t *at, size_t n, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++, ++*at) {
        if (*at >= size) return false;
        *out |= (uint64_t)in[*at] << (8 * i);
    }
    return true;
}

static bool expand_plainly(const uint8_t *in, size_t size, size_t at, uint8_t *out, size_t out_size)
{
    size_t done = 0;

    while (at < size) {
        const unsigned tag = in[at++], kind = tag & 3, upper = tag >> 2;
        uint64_t n = upper + 1, back = 0;

        if (kind == 0 && upper >= 60) {
            if (!number(in, size, &at, upper - 59, &n)) return false;
            n++;
        }
        if (kind == 1) n = 4 + upper % 8;
        if (kind && !number(in, size, &at, (size_t[]){ 0, 1, 2, 4 }[kind], &back)) return false;
        if (kind == 1) back += (uint64_t)(upper / 8) * 256;
        if (kind && (!back || back > done)) return false;
        if (n > out_size - done || (!kind && n > size - at)) return false;
        for (; n; n--, done++)
            out[done] = kind ? out[done - back] : in[at++];
    }
    return done == out_size;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    size_t n, at = 0;

    if (!td_snappy_size(data, size, &n)) return;
    TD_ASSERT(n <= 22 * size + 64);
    if (n > OUT_MAX) return;
    while (data[at++] & 128) {
    }
    uint8_t *const out = td_alloc(n + 1), *const want = td_alloc(n + 1);
    const bool is_good = td_snappy_expand(data, size, out, n);
    TD_ASSERT(is_good == expand_plainly(data, size, at, want, n));
    if (is_good) TD_ASSERT(!memcmp(out, want, n));
    td_free(out);
    td_free(want);
}
