/* SPDX-License-Identifier: Apache-2.0 */
/* check_pool.c -- every pooling body this CPU can run, against the reference. */
#include <math.h>

#include "check.h"

#include "kernels/pool/pool.h"

static void check_one(const char *isa, td_pool_fn *kernel, const td_pool_shape *p, td_pool_kind kind)
{
    const size_t n_in = p->batch * p->in[1] * p->in[2] * p->channels,
                 pixels = p->batch * p->out[1] * p->out[2];
    float *const in = check_buf_rand(n_in, -2, 2), *const want = check_buf(pixels * p->channels);
    float *const got = check_buf(pixels * p->channels);

    for (size_t i = 0; kind == TD_POOL_MAX && i < n_in; i += 5) /* which no maximum may be */
        in[i] = NAN;
    td_pool_f32_ref(p, kind, want, in, 0, pixels);
    kernel(p, kind, got, in, 0, pixels);
    for (size_t i = 0; i < pixels * p->channels; i++)
        CHECK(check_near((double)got[i], (double)want[i], 1e-6), "%s kind %d [%zu]: %g, want %g", isa,
              (int)kind, i, (double)got[i], (double)want[i]);
    CHECK(check_guards(got, pixels * p->channels), "%s wrote outside its output", isa);
    check_buf_free(in), check_buf_free(want), check_buf_free(got);
}

void check_pool(void)
{
    for (size_t channels = 1; channels <= 35; channels += 17)
        for (int kind = 0; kind < 2; kind++) {
            const td_pool_shape p = {
                .batch = 2,
                .channels = channels,
                .in = { 1, 7, 8 },
                .out = { 1, 4, 4 },
                .kernel = { 1, 3, 3 },
                .stride = { 1, 2, 2 },
                .pad = { 0, 1, 0 },
            };
            CHECK_EACH(pool, v)
                check_one(v->name, v->body, &p, (td_pool_kind)kind);
        }
}
