/* SPDX-License-Identifier: Apache-2.0 */
/* newer.c -- see newer.h. */
#include "ops/text/newer.h"

#include <stdlib.h>

#include "base/macros.h"

typedef struct range {
    uint32_t first, last;
} range;

static const range ranges[] = {
#define TD_NEWER(first, last) { first, last },
#include "ops/text/newer.inc"
#undef TD_NEWER
};

static int by_place(const void *key, const void *at)
{
    const uint32_t code = *(const uint32_t *)key;
    const range *const r = at;

    return code < r->first ? -1 : code > r->last;
}

bool td_char_is_newer(uint32_t code)
{
    if (code < ranges[0].first) return false; /* most letters */
    return bsearch(&code, ranges, TD_COUNT(ranges), sizeof *ranges, by_place) != NULL;
}
