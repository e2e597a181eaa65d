/* SPDX-License-Identifier: Apache-2.0 */
/* softmax_avx2.c -- see softmax_body.h. */
#include "kernels/elt/v_avx2.h"

#include "kernels/softmax/softmax_body.h"

void td_softmax_avx2(float *out, const float *in, size_t rows, size_t cols, bool is_log)
{
    run_softmax(out, in, rows, cols, is_log);
}
