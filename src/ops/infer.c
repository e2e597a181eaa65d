/* SPDX-License-Identifier: Apache-2.0 */
/* infer.c -- shape inference that many ops share. */
#include "ops/op.h"

#include "base/macros.h"

td_status td_infer_same(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = td_in(c, 0)->shape;
    return NULL;
}

td_status td_infer_scalar(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = (td_shape){ 0 };
    return NULL;
}

bool td_shape_broadcast(const td_shape *a, const td_shape *b, td_shape *out)
{
    td_shape s = { .rank = TD_MAX(a->rank, b->rank) };

    for (int32_t i = 0; i < s.rank; i++) {
        const int32_t ia = i - (s.rank - a->rank), ib = i - (s.rank - b->rank);
        const int64_t da = ia < 0 ? 1 : a->dims[ia], db = ib < 0 ? 1 : b->dims[ib];

        if (da != db && da != 1 && db != 1) return false;
        s.dims[i] = da == 1 ? db : da;
    }
    *out = s;
    return true;
}

td_status td_infer_broadcast(td_call *c)
{
    const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, 1)->shape;
    td_shape s;

    if (!td_shape_broadcast(a, b, &s)) {
        char ta[TD_SHAPE_TEXT], tb[TD_SHAPE_TEXT];

        return TD_ERR(INVALID_ARGUMENT, "Incompatible shapes: %s vs. %s", td_shape_text(a, ta, sizeof ta),
                      td_shape_text(b, tb, sizeof tb));
    }
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}
