/* SPDX-License-Identifier: Apache-2.0 */
/* num_bodies.h -- the bodies that td_widen_find() and td_narrow_find() choose from;
 * for them and for tests. */
#ifndef TD_KERNELS_NUM_BODIES_H
#define TD_KERNELS_NUM_BODIES_H

#include "base/variant.h"
#include "kernels/elt/num.h"

typedef struct td_half_bodies {
    td_widen_fn *widen_f16, *widen_bf16;
    td_narrow_fn *narrow_f16, *narrow_bf16;
} td_half_bodies;

extern const td_half_bodies td_half_ref, td_half_avx2;
TD_VARIANTS(half, const td_half_bodies *);

#endif
