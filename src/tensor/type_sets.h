/* SPDX-License-Identifier: Apache-2.0 */
/* type_sets.h -- sets of types by name, for the lists of what kernels take. */
#ifndef TD_TENSOR_TYPE_SETS_H
#define TD_TENSOR_TYPE_SETS_H

#include "tensord/dtype.h"

#define TD_HALF_TYPES  (TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_BF16))
#define TD_FLOAT_TYPES (TD_HALF_TYPES | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64))
#define TD_SIGNED_TYPES                                                                                      \
    (TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_I16) | TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64))
#define TD_UNSIGNED_TYPES                                                                                    \
    (TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_U16) | TD_DTYPE_BIT(TD_U32) | TD_DTYPE_BIT(TD_U64))
#define TD_INT_TYPES     (TD_SIGNED_TYPES | TD_UNSIGNED_TYPES)
#define TD_REAL_TYPES    (TD_FLOAT_TYPES | TD_INT_TYPES)
#define TD_COMPLEX_TYPES (TD_DTYPE_BIT(TD_C64) | TD_DTYPE_BIT(TD_C128))
#define TD_NUMBER_TYPES  (TD_REAL_TYPES | TD_COMPLEX_TYPES)
#define TD_BOOL_TYPE     TD_DTYPE_BIT(TD_BOOL)

#endif
