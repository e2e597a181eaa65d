/* SPDX-License-Identifier: Apache-2.0 */
/* winograd_avx512.c -- see winograd_body.h. */
#include "kernels/elt/v_avx512.h"

#include "kernels/conv/winograd_body.h"

static void run_in(float *v, size_t step, const float *const pixels[16], size_t channels)
{
    transform_in(v, step, pixels, channels);
}

static void run_out(float *const out[4], const float *const add[4], const float *m, size_t step,
                    size_t channels, const float *bias, float lo, float hi)
{
    transform_out(out, add, m, step, channels, bias, lo, hi);
}

const td_winograd_bodies td_winograd_avx512 = { run_in, run_out };
