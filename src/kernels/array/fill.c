/* SPDX-License-Identifier: Apache-2.0 */
/* fill.c -- one element, many times. */
#include <string.h>

#include "kernels/array/nd.h"

/* Doubles what is there until it fills the output: every copy but the first few is a long one. */
static void fill_by_doubling(char *out, size_t have, size_t want)
{
    enum { STEP = 16 * 1024 }; /* stays in the first-level cache as a source */

    while (have < want) {
        size_t n = have < want - have ? have : want - have;

        if (n > STEP) n = STEP;
        memcpy(out + have, out, n);
        have += n;
    }
}

void td_fill(void *out, size_t elem, const void *value, size_t n)
{
    const unsigned char *const bytes = value;
    size_t same = 1;

    if (!n) return;
    while (same < elem && bytes[same] == bytes[0])
        same++;
    if (same == elem) { /* zeros, mostly */
        memset(out, bytes[0], n * elem);
        return;
    }
    memcpy(out, value, elem);
    fill_by_doubling(out, elem, n * elem);
}
