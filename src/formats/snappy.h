/* SPDX-License-Identifier: Apache-2.0 */
/* snappy.h -- blocks compressed with Snappy's raw format: the blocks of old tensor bundles' indexes.
 *
 * The size of what was compressed comes first, then literals and copies of what was written before. Nothing
 * outside the given bytes is read or written, whatever they hold. */
#ifndef TD_FORMATS_SNAPPY_H
#define TD_FORMATS_SNAPPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* How many bytes `in` says it expands to. False when that cannot be read, or is more than so few bytes can
 * expand to (about 22 for each): room for what it says may be taken. */
TD_MUST_USE bool td_snappy_size(const uint8_t *in, size_t size, size_t *out);

/* Expands `in` into out, whose size must be what td_snappy_size() says. False for damaged bytes; out may be
 * half written then. */
TD_MUST_USE bool td_snappy_expand(const uint8_t *in, size_t size, uint8_t *out, size_t out_size);

#endif
