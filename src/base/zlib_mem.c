/* SPDX-License-Identifier: Apache-2.0 */
/* zlib_mem.c -- see zlib_mem.h. */
#include "base/zlib_mem.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/size.h"

void *td_zlib_alloc(void *ctx, unsigned n, unsigned size)
{
    size_t bytes;

    (void)ctx;
    return td_mul_size(n, size, &bytes) ? td_try_alloc(bytes, _Alignof(max_align_t)) : NULL;
}

void td_zlib_free(void *ctx, void *p)
{
    (void)ctx;
    td_free(p);
}
