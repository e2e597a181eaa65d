/* SPDX-License-Identifier: Apache-2.0 */
/* pool_body.h -- windows over T (one element or a vector); shared by the bodies, see pool.h. */
#include "kernels/pool/pool.h"

/* The part of a window that lies in the image. */
typedef struct window {
    size_t n, at[3], count[3]; /* first input pixel; how many in each dimension */
} window;

static window window_at(const td_pool_shape *p, size_t pixel)
{
    window w;

    for (int i = 2; i >= 0; i--) {
        const int64_t from = (int64_t)(pixel % p->out[i] * p->stride[i]) - p->pad[i];
        const int64_t to = from + (int64_t)p->kernel[i];
        const int64_t lo = from < 0 ? 0 : from, hi = to > (int64_t)p->in[i] ? (int64_t)p->in[i] : to;
        w.at[i] = (size_t)lo;
        w.count[i] = hi > lo ? (size_t)(hi - lo) : 0;
        pixel /= p->out[i];
    }
    w.n = pixel;
    return w;
}
