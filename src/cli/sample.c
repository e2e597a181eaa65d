/* SPDX-License-Identifier: Apache-2.0 */
/* sample.c -- see sample.h. Names come from a model's file: they are quoted for JSON, then all of it for the shell. */
#include "cli/sample.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"

enum { SHOWN = 32 }; /* elements of an input that are written out */

/* What follows is between double quotes in JSON. */
static void put_name(const char *name, td_strbuf *out)
{
    td_strbuf_putc(out, '"');
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if (*p < ' ') {
            td_strbuf_printf(out, "\\u%04x", *p);
            continue;
        }
        if (*p == '"' || *p == '\\') td_strbuf_putc(out, '\\');
        td_strbuf_putc(out, (char)*p);
    }
    td_strbuf_putc(out, '"');
}

/* In single quotes, for the shell. Takes text. */
static void put_quoted(td_strbuf *text, td_strbuf *out)
{
    td_strbuf_putc(out, '\'');
    for (const char *p = td_strbuf_text(text); *p; p++)
        if (*p == '\'')
            td_strbuf_puts(out, "'\\''");
        else
            td_strbuf_putc(out, *p);
    td_strbuf_putc(out, '\'');
    td_strbuf_fini(text);
}

static void put_url(const char *model, const char *verb, td_strbuf *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    td_strbuf url = { 0 };

    td_strbuf_printf(&url, "http://localhost:8501/v1/models/%s:%s", model, verb);
    if (model[strspn(model, plain)]) {
        put_quoted(&url, out);
        return;
    }
    td_strbuf_puts(out, td_strbuf_text(&url));
    td_strbuf_fini(&url);
}

/* One for each dim that may be any; a vector of one where the rank may be. */
static td_shape shape_of(const td_tensor_info *info)
{
    td_shape s = info->shape;

    if (s.rank < 0) return (td_shape){ .rank = 1, .dims = { 1 } };
    for (int32_t i = 0; i < s.rank; i++)
        if (s.dims[i] < 0) s.dims[i] = 1;
    return s;
}

/* A file may declare any dims. */
static bool is_long(const td_shape *s)
{
    int64_t n = 1;

    for (int32_t i = 0; i < s->rank; i++) {
        if (s->dims[i] > SHOWN) return true;
        n *= TD_MAX(s->dims[i], 1);
        if (n > SHOWN) return true;
    }
    return false;
}

static bool is_large(const td_signature *s)
{
    for (size_t i = 0; i < s->n_inputs; i++) {
        const td_shape shape = shape_of(&s->inputs[i]);

        if (is_long(&shape)) return true;
    }
    return false;
}

/* NULL: JSON has no words for it. */
static const char *zero_of(td_dtype dtype)
{
    switch (dtype) {
    case TD_STRING:
        return "\"\"";
    case TD_BOOL:
        return "false";
    case TD_F16:
    case TD_BF16:
    case TD_F32:
    case TD_F64:
        return "0.0";
    case TD_I8:
    case TD_I16:
    case TD_I32:
    case TD_I64:
    case TD_U8:
    case TD_U16:
    case TD_U32:
    case TD_U64:
        return "0";
    default:
        return NULL;
    }
}

/* The field of a TensorProto; a single value stands for all elements. NULL as above. */
static const char *field_of(td_dtype dtype)
{
    switch (dtype) {
    case TD_STRING:
        return "string_val";
    case TD_BOOL:
        return "bool_val";
    case TD_F16:
    case TD_BF16:
        return "half_val";
    case TD_F32:
        return "float_val";
    case TD_F64:
        return "double_val";
    case TD_I64:
        return "int64_val";
    case TD_U32:
        return "uint32_val";
    case TD_U64:
        return "uint64_val";
    default:
        return zero_of(dtype) ? "int_val" : NULL;
    }
}

static bool has_words(const td_signature *s)
{
    for (size_t i = 0; i < s->n_inputs; i++)
        if (!zero_of(s->inputs[i].dtype)) return false;
    return true;
}

static void put_nested(const td_shape *s, int32_t axis, const char *zero, td_strbuf *out)
{
    if (axis == s->rank) {
        td_strbuf_puts(out, zero);
        return;
    }
    td_strbuf_putc(out, '[');
    for (int64_t i = 0; i < s->dims[axis]; i++) {
        if (i) td_strbuf_puts(out, ", ");
        put_nested(s, axis + 1, zero, out);
    }
    td_strbuf_putc(out, ']');
}

/* The same, for Python to write out. */
static void put_call(const td_shape *s, const char *zero, td_strbuf *out)
{
    td_strbuf_printf(out, "f(%s", strcmp(zero, "false") ? zero : "False");
    for (int32_t i = 0; i < s->rank; i++)
        td_strbuf_printf(out, ", %" PRId64, s->dims[i]);
    td_strbuf_putc(out, ')');
}

static bool is_default(const td_signature *s)
{
    return !strcmp(s->name, "serving_default");
}

static const char *examples_verb(const td_signature *s)
{
    if (!strcmp(s->method, "tensorflow/serving/classify")) return "classify";
    return strcmp(s->method, "tensorflow/serving/regress") ? NULL : "regress";
}

/* The body of a :predict; with calls of f() for its arrays, or the arrays. */
static void put_body(const td_signature *s, bool has_calls, td_strbuf *out)
{
    td_strbuf_putc(out, '{');
    if (!is_default(s)) {
        td_strbuf_puts(out, "\"signature_name\": ");
        put_name(s->name, out);
        td_strbuf_puts(out, ", ");
    }
    td_strbuf_puts(out, "\"inputs\": {");
    for (size_t i = 0; i < s->n_inputs; i++) {
        const td_shape shape = shape_of(&s->inputs[i]);

        if (i) td_strbuf_puts(out, ", ");
        put_name(s->inputs[i].alias, out);
        td_strbuf_puts(out, ": ");
        if (has_calls)
            put_call(&shape, zero_of(s->inputs[i].dtype), out);
        else
            put_nested(&shape, 0, zero_of(s->inputs[i].dtype), out);
    }
    td_strbuf_puts(out, "}}");
}

static void put_examples_body(const td_signature *s, td_strbuf *out)
{
    td_strbuf_putc(out, '{');
    if (!is_default(s)) {
        td_strbuf_puts(out, "\"signature_name\": ");
        put_name(s->name, out);
        td_strbuf_puts(out, ", ");
    }
    td_strbuf_puts(out, "\"examples\": [{}]}");
}

static void put_large(const char *model, const td_signature *s, td_strbuf *out)
{
    td_strbuf script = { 0 };

    td_strbuf_puts(&script,
                   "import json; f = lambda v, *d: [f(v, *d[1:])] * d[0] if d else v; print(json.dumps(");
    put_body(s, true, &script);
    td_strbuf_puts(&script, "))");
    td_strbuf_puts(out, "python3 -c ");
    put_quoted(&script, out);
    td_strbuf_puts(out, " | curl -d @- ");
    put_url(model, "predict", out);
}

void td_sample_curl(const char *model, const td_signature *s, td_strbuf *out)
{
    const char *const verb = examples_verb(s);
    td_strbuf body = { 0 };

    if (!verb && !has_words(s)) return;
    if (!verb && is_large(s)) {
        put_large(model, s, out);
        return;
    }
    if (verb)
        put_examples_body(s, &body);
    else
        put_body(s, false, &body);
    td_strbuf_puts(out, "curl -d ");
    put_quoted(&body, out);
    td_strbuf_putc(out, ' ');
    put_url(model, verb ? verb : "predict", out);
}

static void put_spec(const char *model, const td_signature *s, td_strbuf *out)
{
    td_strbuf_puts(out, "{\"model_spec\": {\"name\": ");
    put_name(model, out);
    td_strbuf_puts(out, ", \"signature_name\": ");
    put_name(s->name, out);
    td_strbuf_puts(out, "}, ");
}

static void put_tensor(const td_tensor_info *info, td_strbuf *out)
{
    const td_shape shape = shape_of(info);

    put_name(info->alias, out);
    td_strbuf_printf(out, ": {\"dtype\": \"%s\", \"tensor_shape\": {\"dim\": [",
                     td_dtype_pb_name(info->dtype));
    for (int32_t i = 0; i < shape.rank; i++)
        td_strbuf_printf(out, "%s{\"size\": %" PRId64 "}", i ? ", " : "", shape.dims[i]);
    td_strbuf_printf(out, "]}, \"%s\": [%s]}", field_of(info->dtype),
                     info->dtype == TD_F16 || info->dtype == TD_BF16 ? "0" : zero_of(info->dtype));
}

void td_sample_grpcurl(const char *model, const td_signature *s, td_strbuf *out)
{
    const char *const verb = examples_verb(s);
    td_strbuf body = { 0 };

    if (!verb && !has_words(s)) return;
    put_spec(model, s, &body);
    if (verb) {
        td_strbuf_puts(&body, "\"input\": {\"example_list\": {\"examples\": [{}]}}}");
    } else {
        td_strbuf_puts(&body, "\"inputs\": {");
        for (size_t i = 0; i < s->n_inputs; i++) {
            if (i) td_strbuf_puts(&body, ", ");
            put_tensor(&s->inputs[i], &body);
        }
        td_strbuf_puts(&body, "}}");
    }
    td_strbuf_puts(out, "grpcurl -plaintext -d ");
    put_quoted(&body, out);
    td_strbuf_printf(out, " localhost:8500 tensorflow.serving.PredictionService/%s",
                     !verb                      ? "Predict"
                     : strcmp(verb, "classify") ? "Regress"
                                                : "Classify");
}
