/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.c -- tensors to TensorProto; see tensor.h.
 *
 * Every dtype has one field and one of a few forms:
 *
 *   RAW      fixed-size values, as they lie in memory (float, double, complex, float8, every content)
 *   VARINTS  a packed list of varints (ints, half and bfloat16 as their bits, bool)
 *   STRINGS  one bytes field an element
 *   LENGTHS  strings in tensor_content: all lengths as varints, then all bytes
 */
#include "codec/pb/tensor.h"

#include <string.h>

#include "base/macros.h"

enum { DTYPE = 1, SHAPE = 2, CONTENT = 4 }; /* of TensorProto */

typedef enum form { FORM_NONE, RAW, VARINTS, STRINGS, LENGTHS } form;

typedef struct encoding {
    uint8_t field;
    uint8_t form;
} encoding;

static const encoding encodings[TD_DTYPE_COUNT] = {
    [TD_F32] = { 5, RAW },        [TD_F64] = { 6, RAW },       [TD_I32] = { 7, VARINTS },
    [TD_U8] = { 7, VARINTS },     [TD_I16] = { 7, VARINTS },   [TD_I8] = { 7, VARINTS },
    [TD_STRING] = { 8, STRINGS }, [TD_C64] = { 9, RAW },       [TD_I64] = { 10, VARINTS },
    [TD_BOOL] = { 11, VARINTS },  [TD_QI8] = { 7, VARINTS },   [TD_QU8] = { 7, VARINTS },
    [TD_QI32] = { 7, VARINTS },   [TD_BF16] = { 13, VARINTS }, [TD_QI16] = { 7, VARINTS },
    [TD_QU16] = { 7, VARINTS },   [TD_U16] = { 7, VARINTS },   [TD_C128] = { 12, RAW },
    [TD_F16] = { 13, VARINTS },   [TD_U32] = { 16, VARINTS },  [TD_U64] = { 17, VARINTS },
    [TD_F8E5M2] = { 18, RAW },    [TD_F8E4M3FN] = { 18, RAW },
};

static encoding encoding_of(td_dtype dtype, bool as_content)
{
    const encoding e = (unsigned)dtype < TD_DTYPE_COUNT ? encodings[dtype] : (encoding){ 0 };

    if (!as_content || !e.form) return e;
    return (encoding){ CONTENT, dtype == TD_STRING ? LENGTHS : RAW };
}

/* ---- packed varints: one sizing and one writing loop for each width and sign ---- */

static inline size_t sized(uint64_t v)
{
    return td_wire_varint_size(v);
}

#define VARINT_LOOPS(name, type)                                                                             \
    static size_t name##_size(const void *data, size_t n)                                                    \
    {                                                                                                        \
        const type *const v = data;                                                                          \
        size_t size = 0;                                                                                     \
                                                                                                             \
        for (size_t i = 0; i < n; i++)                                                                       \
            size += sized((uint64_t)(int64_t)v[i]);                                                          \
        return size;                                                                                         \
    }                                                                                                        \
    static uint8_t *name##_put(uint8_t *p, const void *data, size_t n)                                       \
    {                                                                                                        \
        const type *const v = data;                                                                          \
                                                                                                             \
        for (size_t i = 0; i < n; i++)                                                                       \
            p = td_wire_put_varint(p, (uint64_t)(int64_t)v[i]);                                              \
        return p;                                                                                            \
    }

VARINT_LOOPS(u8, uint8_t)
VARINT_LOOPS(i8, int8_t)
VARINT_LOOPS(u16, uint16_t)
VARINT_LOOPS(i16, int16_t)
VARINT_LOOPS(u32, uint32_t)
VARINT_LOOPS(i32, int32_t)
VARINT_LOOPS(i64, int64_t) /* and uint64: the bits are the same */

/* A bool takes one byte, whatever non-zero a kernel left there. */
static size_t bool_size(const void *data, size_t n)
{
    (void)data;
    return n;
}

static uint8_t *bool_put(uint8_t *p, const void *data, size_t n)
{
    const uint8_t *const v = data;

    for (size_t i = 0; i < n; i++)
        p[i] = v[i] != 0;
    return p + n;
}

typedef struct varints {
    size_t (*size)(const void *data, size_t n);
    uint8_t *(*put)(uint8_t *p, const void *data, size_t n);
} varints;

static const varints varint_loops[TD_DTYPE_COUNT] = {
    [TD_I32] = { i32_size, i32_put },  [TD_QI32] = { i32_size, i32_put },   [TD_U8] = { u8_size, u8_put },
    [TD_QU8] = { u8_size, u8_put },    [TD_I16] = { i16_size, i16_put },    [TD_QI16] = { i16_size, i16_put },
    [TD_I8] = { i8_size, i8_put },     [TD_QI8] = { i8_size, i8_put },      [TD_I64] = { i64_size, i64_put },
    [TD_U64] = { i64_size, i64_put },  [TD_BOOL] = { bool_size, bool_put }, [TD_U16] = { u16_size, u16_put },
    [TD_QU16] = { u16_size, u16_put }, [TD_F16] = { u16_size, u16_put },    [TD_BF16] = { u16_size, u16_put },
    [TD_U32] = { u32_size, u32_put },
};

/* ---- strings ---- */

static size_t strings_size(uint32_t field, const td_string *s, size_t n)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += td_wire_bytes_size(field, s[i].size);
    return size;
}

static uint8_t *strings_put(uint8_t *p, uint32_t field, const td_string *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p = td_wire_put_bytes(p, field, s[i].data, s[i].size);
    return p;
}

static size_t lengths_size(const td_string *s, size_t n)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += td_wire_varint_size(s[i].size) + s[i].size;
    return size;
}

static uint8_t *lengths_put(uint8_t *p, const td_string *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p = td_wire_put_varint(p, s[i].size);
    for (size_t i = 0; i < n; p += s[i++].size)
        if (s[i].size) memcpy(p, s[i].data, s[i].size);
    return p;
}

/* ---- shapes ---- */

enum { DIM = 2, UNKNOWN_RANK = 3, DIM_SIZE = 1, DIM_NAME = 2 };

static size_t dim_size(int64_t dim, const char *name)
{
    return (dim ? td_wire_number_size(DIM_SIZE, (uint64_t)dim) : 0) +
           (name && *name ? td_wire_bytes_size(DIM_NAME, strlen(name)) : 0);
}

size_t td_grpc_shape_size(const td_shape *s, const char *const *dim_names)
{
    size_t size = 0;

    if (s->rank < 0) return td_wire_number_size(UNKNOWN_RANK, 1);
    for (int32_t i = 0; i < s->rank; i++)
        size += td_wire_bytes_size(DIM, dim_size(s->dims[i], dim_names ? dim_names[i] : NULL));
    return size;
}

uint8_t *td_grpc_shape_put(uint8_t *p, const td_shape *s, const char *const *dim_names)
{
    if (s->rank < 0) return td_wire_put_number(p, UNKNOWN_RANK, 1);
    for (int32_t i = 0; i < s->rank; i++) {
        const char *const name = dim_names ? dim_names[i] : NULL;

        p = td_wire_put_head(p, DIM, dim_size(s->dims[i], name));
        if (s->dims[i]) p = td_wire_put_number(p, DIM_SIZE, (uint64_t)s->dims[i]);
        if (name && *name) p = td_wire_put_bytes(p, DIM_NAME, name, strlen(name));
    }
    return p;
}

/* ---- the whole ---- */

td_status td_grpc_tensor_plan(const td_tensor *t, bool as_content, td_grpc_tensor *out)
{
    const encoding e = encoding_of(t->dtype, as_content);
    const size_t n = (size_t)td_shape_count(&t->shape);
    td_grpc_tensor plan = { .tensor = t, .field = e.field };

    switch ((form)e.form) {
    case RAW:
        plan.payload = n * td_dtype_size(t->dtype);
        break;
    case VARINTS:
        plan.payload = varint_loops[t->dtype].size(t->data, n);
        break;
    case STRINGS:
        plan.payload = strings_size(e.field, t->data, n);
        break;
    case LENGTHS:
        plan.payload = lengths_size(t->data, n);
        break;
    case FORM_NONE:
        return TD_ERR(UNIMPLEMENTED, "A tensor of type %s has no wire form", td_dtype_name(t->dtype));
    }
    plan.shape_size = td_grpc_shape_size(&t->shape, NULL);
    plan.size = td_wire_number_size(DTYPE, (uint64_t)t->dtype) + td_wire_bytes_size(SHAPE, plan.shape_size);
    if (e.form == STRINGS)
        plan.size += plan.payload;
    else if (plan.payload)
        plan.size += td_wire_bytes_size(e.field, plan.payload);
    *out = plan;
    return NULL;
}

static encoding encoding_in(const td_grpc_tensor *plan)
{
    return encoding_of(plan->tensor->dtype, plan->field == CONTENT);
}

bool td_grpc_tensor_is_plain(const td_grpc_tensor *plan)
{
    return encoding_in(plan).form == RAW && plan->payload > 0;
}

uint8_t *td_grpc_tensor_put_head(uint8_t *p, const td_grpc_tensor *plan)
{
    const td_tensor *const t = plan->tensor;

    p = td_wire_put_number(p, DTYPE, (uint64_t)t->dtype);
    p = td_wire_put_head(p, SHAPE, plan->shape_size);
    p = td_grpc_shape_put(p, &t->shape, NULL);
    if (plan->payload && encoding_in(plan).form != STRINGS)
        p = td_wire_put_head(p, plan->field, plan->payload);
    return p;
}

uint8_t *td_grpc_tensor_put(uint8_t *p, const td_grpc_tensor *plan)
{
    const td_tensor *const t = plan->tensor;
    const size_t n = (size_t)td_shape_count(&t->shape);
    const encoding e = encoding_in(plan);

    p = td_grpc_tensor_put_head(p, plan);
    if (!plan->payload) return p;
    switch ((form)e.form) {
    case RAW:
        memcpy(p, t->data, plan->payload); /* little-endian on both sides */
        return p + plan->payload;
    case VARINTS:
        return varint_loops[t->dtype].put(p, t->data, n);
    case STRINGS:
        return strings_put(p, e.field, t->data, n);
    case LENGTHS:
        return lengths_put(p, t->data, n);
    case FORM_NONE:
        break;
    }
    TD_ASSERT(e.form != FORM_NONE); /* td_grpc_tensor_plan() refused it */
    return p;
}
