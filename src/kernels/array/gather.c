/* SPDX-License-Identifier: Apache-2.0 */
/* gather.c -- see gather.h. */
#include "kernels/array/gather.h"

#include <string.h>

int64_t td_gather_check(const void *index, td_dtype type, int64_t n, int64_t limit)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t v = td_index_at(index, type, i);

        if (v < 0 || v >= limit) return i;
    }
    return -1;
}

static void copy_row(char *out, const char *in, size_t row)
{
    switch (row) {
    case 4:
        memcpy(out, in, 4);
        break;
    case 8:
        memcpy(out, in, 8);
        break;
    default:
        memcpy(out, in, row);
    }
}

void td_gather_rows(const td_gather *g, char *out, const char *params, const void *index, td_dtype type,
                    int64_t begin, int64_t end)
{
    int64_t k = begin % g->count, slab = begin / g->count; /* slab counts batches * outer */
    char *to = out + (size_t)begin * g->row;

    for (int64_t i = begin; i < end; i++, to += g->row) {
        const int64_t v = td_index_at(index, type, slab / g->outer * g->count + k);

        if (v >= 0 && v < g->limit)
            copy_row(to, params + (size_t)(slab * g->limit + v) * g->row, g->row);
        else
            memset(to, 0, g->row);
        if (++k == g->count) {
            k = 0;
            slab++;
        }
    }
}
