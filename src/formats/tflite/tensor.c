/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.c -- tensors of a TFLite file: their types, their sizes, and what constants hold. */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "formats/tflite/tflite.h"

static const struct {
    const char *name;
    td_dtype dtype;
} types[] = {
    { "FLOAT32", TD_F32 },   { "FLOAT16", TD_F16 },
    { "INT32", TD_I32 },     { "UINT8", TD_U8 },
    { "INT64", TD_I64 },     { "STRING", TD_STRING },
    { "BOOL", TD_BOOL },     { "INT16", TD_I16 },
    { "COMPLEX64", TD_C64 }, { "INT8", TD_I8 },
    { "FLOAT64", TD_F64 },   { "COMPLEX128", TD_C128 },
    { "UINT64", TD_U64 },    { "RESOURCE", TD_RESOURCE },
    { "VARIANT", 0 },        { "UINT32", TD_U32 },
    { "UINT16", TD_U16 },    { "INT4", 0 },
    { "BFLOAT16", TD_BF16 }, { "INT2", 0 },
    { "UINT4", 0 },
};

td_dtype td_tfl_dtype(uint8_t type)
{
    return type < TD_COUNT(types) ? types[type].dtype : TD_DTYPE_NONE;
}

const char *td_tfl_type_name(uint8_t type)
{
    return type < TD_COUNT(types) ? types[type].name : "a type that is not known";
}

td_status td_tfl_buffer(const td_tfl *l, uint32_t index, td_string *out)
{
    td_flat_table b;
    uint64_t offset, size;

    *out = (td_string){ NULL, 0 };
    if (index >= l->buffers.n) return TD_ERR(INVALID_ARGUMENT, "%s: there is no buffer %u", l->file, index);
    if (!td_flat_table_at(&l->buffers, index, &b) || !td_flat_string(&b, BUFFER_DATA, out) ||
        !td_flat_u64(&b, BUFFER_OFFSET, 0, &offset) || !td_flat_u64(&b, BUFFER_SIZE, 0, &size))
        return TD_ERR(DATA_LOSS, "%s: damaged buffer %u", l->file, index);
    if (out->size || offset < 2) return NULL; /* 0 and 1 say that it is not behind the FlatBuffer */
    if (offset > l->size || size > l->size - offset)
        return TD_ERR(DATA_LOSS, "%s: buffer %u lies behind the file's end", l->file, index);
    *out = (td_string){ (const char *)l->bytes + offset, (size_t)size };
    return NULL;
}

/* shape_signature has -1 where shape has what the converter ran with. */
static td_status read_shape(const td_flat_table *t, td_tfl_tensor *out)
{
    td_flat_vector shape, signature;
    bool has_rank;

    if (!td_flat_vector_of(t, TENSOR_SHAPE, 4, &shape) || !td_flat_bool(t, TENSOR_HAS_RANK, &has_rank) ||
        !td_flat_vector_of(t, TENSOR_SIGNATURE, 4, &signature))
        return TD_ERR(DATA_LOSS, "damaged tensor '%s'", out->name);
    const td_flat_vector *const dims = signature.n == shape.n ? &signature : &shape;

    if (dims->n > TD_MAX_RANK)
        return TD_ERR(INVALID_ARGUMENT, "tensor '%s' has %zu dimensions", out->name, dims->n);
    out->shape.rank = dims->n || has_rank ? (int32_t)dims->n : -1;
    for (size_t i = 0; i < dims->n; i++) {
        const int32_t size = (int32_t)td_flat_u32_at(dims, i);

        if (size < -1)
            return TD_ERR(INVALID_ARGUMENT, "tensor '%s' has a dimension of %d", out->name, (int)size);
        out->shape.dims[i] = size;
    }
    return NULL;
}

static td_status read_tensor(td_tfl *l, const td_flat_table *t, td_tfl_tensor *out)
{
    td_string name, bytes;
    td_flat_table quantization, sparsity;
    uint32_t buffer;

    if (!td_flat_string(t, TENSOR_NAME, &name) || !td_flat_u8(t, TENSOR_TYPE, 0, &out->type) ||
        !td_flat_u32(t, TENSOR_BUFFER, 0, &buffer) || !td_flat_bool(t, TENSOR_VARIABLE, &out->is_variable) ||
        !td_flat_table_of(t, TENSOR_QUANTIZATION, &quantization) ||
        !td_flat_table_of(t, TENSOR_SPARSITY, &sparsity) ||
        (quantization.data && (!td_flat_vector_of(&quantization, QUANTIZATION_SCALE, 4, &out->scales) ||
                               !td_flat_vector_of(&quantization, QUANTIZATION_ZERO, 8, &out->zeros) ||
                               !td_flat_i32(&quantization, QUANTIZATION_AXIS, 0, &out->axis))))
        return TD_ERR(DATA_LOSS, "damaged tensor");
    if (name.size && memchr(name.data, 0, name.size)) return TD_ERR(DATA_LOSS, "a tensor's name holds a NUL");
    out->name = td_arena_strndup(l->arena, name.size ? name.data : "", name.size);
    out->dtype = td_tfl_dtype(out->type);
    out->is_quantized = out->scales.n > 0;
    out->is_sparse = sparsity.data != NULL;
    TD_TRY(read_shape(t, out));
    TD_TRY(buffer || l->buffers.n ? td_tfl_buffer(l, buffer, &bytes) : (bytes = (td_string){ 0 }, NULL));
    if (bytes.size) out->data = (const uint8_t *)bytes.data, out->size = bytes.size;
    return NULL;
}

td_status td_tfl_tensors_read(td_tfl *l, const td_flat_table *subgraph, td_tfl_graph *out)
{
    td_flat_vector list;

    if (!td_flat_vector_of(subgraph, GRAPH_TENSORS, 4, &list) ||
        !td_flat_vector_of(subgraph, GRAPH_INPUTS, 4, &out->inputs) ||
        !td_flat_vector_of(subgraph, GRAPH_OUTPUTS, 4, &out->outputs) ||
        !td_flat_vector_of(subgraph, GRAPH_OPERATORS, 4, &out->operators))
        return TD_ERR(DATA_LOSS, "%s: damaged SubGraph", l->file);
    TD_TRY(td_budget_take(l->budget, TD_BUDGET_NODES, list.n, "tensors of the file"));
    out->tensors = TD_ARENA_NEW_N(l->arena, td_tfl_tensor, list.n);
    out->n_tensors = list.n;
    for (size_t i = 0; i < list.n; i++) {
        td_flat_table t;

        if (!td_flat_table_at(&list, i, &t)) return TD_ERR(DATA_LOSS, "%s: damaged tensor %zu", l->file, i);
        TD_TRY(td_status_prefix(read_tensor(l, &t, &out->tensors[i]), "%s: tensor %zu: ", l->file, i));
    }
    return NULL;
}

/* ---- constants ----------------------------------------------------------------------------------------- */

static td_status wrong_size(const td_tfl_tensor *t, size_t want)
{
    return TD_ERR(INVALID_ARGUMENT, "tensor '%s' has %zu bytes, its shape and type need %zu", t->name,
                  t->size, want);
}

static uint32_t read_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* How many there are, where each begins and the last one ends, counted from here; and their bytes. */
static td_status read_strings(td_tfl *l, const td_tfl_tensor *t, td_tensor *out)
{
    const size_t n = (size_t)td_shape_count(&out->shape);

    if (t->size < 4 || read_u32(t->data) != n || n > (t->size - 4) / 4 || (n + 2) * 4 > t->size)
        return TD_ERR(DATA_LOSS, "tensor '%s' holds other strings than its shape says", t->name);
    TD_TRY(td_budget_take(l->budget, TD_BUDGET_BYTES, n * sizeof(td_string), "strings of the file"));
    td_string *const strings = TD_ARENA_NEW_N(l->arena, td_string, n);

    for (size_t i = 0; i < n; i++) {
        const uint32_t begin = read_u32(t->data + 4 + 4 * i), end = read_u32(t->data + 8 + 4 * i);

        if (begin > end || end > t->size) return TD_ERR(DATA_LOSS, "tensor '%s': damaged strings", t->name);
        strings[i] = (td_string){ (const char *)t->data + begin, end - begin };
    }
    out->data = strings;
    return NULL;
}

/* Bools are bytes of 0 and 1 only. */
static bool is_usable(const td_tfl_tensor *t)
{
    if (t->dtype != TD_BOOL) return (uintptr_t)t->data % td_dtype_size(t->dtype) == 0;
    for (size_t i = 0; i < t->size; i++)
        if (t->data[i] > 1) return false;
    return true;
}

static td_status copy(td_tfl *l, const td_tfl_tensor *t, td_tensor *out)
{
    TD_TRY(td_budget_take(l->budget, TD_BUDGET_BYTES, t->size, "constants of the file"));
    uint8_t *const bytes = td_arena_try_alloc(l->arena, t->size, TD_ALIGN);

    if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for tensor '%s'", t->name);
    memcpy(bytes, t->data, t->size);
    for (size_t i = 0; i < t->size && t->dtype == TD_BOOL; i++)
        bytes[i] = bytes[i] != 0;
    out->data = bytes;
    return NULL;
}

td_status td_tfl_constant(td_tfl *l, const td_tfl_tensor *t, td_tensor *out)
{
    td_tensor c = { .dtype = t->dtype, .shape = t->shape };

    if (c.shape.rank < 0) c.shape.rank = 0;
    if (!c.dtype || c.dtype == TD_RESOURCE) /* the latter would be pointers from a file */
        return TD_ERR(INVALID_ARGUMENT, "tensor '%s' is of %s", t->name, td_tfl_type_name(t->type));
    TD_TRY(td_status_prefix(td_shape_check(&c.shape), "tensor '%s': ", t->name));
    if (c.dtype == TD_STRING) {
        TD_TRY(read_strings(l, t, &c));
    } else {
        if (td_tensor_bytes(&c) != t->size) return wrong_size(t, td_tensor_bytes(&c));
        if (is_usable(t))
            c.data = (void *)(uintptr_t)t->data;
        else
            TD_TRY(copy(l, t, &c));
    }
    *out = c;
    return NULL;
}
