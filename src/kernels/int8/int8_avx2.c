/* SPDX-License-Identifier: Apache-2.0 */
/* int8_avx2.c -- sums without instructions for bytes: steps of 16 bits, whose pairs of products are exact in 32. (That which sums
 * pairs of products of bytes stops at 16 bits.) */
#include <immintrin.h>

#include "kernels/int8/int8_body.h"

enum {
    ROWS = 6,
    PART = 4, /* columns of a register of 16 bits, four of depth each */
    PARTS = 2,
};

/* Two registers have two halves of each column side by side. */
static inline void store(int32_t *acc, __m256i a, __m256i b)
{
    const __m256i pairs = _mm256_hadd_epi32(a, b);

    _mm256_storeu_si256((__m256i *)(void *)acc, _mm256_permute4x64_epi64(pairs, 0xd8));
}

static inline __m256i weights(const int8_t *p)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline __m256i spread(const char *row, size_t quad)
{
    long long four;

    memcpy(&four, row + quad * sizeof four, sizeof four);
    return _mm256_set1_epi64x(four);
}

/* Eight columns. Twelve sums, two of weights, one of a row and one of products are all registers there are: what is said to be used
 * in order stays in it. */
INT8_INLINE void some_rows(int32_t *acc, const char *rows, size_t stride, const int8_t *panel, size_t quads,
                           const int n_rows)
{
    __m256i sum[ROWS][PARTS];

    for (int r = 0; r < n_rows; r++)
        sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    for (size_t q = 0; q < quads; q++, panel += 4 * TD_INT8_COLS) {
        const __m256i w0 = weights(panel), w1 = weights(panel + 4 * PART);

#pragma GCC unroll 6
        for (int r = 0; r < n_rows; r++) {
            const __m256i x = spread(rows + (size_t)r * stride, q);

            sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(w0, x));
            sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(w1, x));
            __asm__ volatile("" : "+x"(sum[r][0]), "+x"(sum[r][1]));
        }
    }
    for (int r = 0; r < n_rows; r++)
        store(acc + r * TD_INT8_COLS, sum[r][0], sum[r][1]);
}

INT8_INLINE void both_halves(int32_t *acc, const char *rows, size_t stride, const int8_t *panel, size_t quads,
                             const int n_rows)
{
    for (int half = 0; half < 2; half++, acc += PARTS * PART, panel += 4 * PARTS * PART)
        some_rows(acc, rows, stride, panel, quads, n_rows);
}

static void sums(int32_t *acc, const void *rows, size_t stride, size_t n_rows, const int8_t *panel,
                 size_t quads)
{
    const char *at = rows;
    size_t left = n_rows;

    for (; left >= ROWS; left -= ROWS, at += ROWS * stride, acc += (ptrdiff_t)ROWS * TD_INT8_COLS)
        both_halves(acc, at, stride, panel, quads, ROWS);
    switch (left) {
    case 5:
        both_halves(acc, at, stride, panel, quads, 5);
        break;
    case 4:
        both_halves(acc, at, stride, panel, quads, 4);
        break;
    case 3:
        both_halves(acc, at, stride, panel, quads, 3);
        break;
    case 2:
        both_halves(acc, at, stride, panel, quads, 2);
        break;
    case 1:
        both_halves(acc, at, stride, panel, quads, 1);
        break;
    default:
        break;
    }
}

static void round_steps(void *steps, const float *x, size_t n, float factor)
{
    int8_round_16(steps, x, n, factor);
}

/* What eight columns of all rows have in common. */
typedef struct columns {
    __m256 scale, bias, lo, hi;
} columns;

static inline columns columns_of(const td_int8_end *e, size_t at)
{
    return (columns){ _mm256_loadu_ps(e->scales + at),
                      e->bias ? _mm256_loadu_ps(e->bias + at) : _mm256_setzero_ps(), _mm256_set1_ps(e->lo),
                      _mm256_set1_ps(e->hi) };
}

/* A NaN in the second operand passes through both clamps. */
static inline void finish_half(float *out, const int32_t *acc, const columns *c, __m256 row_scale,
                               const float *add)
{
    const __m256 sum = _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(const void *)acc));
    __m256 v = _mm256_add_ps(_mm256_mul_ps(sum, _mm256_mul_ps(row_scale, c->scale)), c->bias);

    if (add) v = _mm256_add_ps(v, _mm256_loadu_ps(add));
    _mm256_storeu_ps(out, _mm256_max_ps(c->lo, _mm256_min_ps(c->hi, v)));
}

static void finish(float *out, size_t ld, const int32_t *acc, size_t rows, size_t n, const td_int8_end *e)
{
    if (n < TD_INT8_COLS) {
        int8_finish(out, ld, acc, rows, n, 0, e);
        return;
    }
    const columns c[] = { columns_of(e, 0), columns_of(e, 8) };
    const float *add = e->add;

    for (size_t r = 0; r < rows; r++, out += ld, acc += TD_INT8_COLS) {
        const __m256 row_scale = _mm256_set1_ps(e->row_scales[r]);

        finish_half(out, acc, &c[0], row_scale, add);
        finish_half(out + 8, acc + 8, &c[1], row_scale, add ? add + 8 : NULL);
        if (add) add += e->add_ld;
    }
}

const td_int8_isa td_int8_avx2 = { .width = sizeof(int16_t),
                                   .block = 5 * ROWS,
                                   .sums = sums,
                                   .most = int8_most,
                                   .round = round_steps,
                                   .finish = finish };
