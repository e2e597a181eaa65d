/* SPDX-License-Identifier: Apache-2.0 */
/* random.c -- splitmix64. */
#include "random.h"

fz_random fz_random_make(uint64_t seed)
{
    fz_random r = { seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u };

    (void)fz_bits(&r);
    return r;
}

uint64_t fz_bits(fz_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

unsigned fz_below(fz_random *r, unsigned n)
{
    return (unsigned)((fz_bits(r) >> 32) * n >> 32);
}

int64_t fz_between(fz_random *r, int64_t lo, int64_t hi)
{
    return lo + (int64_t)(fz_bits(r) % (uint64_t)(hi - lo + 1));
}

bool fz_chance(fz_random *r, unsigned percent)
{
    return fz_below(r, 100) < percent;
}

double fz_unit(fz_random *r)
{
    return (double)(fz_bits(r) >> 11) * 0x1p-53;
}
