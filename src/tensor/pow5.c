/* SPDX-License-Identifier: Apache-2.0 */
/* pow5.c -- 11 KB that take 100 microseconds to compute, and would take 700 lines to write down.
 *
 * Upwards a whole number is multiplied by five; it stays exact (5^324 has 753 bits). Downwards 2^1023 is
 * divided by five, each time rounded down: floor(floor(x / 5) / 5) = floor(x / 25), so the bits that are kept
 * are the exact ones.
 */
#include "tensor/pow5.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/macros.h"

enum { LIMBS = 32 }; /* of 32 bits, lowest first */

typedef struct number {
    uint32_t limb[LIMBS];
} number;

static td_pow5 table[TD_POW5_MAX - TD_POW5_MIN + 1];
static atomic_bool table_is_filled;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void multiply_by_5(number *n)
{
    uint64_t carry = 0;

    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)n->limb[i] * 5;
        n->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void divide_by_5(number *n)
{
    uint64_t rest = 0;

    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | n->limb[i];
        n->limb[i] = (uint32_t)(rest / 5);
        rest %= 5;
    }
}

/* The limb that holds bits [bit, bit + 32); bits below 0 are zeros. */
static uint64_t bits_at(const number *n, int bit)
{
    uint64_t word = 0;

    for (int i = 0; i < 2; i++) {
        const int at = (bit + 1024) / 32 - 32 + i; /* rounded down, also below zero */

        if (at >= 0 && at < LIMBS) word |= (uint64_t)n->limb[at] << 32 * i;
    }
    return word >> ((bit + 1024) % 32) & 0xffffffffu;
}

static td_pow5 leading_bits(const number *n)
{
    int top = LIMBS - 1;

    while (!n->limb[top])
        top--;
    const int end = top * 32 + 32 - __builtin_clz(n->limb[top]);

    return (td_pow5){ bits_at(n, end - 32) << 32 | bits_at(n, end - 64),
                      bits_at(n, end - 96) << 32 | bits_at(n, end - 128) };
}

static void fill_table(void)
{
    number n = { { 1 } };

    for (int q = 0; q <= TD_POW5_MAX; q++, multiply_by_5(&n))
        table[q - TD_POW5_MIN] = leading_bits(&n);
    n = (number){ 0 };
    n.limb[LIMBS - 1] = 0x80000000u;
    for (int q = -1; q >= TD_POW5_MIN; q--) {
        divide_by_5(&n);
        table[q - TD_POW5_MIN] = leading_bits(&n);
    }
    atomic_store_explicit(&table_is_filled, true, memory_order_release); /* publishes the table */
}

const td_pow5 *td_pow5_table(void)
{
    if (TD_UNLIKELY(!atomic_load_explicit(&table_is_filled, memory_order_acquire)))
        pthread_once(&table_once, fill_table);
    return table;
}
