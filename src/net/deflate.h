/* SPDX-License-Identifier: Apache-2.0 */
/* deflate.h -- replies, compressed. */
#ifndef TD_NET_DEFLATE_H
#define TD_NET_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

/* Of size bytes at data a gzip that is smaller, some 10 us a KiB; *out is td_free_grown()ed with *capacity. False: there is
 * none, or no memory for it, or stop(ctx) said so, which is asked now and then. */
bool td_gzip(const void *data, size_t size, bool (*stop)(void *ctx), void *ctx, char **out, size_t *out_size,
             size_t *capacity);

#endif
