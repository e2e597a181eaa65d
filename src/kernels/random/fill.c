/* SPDX-License-Identifier: Apache-2.0 */
/* fill.c -- see fill.h. A group is what TensorFlow's distributions make at once: four numbers, or two of 64 bits. */
#include "kernels/random/fill.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "tensor/half.h"

/* Numbers that TensorFlow sets aside for one that is drawn again and again until it fits. */
enum { RESERVED = 256 };

/* ---------------------------------------------------------------- uniform numbers */

static void uniform_f32(const td_random *r, td_philox *g, void *out)
{
    uint32_t x[4];

    (void)r;
    td_philox_next(g, x);
    for (int i = 0; i < 4; i++)
        ((float *)out)[i] = td_uniform_f32(x[i]);
}

static void uniform_f64(const td_random *r, td_philox *g, void *out)
{
    uint32_t x[4];

    (void)r;
    td_philox_next(g, x);
    for (int i = 0; i < 2; i++)
        ((double *)out)[i] = td_uniform_f64(x[2 * i], x[2 * i + 1]);
}

static void uniform_f16(const td_random *r, td_philox *g, void *out)
{
    uint32_t x[4];

    (void)r;
    td_philox_next(g, x);
    for (int i = 0; i < 4; i++)
        ((td_f16 *)out)[i] = td_f32_to_f16((float)(x[i] & 0x3ffU) * 0x1p-10f);
}

static void uniform_bf16(const td_random *r, td_philox *g, void *out)
{
    uint32_t x[4];

    (void)r;
    td_philox_next(g, x);
    for (int i = 0; i < 4; i++)
        ((td_bf16 *)out)[i] = td_f32_to_bf16((float)(x[i] & 0x7fU) * 0x1p-7f);
}

/* ---------------------------------------------------------------- normal numbers */

static void draw_normal(td_philox *g, float f[4])
{
    uint32_t x[4];

    td_philox_next(g, x);
    td_normal_f32(x, f);
    td_normal_f32(x + 2, f + 2);
}

/* Keeps what is near 0, until there are four. */
static void draw_truncated(td_philox *g, float f[4])
{
    float next[4];

    for (int n = 0; n < 4;) {
        draw_normal(g, next);
        for (int i = 0; i < 4 && n < 4; i++)
            if (fabsf(next[i]) < 2.0f) f[n++] = next[i];
    }
}

static void narrow_f16(const float f[4], void *out)
{
    for (int i = 0; i < 4; i++)
        ((td_f16 *)out)[i] = td_f32_to_f16(f[i]);
}

static void narrow_bf16(const float f[4], void *out)
{
    for (int i = 0; i < 4; i++)
        ((td_bf16 *)out)[i] = td_f32_to_bf16(f[i]);
}

static void normal_f32(const td_random *r, td_philox *g, void *out)
{
    (void)r;
    draw_normal(g, out);
}

static void normal_f16(const td_random *r, td_philox *g, void *out)
{
    float f[4];

    (void)r;
    draw_normal(g, f);
    narrow_f16(f, out);
}

static void normal_bf16(const td_random *r, td_philox *g, void *out)
{
    float f[4];

    (void)r;
    draw_normal(g, f);
    narrow_bf16(f, out);
}

static void normal_f64(const td_random *r, td_philox *g, void *out)
{
    uint32_t x[4];

    (void)r;
    td_philox_next(g, x);
    td_normal_f64(x, out);
}

static void truncated_f32(const td_random *r, td_philox *g, void *out)
{
    (void)r;
    draw_truncated(g, out);
}

static void truncated_f16(const td_random *r, td_philox *g, void *out)
{
    float f[4];

    (void)r;
    draw_truncated(g, f);
    narrow_f16(f, out);
}

static void truncated_bf16(const td_random *r, td_philox *g, void *out)
{
    float f[4];

    (void)r;
    draw_truncated(g, f);
    narrow_bf16(f, out);
}

static void truncated_f64(const td_random *r, td_philox *g, void *out)
{
    double next[2];

    for (int n = 0; n < 2;) {
        normal_f64(r, g, next);
        for (int i = 0; i < 2 && n < 2; i++)
            if (fabs(next[i]) < 2.0) ((double *)out)[n++] = next[i];
    }
}

/* ---------------------------------------------------------------- integers */

static void integer_32(const td_random *r, td_philox *g, void *out)
{
    (void)r;
    td_philox_next(g, out);
}

static void integer_64(const td_random *r, td_philox *g, void *out)
{
    uint32_t x[4];

    (void)r;
    td_philox_next(g, x);
    for (int i = 0; i < 2; i++)
        ((uint64_t *)out)[i] = (uint64_t)x[2 * i + 1] << 32 | x[2 * i];
}

static void range_32(const td_random *r, td_philox *g, void *out)
{
    uint32_t *const u = out;

    td_philox_next(g, u);
    for (int i = 0; i < 4; i++)
        u[i] = (uint32_t)r->low + u[i] % (uint32_t)r->range;
}

static void range_64(const td_random *r, td_philox *g, void *out)
{
    uint64_t *const u = out;

    integer_64(r, g, u);
    for (int i = 0; i < 2; i++)
        u[i] = r->low + u[i] % r->range;
}

/* ---------------------------------------------------------------- the table */

static const struct {
    td_random_kind kind;
    td_dtype dtype;
    td_random_group_fn *make;
} bodies[] = {
    { TD_RANDOM_UNIFORM, TD_F32, uniform_f32 },     { TD_RANDOM_UNIFORM, TD_F64, uniform_f64 },
    { TD_RANDOM_UNIFORM, TD_F16, uniform_f16 },     { TD_RANDOM_UNIFORM, TD_BF16, uniform_bf16 },
    { TD_RANDOM_NORMAL, TD_F32, normal_f32 },       { TD_RANDOM_NORMAL, TD_F64, normal_f64 },
    { TD_RANDOM_NORMAL, TD_F16, normal_f16 },       { TD_RANDOM_NORMAL, TD_BF16, normal_bf16 },
    { TD_RANDOM_TRUNCATED, TD_F32, truncated_f32 }, { TD_RANDOM_TRUNCATED, TD_F64, truncated_f64 },
    { TD_RANDOM_TRUNCATED, TD_F16, truncated_f16 }, { TD_RANDOM_TRUNCATED, TD_BF16, truncated_bf16 },
    { TD_RANDOM_RANGE, TD_I32, range_32 },          { TD_RANDOM_RANGE, TD_U32, range_32 },
    { TD_RANDOM_RANGE, TD_I64, range_64 },          { TD_RANDOM_RANGE, TD_U64, range_64 },
    { TD_RANDOM_INTEGER, TD_I32, integer_32 },      { TD_RANDOM_INTEGER, TD_U32, integer_32 },
    { TD_RANDOM_INTEGER, TD_I64, integer_64 },      { TD_RANDOM_INTEGER, TD_U64, integer_64 },
};

bool td_random_find(td_random_kind kind, td_dtype dtype, td_random *r)
{
    for (size_t i = 0; i < TD_COUNT(bodies); i++) {
        if (bodies[i].kind != kind || bodies[i].dtype != dtype) continue;
        const size_t elem = td_dtype_size(dtype), group = elem == 8 ? 2 : 4;

        *r = (td_random){ .make = bodies[i].make, .group = group, .elem = elem };
        r->blocks_of_group = kind == TD_RANDOM_TRUNCATED ? group * RESERVED / 4 : 1;
        return true;
    }
    return false;
}

void td_random_fill(const td_random *r, void *out, size_t n, size_t begin, size_t end)
{
    td_philox g = r->start;
    uint64_t part[2];

    td_philox_skip(&g, begin * r->blocks_of_group);
    for (size_t i = begin; i < end; i++) {
        const size_t at = i * r->group, count = TD_MIN(r->group, n - at);
        td_philox own = g;

        r->make(r, &own, part);
        memcpy((char *)out + at * r->elem, part, count * r->elem);
        td_philox_skip(&g, r->blocks_of_group);
    }
}
