/* SPDX-License-Identifier: Apache-2.0 */
/* cast.c -- puts casts together: widen, a body of cast_ref.c, narrow. */
#include "kernels/elt/cast.h"

#include <string.h>

/* arg->alpha is how many mantissa bits the result lacks;
 * they are cleared first, so rounding has nothing to do. */
static int truncate_f32(void *out, const void *const in[], size_t n, const td_elt_arg *arg)
{
    const uint32_t keep = UINT32_MAX << (int)arg->alpha;
    const float *const x = in[0];
    float *const o = out;

    for (size_t i = 0; i < n; i++)
        o[i] = x[i] != x[i] ? x[i] : td_f32_of_bits(td_bits_of_f32(x[i]) & keep);
    return 0;
}

static int truncate_f64(void *out, const void *const in[], size_t n, const td_elt_arg *arg)
{
    const uint64_t keep = UINT64_MAX << (int)arg->alpha;
    const double *const x = in[0];
    float *const o = out;

    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        double cut = x[i];
        memcpy(&bits, &cut, sizeof bits);
        bits &= keep;
        if (cut == cut) memcpy(&cut, &bits, sizeof cut);
        o[i] = (float)cut;
    }
    return 0;
}

static int mantissa_bits(td_dtype d)
{
    return d == TD_F64 ? 52 : d == TD_F32 ? 23 : d == TD_F16 ? 10 : d == TD_BF16 ? 7 : -1;
}

static td_elt_id id_of(td_dtype to)
{
    switch (to) {
#define TO(name)                                                                                             \
    case TD_##name:                                                                                          \
        return TD_ELT_to_##name;
        TO(F32)
        TO(F64)
        TO(I8)
        TO(I16)
        TO(I32)
        TO(I64)
        TO(U8)
        TO(U16)
        TO(U32)
        TO(U64)
        TO(BOOL)
        TO(C64)
        TO(C128)
#undef TO
    default:
        return TD_ELT_none;
    }
}

bool td_cast_find(td_dtype from, td_dtype to, bool truncate, td_cpu cpu, td_elt *out, td_elt_arg *arg)
{
    td_narrow_fn *const narrow = td_narrow_find(to, cpu);
    const int lost = mantissa_bits(to) < 0 ? 0 : mantissa_bits(from) - mantissa_bits(to);
    td_elt elt;

    if (!td_elt_find(id_of(narrow ? TD_F32 : to), from, cpu, &elt)) return false;
    elt.narrow = narrow;
    elt.out_size = td_dtype_size(to);
    if (truncate && lost > 0 && (from == TD_F32 || (from == TD_F64 && to != TD_BF16))) {
        arg->alpha = lost;
        elt.fn = from == TD_F32 ? truncate_f32 : truncate_f64;
    }
    *out = elt;
    return true;
}
