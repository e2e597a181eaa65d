/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_gzip.c -- any bytes as a compressed body or message, never inflated beyond the limit. */
#include "base/macros.h"
#include "base/mem.h"
#include "driver.h"
#include "net/inflate.h"

enum { FUZZ_MAX = 100000 }; /* more than the first room, so that it grows */

void fuzz_one(const uint8_t *data, size_t size)
{
    size_t out_size, capacity;
    char *out;

    if (fuzz_end(td_inflate(data, size, FUZZ_MAX, 64, &out, &out_size, &capacity)))
        TD_ASSERT(out && out_size <= FUZZ_MAX && out_size <= capacity);
    td_free_grown(out, out ? capacity + 64 : 0);
}
