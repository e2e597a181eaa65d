/* SPDX-License-Identifier: Apache-2.0 */
/* forest_avx2.c -- eight walks to a vector, four vectors at a time, since a step waits for two gathers, one after the other. */
#include <immintrin.h>

#include "kernels/forest/forest.h"

enum { VECTORS = TD_FOREST_LANES / 8 };

/* A node is two times the largest scale. */
static inline __m256i gather_next(const td_forest_node *nodes, __m256i twice)
{
    return _mm256_i32gather_epi32((const int *)&nodes->next, twice, 8);
}

/* `what` and the union of the nodes, which are neighbours: half as many loads as by themselves. */
static inline void gather_heads(const td_forest_node *nodes, __m256i twice, __m256i *what, __m256i *value)
{
    /* lanes 0 1 4 5 2 3 6 7: the shuffles put them right */
    const __m256i mixed = _mm256_permute4x64_epi64(twice, 0xd8);
    const long long *const heads = (const long long *)(const void *)nodes;
    const __m256 a = _mm256_castsi256_ps(_mm256_i32gather_epi64(heads, _mm256_castsi256_si128(mixed), 8));
    const __m256 b =
        _mm256_castsi256_ps(_mm256_i32gather_epi64(heads, _mm256_extracti128_si256(mixed, 1), 8));

    *what = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
    *value = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd));
}

/* All ones where the bit is set, in lanes that ask for bits. */
static inline __m256i find_bits(const td_forest *f, __m256i at, __m256i cell, __m256i is_bits)
{
    const __m256i bit = _mm256_add_epi32(at, cell);
    const __m256i word = _mm256_mask_i32gather_epi32(_mm256_setzero_si256(), (const int *)f->bits,
                                                     _mm256_srli_epi32(bit, 5), is_bits, 4);
    const __m256i left =
        _mm256_sub_epi32(_mm256_set1_epi32(31), _mm256_and_si256(bit, _mm256_set1_epi32(31)));

    return _mm256_srai_epi32(_mm256_sllv_epi32(word, left), 31);
}

static inline __m256i step(const td_forest *f, const uint32_t *cells, __m256i row, __m256i at, bool has_bits)
{
    const __m256i twice = _mm256_slli_epi32(at, 1), next = gather_next(f->nodes, twice);
    __m256i what, value;

    gather_heads(f->nodes, twice, &what, &value);
    const __m256i cell = _mm256_i32gather_epi32(
        (const int *)cells, _mm256_add_epi32(row, _mm256_srli_epi32(what, TD_FOREST_KIND_BITS)), 4);
    const __m256 x = _mm256_castsi256_ps(cell);
    const __m256i above = _mm256_castps_si256(_mm256_cmp_ps(x, _mm256_castsi256_ps(value), _CMP_GE_OQ));
    const __m256i missing = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    const __m256i or_na = _mm256_srai_epi32(_mm256_slli_epi32(what, 31), 31);
    __m256i goes = _mm256_or_si256(above, _mm256_and_si256(missing, or_na));

    if (has_bits) {
        const __m256i is_bits = _mm256_srai_epi32(_mm256_slli_epi32(what, 30), 31);

        goes = _mm256_blendv_epi8(goes, find_bits(f, value, cell, is_bits), is_bits);
    }
    return _mm256_sub_epi32(next, goes);
}

static inline void walk(const td_forest *f, const uint32_t *cells, const uint32_t *row, uint32_t *at,
                        bool has_bits)
{
    __m256i rows[VECTORS], places[VECTORS], moved;

    for (int i = 0; i < VECTORS; i++) {
        rows[i] = _mm256_loadu_si256((const __m256i *)row + i);
        places[i] = _mm256_loadu_si256((const __m256i *)at + i);
    }
    do {
        moved = _mm256_setzero_si256();
        for (int i = 0; i < VECTORS; i++) {
            const __m256i to = step(f, cells, rows[i], places[i], has_bits);

            moved = _mm256_or_si256(moved, _mm256_xor_si256(to, places[i]));
            places[i] = to;
        }
    } while (!_mm256_testz_si256(moved, moved));
    for (int i = 0; i < VECTORS; i++)
        _mm256_storeu_si256((__m256i *)at + i, places[i]);
}

void td_forest_walk_avx2(const td_forest *f, const uint32_t *cells, const uint32_t row[TD_FOREST_LANES],
                         uint32_t at[TD_FOREST_LANES])
{
    if (f->has_numbers_only)
        walk(f, cells, row, at, false);
    else
        walk(f, cells, row, at, true);
}
