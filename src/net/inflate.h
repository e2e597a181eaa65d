/* SPDX-License-Identifier: Apache-2.0 */
/* inflate.h -- compressed bodies and messages, never inflated beyond a limit. */
#ifndef TD_NET_INFLATE_H
#define TD_NET_INFLATE_H

#include <stddef.h>

#include "tensord/status.h"

/* Inflates size bytes at data, gzip or zlib, into *out, which grows (td_free_grown() it with *out_capacity + pad, on failure, too),
 * at most to max bytes; pad more are there behind *out_capacity. INVALID_ARGUMENT: damaged. OUT_OF_RANGE: more than max.
 * RESOURCE_EXHAUSTED: no memory. */
TD_MUST_USE td_status td_inflate(const void *data, size_t size, size_t max, size_t pad, char **out,
                                 size_t *out_size, size_t *out_capacity);

#endif
