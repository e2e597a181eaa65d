/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c -- the answer to a :predict, from the output tensors to text in one pass.
 *
 *   row form     {"predictions": [y, y, ...]}           or, of several outputs, [{"a": .., "b": ..}, ...]
 *   column form  {"outputs": y}                         or {"outputs": {"a": .., "b": ..}}
 */
#include "codec/json/predict.h"

#include "codec/json/dense.h"
#include "tensor/print.h"

typedef struct writer {
    td_json_out *out;
    const td_tensor *t;
    bool is_base64; /* strings, by the output's name */
} writer;

/* ---- elements ---- */

static inline __attribute__((always_inline)) char *print_element(char *p, td_dtype dtype, const char *at)
{
    switch (dtype) {
    case TD_F32:
        return td_print_f32(p, *(const float *)(const void *)at);
    case TD_F64:
        return td_print_f64(p, *(const double *)(const void *)at);
    case TD_F16:
        return td_print_f16(p, *(const td_f16 *)(const void *)at);
    case TD_BF16:
        return td_print_bf16(p, *(const td_bf16 *)(const void *)at);
    case TD_I8:
        return td_print_i64(p, *(const int8_t *)at);
    case TD_U8:
        return td_print_u64(p, *(const uint8_t *)at);
    case TD_I16:
        return td_print_i64(p, *(const int16_t *)(const void *)at);
    case TD_U16:
        return td_print_u64(p, *(const uint16_t *)(const void *)at);
    case TD_I32:
        return td_print_i64(p, *(const int32_t *)(const void *)at);
    case TD_U32:
        return td_print_u64(p, *(const uint32_t *)(const void *)at);
    case TD_I64:
        return td_print_i64(p, *(const int64_t *)(const void *)at);
    case TD_U64:
        return td_print_u64(p, *(const uint64_t *)(const void *)at);
    default:
        memcpy(p, *at ? "true " : "false", 5);
        return p + (*at ? 4 : 5);
    }
}

enum { ELEMENT_MAX = TD_PRINT_MAX + 2, BLOCK = 64 }; /* with ", "; elements for which room is made at once */

static inline __attribute__((always_inline)) void put_numbers_of(td_json_out *o, td_dtype dtype,
                                                                 const char *at, int64_t n)
{
    const size_t elem = td_dtype_size(dtype);

    for (int64_t i = 0; i < n;) {
        const int64_t end = TD_MIN(n, i + BLOCK);

        if (!td_json_out_reserve(o, (size_t)(end - i) * ELEMENT_MAX)) return;
        char *p = o->data + o->size;
        for (; i < end; i++, at += elem) {
            if (i) {
                memcpy(p, ", ", 2);
                p += 2;
            }
            p = print_element(p, dtype, at);
        }
        o->size = (size_t)(p - o->data);
    }
}

static void put_strings(const writer *w, const td_string *s, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (i) TD_JSON_PUT(w->out, ", ");
        if (w->is_base64 || !td_json_is_utf8(s[i]))
            td_json_put_base64(w->out, s[i]);
        else
            td_json_put_string(w->out, s[i]);
    }
}

/* n elements from `at` on, with commas between them. */
static void put_elements(const writer *w, const char *at, int64_t n)
{
#define NUMBERS(type)                                                                                        \
    case type:                                                                                               \
        put_numbers_of(w->out, type, at, n);                                                                 \
        break
    switch (w->t->dtype) {
        NUMBERS(TD_F32);
        NUMBERS(TD_F64);
        NUMBERS(TD_I32);
        NUMBERS(TD_I64);
        NUMBERS(TD_U8);
    case TD_STRING:
        put_strings(w, (const td_string *)(const void *)at, n);
        break;
    default:
        put_numbers_of(w->out, w->t->dtype, at, n);
    }
#undef NUMBERS
}

/* ---- tensors ---- */

static td_status check_types(const td_predict *p)
{
    for (size_t i = 0; i < p->n_want; i++) {
        const td_dtype dtype = td_predict_output(p, i)->dtype;

        if (!td_json_dense_takes(dtype))
            return TD_ERR(INVALID_ARGUMENT, "Failed to write JSON value for tensor type: %s",
                          td_dtype_name(dtype));
    }
    return NULL;
}

/* Elements below one index of each dimension before `level`. */
static int64_t count_from(const td_tensor *t, int level)
{
    int64_t n = 1;

    for (int i = level; i < t->shape.rank; i++)
        n *= t->shape.dims[i];
    return n;
}

/* What lies below dimensions [0, level), from element `first` on. Recursive, at most TD_MAX_RANK deep. */
static void put_level(const writer *w, int level, int64_t first)
{
    const td_shape *const s = &w->t->shape;
    const size_t elem = td_dtype_size(w->t->dtype);

    if (level >= s->rank - 1) {
        const bool is_list = level < s->rank;
        const char *const data = w->t->data; /* NULL: no element */

        if (is_list) TD_JSON_PUT(w->out, "[");
        put_elements(w, data ? data + (size_t)first * elem : NULL, is_list ? s->dims[level] : 1);
        if (is_list) TD_JSON_PUT(w->out, "]");
        return;
    }
    const int64_t step = count_from(w->t, level + 1);

    TD_JSON_PUT(w->out, "[");
    for (int64_t i = 0; i < s->dims[level]; i++) {
        if (i) TD_JSON_PUT(w->out, ", ");
        put_level(w, level + 1, first + i * step);
    }
    TD_JSON_PUT(w->out, "]");
}

static const char *alias_of(const td_predict *p, size_t i)
{
    return p->sig->outputs[p->want[i]].alias;
}

static writer writer_of(const td_predict *p, size_t i, td_json_out *out)
{
    static const char suffix[] = "_bytes";
    const char *const alias = alias_of(p, i);
    const size_t size = strlen(alias), tail = sizeof suffix - 1;

    return (writer){ out, td_predict_output(p, i), size >= tail && !strcmp(alias + size - tail, suffix) };
}

/* ---- columns ---- */

static void put_columns(const td_predict *p, td_json_out *out)
{
    TD_JSON_PUT(out, "{\n    \"outputs\": ");
    if (p->n_want != 1) TD_JSON_PUT(out, "{");
    for (size_t i = 0; i < p->n_want; i++) {
        const writer w = writer_of(p, i, out);

        if (p->n_want != 1) {
            TD_JSON_PUT(out, "\n        ");
            td_json_put_c_string(out, alias_of(p, i));
            TD_JSON_PUT(out, ": ");
        }
        put_level(&w, 0, 0);
        if (i + 1 < p->n_want) TD_JSON_PUT(out, ",");
    }
    if (p->n_want != 1) TD_JSON_PUT(out, "\n    }");
    TD_JSON_PUT(out, "\n}");
}

/* ---- rows ---- */

static td_status check_batch(const td_predict *p, int64_t *rows)
{
    *rows = 0;
    for (size_t i = 0; i < p->n_want; i++) {
        const td_shape *const s = &td_predict_output(p, i)->shape;

        if (s->rank < 1)
            return TD_ERR(INVALID_ARGUMENT, "Tensor name: %s has no shape information ", alias_of(p, i));
        if (!i) *rows = s->dims[0];
        if (s->dims[0] != *rows)
            return TD_ERR(INVALID_ARGUMENT,
                          "Tensor name: %s has inconsistent batch size: %lld expecting: %lld", alias_of(p, i),
                          (long long)s->dims[0], (long long)*rows);
    }
    return NULL;
}

static void put_object_row(const writer *writers, const td_predict *p, int64_t row, td_json_out *out)
{
    for (size_t i = 0; i < p->n_want; i++) {
        TD_JSON_PUT(out, "\n            ");
        td_json_put_c_string(out, alias_of(p, i));
        TD_JSON_PUT(out, ": ");
        put_level(&writers[i], 1, row * count_from(writers[i].t, 1));
        if (i + 1 < p->n_want) TD_JSON_PUT(out, ",");
    }
}

static void put_object_rows(const td_predict *p, int64_t rows, td_json_out *out)
{
    writer *const writers = TD_ARENA_NEW_N(p->arena, writer, p->n_want);

    for (size_t i = 0; i < p->n_want; i++)
        writers[i] = writer_of(p, i, out);
    for (int64_t row = 0; row < rows; row++) {
        TD_JSON_PUT(out, "\n        {");
        put_object_row(writers, p, row, out);
        TD_JSON_PUT(out, "\n        }");
        if (row + 1 < rows) TD_JSON_PUT(out, ",");
    }
}

static void put_plain_rows(const td_predict *p, int64_t rows, td_json_out *out)
{
    const writer w = writer_of(p, 0, out);

    if (w.t->shape.rank == 1) {
        put_elements(&w, w.t->data, rows);
        return;
    }
    const int64_t step = count_from(w.t, 1);
    for (int64_t row = 0; row < rows; row++) {
        if (row) TD_JSON_PUT(out, ", ");
        put_level(&w, 1, row * step);
    }
}

static td_status put_rows(const td_predict *p, td_json_out *out)
{
    int64_t rows;

    TD_TRY(check_batch(p, &rows));
    TD_JSON_PUT(out, "{\n    \"predictions\": [");
    if (p->n_want == 1)
        put_plain_rows(p, rows, out);
    else
        put_object_rows(p, rows, out);
    TD_JSON_PUT(out, "\n    ]\n}");
    return NULL;
}

td_status td_json_predict_put(const td_json_predict *r, const td_predict *p, td_json_out *out)
{
    TD_TRY(check_types(p));
    if (r->rows)
        TD_TRY(put_rows(p, out));
    else
        put_columns(p, out);
    return td_json_out_check(out);
}
