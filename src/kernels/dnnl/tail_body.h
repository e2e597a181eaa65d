/* tail_body.h -- TAIL(name): the body of a td_dnnl_tail_fn, compiled once for each instruction set. */
#include <math.h>

#include "base/macros.h"
#include "kernels/dnnl/tail.h"

/* NaN fails both comparisons and stays. */
#define TAIL_CLAMP(v) ((v) < lo ? lo : (v) > hi ? hi : (v))

/* Blocks of 16 are vectorised: the compiler wants to know how long a loop is. */
#define TAIL_LOOP(value)                                                                                     \
    for (; i + 16 <= n; i += 16)                                                                             \
        for (size_t k = i; k < i + 16; k++)                                                                  \
            out[k] = TAIL_CLAMP(value);                                                                      \
    for (size_t k = i; k < n; k++)                                                                           \
        out[k] = TAIL_CLAMP(value);

static void tail_row(float *out, const float *add, size_t n, float lo, float hi)
{
    size_t i = 0;

    if (add) {
        TAIL_LOOP(out[k] + add[k])
    } else {
        TAIL_LOOP(out[k])
    }
}

#define TAIL(name)                                                                                           \
    void name(const td_dnnl_area *a, const float *add, const td_gemm_end *end)                               \
    {                                                                                                        \
        const bool has_row = end->lo > -INFINITY || end->hi < INFINITY || add;                               \
        if (!has_row && !end->post) return;                                                                  \
        for (size_t i = 0; i < a->rows; i++) {                                                               \
            float *const out = a->out + i * a->cols;                                                         \
            if (has_row) tail_row(out, add ? add + i * end->add_ld : NULL, a->cols, end->lo, end->hi);       \
            if (end->post) end->post(out, a->cols);                                                          \
        }                                                                                                    \
    }
