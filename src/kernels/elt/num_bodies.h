/* SPDX-License-Identifier: Apache-2.0 */
/* num_bodies.h -- the bodies that td_widen_find() and td_narrow_find() choose from;
 * for them and for tests. */
#ifndef TD_KERNELS_NUM_BODIES_H
#define TD_KERNELS_NUM_BODIES_H

#include "kernels/elt/num.h"

td_widen_fn td_widen_f16_ref, td_widen_bf16_ref;
td_narrow_fn td_narrow_f16_ref, td_narrow_bf16_ref;
td_widen_fn td_widen_f16_avx2, td_widen_bf16_avx2;
td_narrow_fn td_narrow_f16_avx2, td_narrow_bf16_avx2;

#endif
