/* SPDX-License-Identifier: Apache-2.0 */
/* order.h -- elements as integers that order as the elements do,
 * so that sorting and searching need no dtypes. */
#ifndef TD_KERNELS_ARRAY_ORDER_H
#define TD_KERNELS_ARRAY_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/tensor.h"

/* Keys of n numbers or booleans: key(a) < key(b) when a < b; both zeros have one key. NaNs of float types get
 * UINT64_MAX, above everything else. */
void td_order_keys(uint64_t *out, const void *in, td_dtype dtype, size_t n);
#define TD_ORDER_NAN UINT64_MAX

typedef struct td_ranked {
    uint64_t key;
    int64_t at;
} td_ranked;

/* The k largest of n keys, largest first, the earlier of two equal ones first. work: room for n. k <= n. */
void td_top_k(td_ranked *out, const uint64_t *keys, size_t n, size_t k, td_ranked *work);

/* How many of n ascending keys are < key (or <= key). */
size_t td_order_bound(const uint64_t *keys, size_t n, uint64_t key, bool or_equal);

/* Items are `len` keys each, one behind the other. ids[i] becomes the number of item i's value, counted by
 * first appearance; returns how many values there are. nan: items that hold TD_ORDER_NAN equal nothing, not
 * even themselves. table: a power of two of places, more than n. */
size_t td_distinct(const uint64_t *keys, size_t n, size_t len, bool nan, int64_t *ids, int64_t *table,
                   size_t places);

/* The same of strings; ids become keys[i]. */
size_t td_distinct_strings(const td_string *s, size_t n, uint64_t *keys, int64_t *table, size_t places);

#endif
