/* SPDX-License-Identifier: Apache-2.0 */
/* op_where.c -- what is zero and what is not:
 * Where (the places of what is not, as rows of indices), ToBool. */
#include <string.h>

#include "ops/array/array.h"

/* Elements as words; `mask` takes the sign of zero out of float types. */
typedef struct zero_test {
    size_t elem;  /* bytes of a word: 1, 2, 4 or 8 */
    size_t words; /* a complex number has two */
    uint64_t mask;
} zero_test;

static zero_test test_for(td_dtype d)
{
    switch (d) {
    case TD_F32:
        return (zero_test){ 4, 1, INT32_MAX };
    case TD_F64:
        return (zero_test){ 8, 1, INT64_MAX };
    case TD_F16:
    case TD_BF16:
        return (zero_test){ 2, 1, INT16_MAX };
    case TD_C64:
        return (zero_test){ 4, 2, INT32_MAX };
    case TD_C128:
        return (zero_test){ 8, 2, INT64_MAX };
    default:
        return (zero_test){ td_dtype_size(d), 1, UINT64_MAX };
    }
}

static bool is_zero(const zero_test *t, const char *at)
{
    for (size_t w = 0; w < t->words; w++) {
        uint64_t v = 0;

        switch (t->elem) {
        case 1:
            v = *(const uint8_t *)at;
            break;
        case 2:
            memcpy(&v, at + 2 * w, 2);
            break;
        case 4:
            memcpy(&v, at + 4 * w, 4);
            break;
        default:
            memcpy(&v, at + 8 * w, 8);
        }
        if (v & t->mask) return false;
    }
    return true;
}

static td_status where_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const zero_test test = test_for(in->dtype);
    const size_t n = (size_t)td_shape_count(&in->shape), elem = td_dtype_size(in->dtype);
    const int rank = in->shape.rank;
    const char *const data = in->data;
    int64_t found = 0, at[TD_MAX_RANK] = { 0 };

    if (rank == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "WhereOp : Unhandled input dimensions: 0");
    for (size_t i = 0; i < n; i++)
        found += !is_zero(&test, data + i * elem);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 2, { found, rank } }));
    int64_t *to = td_out(c, 0)->data;

    for (size_t i = 0; i < n; i++) {
        if (!is_zero(&test, data + i * elem)) {
            memcpy(to, at, (size_t)rank * sizeof *at);
            to += rank;
        }
        for (int k = rank - 1; k >= 0; k--) {
            if (++at[k] < in->shape.dims[k]) break;
            at[k] = 0;
        }
    }
    return NULL;
}

/* ToBool: a scalar is true when it is not zero or empty, a tensor of higher rank when it has elements. */
static td_status to_bool_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const zero_test test = test_for(in->dtype);
    bool is_true = td_shape_count(&in->shape) > 0;

    if (in->shape.rank == 0)
        is_true =
            in->dtype == TD_STRING ? ((const td_string *)in->data)->size > 0 : !is_zero(&test, in->data);
    *(uint8_t *)td_out(c, 0)->data = is_true;
    return NULL;
}

static const td_kernel to_bool_kernels[] = {
    { .dtypes = TD_MOVABLE & ~TD_DTYPE_BIT(TD_RESOURCE), .run = to_bool_run },
    { 0 },
};
static const td_kernel where_kernels[] = {
    { .dtypes = TD_MOVABLE & ~TD_DTYPE_BIT(TD_STRING) & ~TD_DTYPE_BIT(TD_RESOURCE), .run = where_run },
    { 0 },
};

const td_op td_ops_where[] = {
    { .name = "Where",
      .sig = "input: T -> index: int64",
      .attrs = "T: type = bool",
      .flags = TD_OP_DYNAMIC,
      .kernels = where_kernels },
    { .name = "ToBool",
      .sig = "input: T -> output: bool",
      .attrs = "T: type",
      .infer = td_infer_scalar,
      .kernels = to_bool_kernels },
    { 0 },
};
