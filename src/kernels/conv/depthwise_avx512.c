/* SPDX-License-Identifier: Apache-2.0 */
/* depthwise_avx512.c -- see depthwise_body.h. */
#include "kernels/elt/v_avx512.h"

#include "kernels/conv/depthwise_body.h"

void td_depthwise_avx512(const td_depthwise *d, void *out, const void *in, const float *w,
                         const td_depthwise_end *end, const td_depthwise_part *part)
{
    run_part(d, out, in, w, end, part);
}
