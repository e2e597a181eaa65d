/* SPDX-License-Identifier: Apache-2.0 */
/* dtype.h -- element types, numbered as TensorFlow's DataType, so that files and the wire need no table. */
#ifndef TENSORD_DTYPE_H
#define TENSORD_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/macros.h"

TD_BEGIN_DECLS

/* Name here, number, bytes an element, TensorFlow's name in texts ("float"),
 * TensorFlow's enum ("DT_FLOAT"). */
#define TD_DTYPES(X)                                                                                         \
    X(F32, 1, 4, "float", "DT_FLOAT")                                                                        \
    X(F64, 2, 8, "double", "DT_DOUBLE")                                                                      \
    X(I32, 3, 4, "int32", "DT_INT32")                                                                        \
    X(U8, 4, 1, "uint8", "DT_UINT8")                                                                         \
    X(I16, 5, 2, "int16", "DT_INT16")                                                                        \
    X(I8, 6, 1, "int8", "DT_INT8")                                                                           \
    X(STRING, 7, 16, "string", "DT_STRING")                                                                  \
    X(C64, 8, 8, "complex64", "DT_COMPLEX64")                                                                \
    X(I64, 9, 8, "int64", "DT_INT64")                                                                        \
    X(BOOL, 10, 1, "bool", "DT_BOOL")                                                                        \
    X(QI8, 11, 1, "qint8", "DT_QINT8")                                                                       \
    X(QU8, 12, 1, "quint8", "DT_QUINT8")                                                                     \
    X(QI32, 13, 4, "qint32", "DT_QINT32")                                                                    \
    X(BF16, 14, 2, "bfloat16", "DT_BFLOAT16")                                                                \
    X(QI16, 15, 2, "qint16", "DT_QINT16")                                                                    \
    X(QU16, 16, 2, "quint16", "DT_QUINT16")                                                                  \
    X(U16, 17, 2, "uint16", "DT_UINT16")                                                                     \
    X(C128, 18, 16, "complex128", "DT_COMPLEX128")                                                           \
    X(F16, 19, 2, "half", "DT_HALF")                                                                         \
    X(RESOURCE, 20, 8, "resource", "DT_RESOURCE")                                                            \
    X(VARIANT, 21, 8, "variant", "DT_VARIANT")                                                               \
    X(U32, 22, 4, "uint32", "DT_UINT32")                                                                     \
    X(U64, 23, 8, "uint64", "DT_UINT64")                                                                     \
    X(F8E5M2, 24, 1, "float8_e5m2", "DT_FLOAT8_E5M2")                                                        \
    X(F8E4M3FN, 25, 1, "float8_e4m3fn", "DT_FLOAT8_E4M3FN")

typedef enum td_dtype {
    TD_DTYPE_NONE = 0,
#define X(name, number, size, text, pb) TD_##name = number,
    TD_DTYPES(X)
#undef X
        TD_DTYPE_COUNT = 32,
    TD_DTYPE_REF = 100, /* TensorFlow adds it to a type to say "a reference to" */
} td_dtype;

#define TD_DTYPE_BIT(d) (UINT64_C(1) << (d))

size_t td_dtype_size(td_dtype d);         /* bytes an element; 0 for a number that is no dtype */
const char *td_dtype_name(td_dtype d);    /* "float"; "invalid" */
const char *td_dtype_pb_name(td_dtype d); /* "DT_FLOAT"; "DT_INVALID" */
bool td_dtype_is_valid(int64_t number);   /* one of TD_DTYPES (not a reference) */

TD_END_DECLS

#endif
