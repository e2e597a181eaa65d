/* SPDX-License-Identifier: Apache-2.0 */
/* order.c -- keys and the orders made of them. See order.h. */
#include "kernels/array/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

/* Signed integers: the sign bit turned. */
#define INT_KEYS(T, sign)                                                                                    \
    for (size_t i = 0; i < n; i++)                                                                           \
    out[i] = (uint64_t)(int64_t)((const T *)in)[i] ^ (sign)

/* Floats are sign and magnitude: negative ones count down from the middle, so that -0 and 0 meet there. */
static uint64_t float_key(uint64_t bits, int width, uint64_t infinity)
{
    const uint64_t sign = UINT64_C(1) << (width - 1), magnitude = bits & (sign - 1);

    if (magnitude > infinity) return TD_ORDER_NAN;
    return bits & sign ? sign - magnitude : sign + magnitude;
}

void td_order_keys(uint64_t *out, const void *in, td_dtype dtype, size_t n)
{
    const uint64_t sign = UINT64_C(1) << 63;

    switch (dtype) {
    case TD_I8:
        INT_KEYS(int8_t, sign);
        break;
    case TD_I16:
        INT_KEYS(int16_t, sign);
        break;
    case TD_I32:
        INT_KEYS(int32_t, sign);
        break;
    case TD_I64:
        INT_KEYS(int64_t, sign);
        break;
    case TD_U16:
        INT_KEYS(uint16_t, 0);
        break;
    case TD_U32:
        INT_KEYS(uint32_t, 0);
        break;
    case TD_U64:
        INT_KEYS(uint64_t, 0);
        break;
    case TD_F32:
        for (size_t i = 0; i < n; i++)
            out[i] = float_key(((const uint32_t *)in)[i], 32, 0x7f800000);
        break;
    case TD_F64:
        for (size_t i = 0; i < n; i++)
            out[i] = float_key(((const uint64_t *)in)[i], 64, UINT64_C(0x7ff) << 52);
        break;
    case TD_F16:
        for (size_t i = 0; i < n; i++)
            out[i] = float_key(((const uint16_t *)in)[i], 16, 0x7c00);
        break;
    case TD_BF16:
        for (size_t i = 0; i < n; i++)
            out[i] = float_key(((const uint16_t *)in)[i], 16, 0x7f80);
        break;
    default: /* uint8, bool */
        INT_KEYS(uint8_t, 0);
    }
}

/* ---------------------------------------------------------------- top k */

static bool is_before(const td_ranked *a, const td_ranked *b)
{
    return a->key > b->key || (a->key == b->key && a->at < b->at);
}

static int compare(const void *x, const void *y)
{
    const td_ranked *const a = x, *const b = y;

    return is_before(a, b) ? -1 : is_before(b, a) ? 1 : 0;
}

/* Few are wanted: those found so far stay sorted; most elements lose against the last of them at once. */
static void insert_all(td_ranked *out, const uint64_t *keys, size_t n, size_t k)
{
    size_t have = 0;

    for (size_t i = 0; i < n; i++) {
        const td_ranked r = { keys[i], (int64_t)i };
        size_t to;

        if (have == k && keys[i] <= out[k - 1].key) continue;
        for (to = have < k ? have++ : k - 1; to > 0 && is_before(&r, &out[to - 1]); to--)
            out[to] = out[to - 1];
        out[to] = r;
    }
}

void td_top_k(td_ranked *out, const uint64_t *keys, size_t n, size_t k, td_ranked *work)
{
    enum { FEW = 32 };

    if (k == 0) return;
    if (k <= FEW) {
        insert_all(out, keys, n, k);
        return;
    }
    for (size_t i = 0; i < n; i++)
        work[i] = (td_ranked){ keys[i], (int64_t)i };
    qsort(work, n, sizeof *work, compare);
    memcpy(out, work, k * sizeof *out);
}

size_t td_order_bound(const uint64_t *keys, size_t n, uint64_t key, bool or_equal)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;

        if (keys[mid] < key || (or_equal && keys[mid] == key))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* ---------------------------------------------------------------- distinct values */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return h;
}

static bool has_nan(const uint64_t *item, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (item[i] == TD_ORDER_NAN) return true;
    return false;
}

/* Places of the table hold the index of the first item with a value, or -1. */
size_t td_distinct(const uint64_t *keys, size_t n, size_t len, bool nan, int64_t *ids, int64_t *table,
                   size_t places)
{
    size_t values = 0;

    memset(table, 0xff, places * sizeof *table);
    for (size_t i = 0; i < n; i++) {
        const uint64_t *const item = keys + i * len;
        uint64_t h = 0x9e3779b97f4a7c15;

        if (nan && has_nan(item, len)) {
            ids[i] = (int64_t)values++;
            continue;
        }
        for (size_t w = 0; w < len; w++)
            h = mix(h ^ item[w]) + w;
        size_t at = h & (places - 1);
        while (table[at] >= 0 && memcmp(keys + (size_t)table[at] * len, item, len * sizeof *item) != 0)
            at = (at + 1) & (places - 1);
        if (table[at] < 0) {
            table[at] = (int64_t)i;
            ids[i] = (int64_t)values++;
        } else {
            ids[i] = ids[table[at]];
        }
    }
    return values;
}

static bool same_string(const td_string *a, const td_string *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

size_t td_distinct_strings(const td_string *s, size_t n, uint64_t *keys, int64_t *table, size_t places)
{
    size_t values = 0;

    memset(table, 0xff, places * sizeof *table);
    for (size_t i = 0; i < n; i++) {
        uint64_t h = 0xcbf29ce484222325;

        for (size_t k = 0; k < s[i].size; k++)
            h = (h ^ (unsigned char)s[i].data[k]) * UINT64_C(0x100000001b3);
        size_t at = mix(h) & (places - 1);
        while (table[at] >= 0 && !same_string(&s[table[at]], &s[i]))
            at = (at + 1) & (places - 1);
        if (table[at] < 0) {
            table[at] = (int64_t)i;
            keys[i] = values++;
        } else {
            keys[i] = keys[table[at]];
        }
    }
    return values;
}
