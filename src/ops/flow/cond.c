/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/flow/cond.h"

bool td_cond_is_true(const td_tensor *t)
{
    const int64_t n = td_shape_count(&t->shape);
    const unsigned char *const bytes = t->data;

    if (t->shape.rank > 0) return n > 0;
    if (t->dtype == TD_STRING) return ((const td_string *)t->data)->size > 0;
    if (t->dtype == TD_F32) return *(const float *)t->data != 0.0f;
    if (t->dtype == TD_F64) return *(const double *)t->data != 0.0;
    for (size_t i = 0; i < td_dtype_size(t->dtype); i++)
        if (bytes[i]) return true;
    return false;
}
