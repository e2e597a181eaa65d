/* SPDX-License-Identifier: Apache-2.0 */
/* philox.c -- see philox.h. */
#include "kernels/random/philox.h"

#include <math.h>
#include <string.h>

static const double two_pi = 2 * 3.14159265358979323846;

td_philox td_philox_make(uint64_t key, uint64_t counter_low, uint64_t counter_high)
{
    return (td_philox){ { (uint32_t)counter_low, (uint32_t)(counter_low >> 32), (uint32_t)counter_high,
                          (uint32_t)(counter_high >> 32) },
                        { (uint32_t)key, (uint32_t)(key >> 32) } };
}

/* A count of 2^64 - 2^32 or more may lose a carry, as it does in TensorFlow. */
void td_philox_skip(td_philox *g, uint64_t blocks)
{
    const uint32_t low = (uint32_t)blocks;
    uint32_t high = (uint32_t)(blocks >> 32);

    g->counter[0] += low;
    high += g->counter[0] < low;
    g->counter[1] += high;
    if (g->counter[1] < high && ++g->counter[2] == 0) ++g->counter[3];
}

/* One block on. */
static void step(td_philox *g)
{
    for (int i = 0; i < 4 && ++g->counter[i] == 0; i++)
        continue;
}

static void mix(uint32_t c[4], const uint32_t key[2])
{
    const uint64_t a = (uint64_t)0xd2511f53U * c[0], b = (uint64_t)0xcd9e8d57U * c[2];

    c[0] = (uint32_t)(b >> 32) ^ c[1] ^ key[0];
    c[1] = (uint32_t)b;
    c[2] = (uint32_t)(a >> 32) ^ c[3] ^ key[1];
    c[3] = (uint32_t)a;
}

void td_philox_next(td_philox *g, uint32_t out[4])
{
    uint32_t key[2] = { g->key[0], g->key[1] };

    memcpy(out, g->counter, sizeof g->counter);
    for (int i = 0; i < 10; i++) {
        mix(out, key);
        key[0] += 0x9e3779b9U;
        key[1] += 0xbb67ae85U;
    }
    step(g);
}

float td_uniform_f32(uint32_t x)
{
    return (float)(x & 0x7fffffU) * 0x1p-23f;
}

double td_uniform_f64(uint32_t high, uint32_t low)
{
    return (double)((uint64_t)(high & 0xfffffU) << 32 | low) * 0x1p-52;
}

void td_normal_f32(const uint32_t x[2], float out[2])
{
    const float u = fmaxf(td_uniform_f32(x[0]), 1.0e-7f),
                angle = (float)(two_pi * (double)td_uniform_f32(x[1]));
    const float radius = sqrtf(-2.0f * logf(u));

    out[0] = sinf(angle) * radius;
    out[1] = cosf(angle) * radius;
}

void td_normal_f64(const uint32_t x[4], double out[2])
{
    const double u = fmax(td_uniform_f64(x[0], x[1]), 1.0e-7), angle = two_pi * td_uniform_f64(x[2], x[3]);
    const double radius = sqrt(-2.0 * log(u));

    out[0] = sin(angle) * radius;
    out[1] = cos(angle) * radius;
}
