/* SPDX-License-Identifier: Apache-2.0 */
/* check_gemm.c -- packed products of every instruction set this CPU has,
 * against double sums. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"

#include "kernels/gemm/gemm.h"
#include "kernels/gemm/matmul.h"

/* ---------------------------------------------------------------- products */

static float clamp(double v, const td_gemm_end *e)
{
    return v < (double)e->lo ? e->lo : v > (double)e->hi ? e->hi : (float)v;
}

static void check_product(const td_gemm_isa *isa, size_t m, size_t n, size_t k, bool ends)
{
    float *const a = check_buf_rand(m * k, -1, 1), *const b = check_buf_rand(k * n, -1, 1),
                 *const c = check_buf(m * n);
    float *const bias = check_buf_rand(n, -1, 1), *const add = check_buf_rand(m * n, -1, 1);
    float *const packed = check_buf(td_gemm_packed_size(k, n) / sizeof(float));
    const size_t scratch = td_gemm_scratch(1, 0);
    td_gemm g = {
        .isa = isa,
        .m = m,
        .n = n,
        .segments = 1,
        .depth = k,
        .a = a,
        .lda = k,
        .b = packed,
        .c = c,
        .ldc = n,
        .end = td_gemm_end_none,
        .scratch = td_alloc(scratch),
        .scratch_size = scratch,
    };

    if (ends) g.end = (td_gemm_end){ .bias = bias, .add = add, .add_ld = n, .lo = 0.0f, .hi = 6.0f };
    td_gemm_pack(packed, b, k, n, n, 1, NULL);
    td_gemm_run(&g, NULL);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double want = ends ? (double)bias[j] + (double)add[i * n + j] : 0.0;
            for (size_t x = 0; x < k; x++)
                want += (double)a[i * k + x] * (double)b[x * n + j];
            CHECK(check_near((double)c[i * n + j], (double)clamp(want, &g.end), 1e-5 * sqrt((double)k)),
                  "%s %zux%zux%zu [%zu, %zu]: %g, want %g", isa->name, m, n, k, i, j, (double)c[i * n + j],
                  want);
        }
    CHECK(check_guards(c, m * n), "%s %zux%zux%zu wrote outside its output", isa->name, m, n, k);
    td_free(g.scratch);
    check_buf_free(a), check_buf_free(b), check_buf_free(c), check_buf_free(bias), check_buf_free(add);
    check_buf_free(packed);
}

void check_gemm(void)
{
    static const size_t sizes[] = { 1, 2, 5, 15, 16, 17, 31, 48, 49, 64, 65, 130 };

    CHECK_EACH(gemm, v) {
        for (size_t m = 1; m <= 20; m += m < 10 ? 1 : 5)
            for (size_t i = 0; i < TD_COUNT(sizes); i++)
                check_product(v->body, m, sizes[i], 1 + 3 * i, i % 2);
        check_product(v->body, 100, 200, 1500, true); /* blocks of k and of rows */
    }
}
