/* SPDX-License-Identifier: Apache-2.0 */
/* sobol.c -- see sobol.h. */
#include "kernels/random/sobol.h"

#include "base/macros.h"

/* A polynomial of degree d, highest term first, and d numbers. */
typedef struct sobol_row {
    uint16_t polynomial, first[11];
} sobol_row;

static const sobol_row rows[] = {
#define TD_SOBOL(polynomial_, ...) { (polynomial_), { __VA_ARGS__ } },
#include "kernels/random/sobol.inc"
#undef TD_SOBOL
};
_Static_assert(TD_COUNT(rows) == TD_SOBOL_MOST - 1, "sobol.inc has other dimensions");

static int degree_of(unsigned polynomial)
{
    int degree = 0;

    while (polynomial >> (degree + 1))
        degree++;
    return degree;
}

/* Number k is made of the d before it: m[k] = m[k-d] ^ m[k-d] 2^d ^ the sum of a[i] m[k-i] 2^i for 0 < i < d. */
static void recur(const sobol_row *row, uint64_t m[TD_SOBOL_BITS])
{
    const int d = degree_of(row->polynomial);

    for (int k = 0; k < d; k++)
        m[k] = row->first[k];
    for (int k = d; k < TD_SOBOL_BITS; k++) {
        m[k] = m[k - d] ^ m[k - d] << d;
        for (int i = 1; i < d; i++)
            if (row->polynomial >> (d - i) & 1) m[k] ^= m[k - i] << i;
    }
}

void td_sobol_directions(size_t dimension, uint32_t v[TD_SOBOL_BITS])
{
    uint64_t m[TD_SOBOL_BITS];

    for (int k = 0; k < TD_SOBOL_BITS; k++)
        m[k] = 1;
    if (dimension > 0) recur(&rows[dimension - 1], m);
    for (int k = 0; k < TD_SOBOL_BITS; k++)
        v[k] = (uint32_t)(m[k] << (TD_SOBOL_BITS - 1 - k)); /* m[k] < 2^(k + 1) */
}
