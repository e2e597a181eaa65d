/* SPDX-License-Identifier: Apache-2.0 */
/* tail_body.h -- TAIL(name): the body of a td_dnnl_tail_fn, compiled once for each instruction set.
 *
 * The including file brings the vector operations (kernels/act/v_*.h). */
#include "kernels/dnnl/tail.h"

static void tail_row(float *out, const float *add, size_t n, const td_gemm_end *end)
{
    const V lo = V_SET1(end->lo), hi = V_SET1(end->hi);
    size_t i = 0;

    for (; i + VW <= n; i += VW) {
        V x = V_LOAD(out + i);
        if (add) x = V_ADD(x, V_LOAD(add + i));
        V_STORE(out + i, V_MAX(lo, V_MIN(hi, x))); /* a NaN in the second operand passes through both */
    }
    if (i == n) return;
    V x = V_LOAD_N(out + i, n - i);
    if (add) x = V_ADD(x, V_LOAD_N(add + i, n - i));
    V_STORE_N(out + i, n - i, V_MAX(lo, V_MIN(hi, x)));
}

#define TAIL(name)                                                                                           \
    void name(const td_dnnl_area *a, const float *add, const td_gemm_end *end)                               \
    {                                                                                                        \
        const bool has_row = end->lo > -INFINITY || end->hi < INFINITY || add;                               \
        const bool is_one = !add || end->add_ld == a->cols; /* rows without gaps are one */                  \
        const size_t rows = is_one ? 1 : a->rows, cols = is_one ? a->rows * a->cols : a->cols;               \
                                                                                                             \
        for (size_t i = 0; has_row && i < rows; i++)                                                         \
            tail_row(a->out + i * cols, add ? add + i * end->add_ld : NULL, cols, end);                      \
        if (end->post) end->post(a->out, a->rows * a->cols);                                                 \
    }
