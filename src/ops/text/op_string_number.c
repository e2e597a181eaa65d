/* SPDX-License-Identifier: Apache-2.0 */
/* op_string_number.c -- StringToNumber, AsString. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/strings.h"
#include "tensor/half.h"
#include "tensor/type_sets.h"

static td_status to_number_parse(td_parse *p)
{
    const td_dtype d = td_attr_type(p, "out_type");

    if (d == TD_F32 || d == TD_F64 || d == TD_I32 || d == TD_I64 || d == TD_U32 || d == TD_U64) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Value for attr 'out_type' of %s is not in the list of allowed values",
                  td_dtype_name(d));
}

static td_status to_number_run(td_call *c)
{
    const td_string *const in = td_strings_in(c, 0);
    const td_dtype dtype = td_out(c, 0)->dtype;
    char *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    bool ok;

    for (int64_t i = 0; i < n; i++) {
        TD_TRY(td_text_number(c, dtype, in[i], out + (size_t)i * td_dtype_size(dtype), &ok));
        if (!ok)
            return TD_ERR(INVALID_ARGUMENT, "StringToNumberOp could not correctly convert string: %.*s",
                          (int)TD_MIN(in[i].size, (size_t)200), in[i].size ? in[i].data : "");
    }
    return NULL;
}

/* ---------------------------------------------------------------- AsString */

enum { HEAD_MAX = 40, FORMAT_MAX = 96 };

typedef struct as_attrs {
    char format[FORMAT_MAX]; /* printf's, of one number; of two for complex ones */
    bool is_left;            /* the rest is for strings */
    int64_t width, precision;
} as_attrs;

static td_status check_notation(const td_parse *p, td_dtype dtype)
{
    const bool is_scientific = td_attr_bool(p, "scientific"), is_shortest = td_attr_bool(p, "shortest");
    const td_string fill = td_attr_string(p, "fill");
    const bool is_exact = dtype != TD_STRING && !((TD_FLOAT_TYPES | TD_COMPLEX_TYPES) >> dtype & 1);

    if (is_exact && (is_scientific || is_shortest))
        return TD_ERR(INVALID_ARGUMENT, "scientific and shortest format not supported for datatype %s",
                      td_dtype_name(dtype));
    if (is_exact && td_attr_int(p, "precision") >= 0)
        return TD_ERR(INVALID_ARGUMENT, "precision not supported for datatype %s", td_dtype_name(dtype));
    if (is_scientific && is_shortest)
        return TD_ERR(INVALID_ARGUMENT, "Cannot select both scientific and shortest notation");
    if (fill.size > 1) return TD_ERR(INVALID_ARGUMENT, "Fill string must be one or fewer characters");
    if (fill.size && !(*fill.data && strchr(" +-0#", *fill.data)))
        return TD_ERR(INVALID_ARGUMENT, "Fill argument not supported: \"%c\"", *fill.data);
    return NULL;
}

/* No number has more digits that say something; each element may take as long as its model asks for. */
enum { MOST_DIGITS = 4096 };

/* "%" with flag, width and precision. */
static td_status put_head(const td_parse *p, char *out, size_t size)
{
    const td_string fill = td_attr_string(p, "fill");
    const int64_t width = td_attr_int(p, "width"), precision = td_attr_int(p, "precision");
    int n = snprintf(out, size, "%%%.*s", (int)fill.size, fill.size ? fill.data : "");

    if (width > MOST_DIGITS || precision > MOST_DIGITS)
        return TD_ERR(INVALID_ARGUMENT, "%s: a width or precision of more than %d", p->node->name,
                      (int)MOST_DIGITS);
    if (width > -1) n += snprintf(out + n, size - (size_t)n, "%d", (int)width);
    if (precision > -1) (void)snprintf(out + n, size - (size_t)n, ".%d", (int)precision);
    return NULL;
}

static const char *conversion(const td_parse *p, td_dtype dtype)
{
    if (TD_UNSIGNED_TYPES >> dtype & 1) return PRIu64;
    if (TD_SIGNED_TYPES >> dtype & 1) return PRId64;
    if (td_attr_bool(p, "scientific")) return "e";
    return td_attr_bool(p, "shortest") ? "g" : "f";
}

static td_status as_parse(td_parse *p)
{
    as_attrs *const a = p->attrs;
    const td_dtype dtype = td_attr_type(p, "T");
    char head[HEAD_MAX];

    TD_TRY(check_notation(p, dtype));
    TD_TRY(put_head(p, head, sizeof head));
    const char *const end = conversion(p, dtype);

    a->is_left = td_attr_string_is(p, "fill", "-");
    a->width = td_attr_int(p, "width");
    a->precision = td_attr_int(p, "precision");
    if (TD_COMPLEX_TYPES >> dtype & 1)
        (void)snprintf(a->format, sizeof a->format, "(%s%s,%s%s)", head, end, head, end);
    else
        (void)snprintf(a->format, sizeof a->format, "%s%s", head, end);
    return NULL;
}

static double float_at(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F16:
        return (double)td_f16_to_f32(((const td_f16 *)t->data)[i]);
    case TD_BF16:
        return (double)td_bf16_to_f32(((const td_bf16 *)t->data)[i]);
    case TD_F32:
        return (double)((const float *)t->data)[i];
    default:
        return ((const double *)t->data)[i];
    }
}

/* Element i by the format; how long it is. What does not fit is cut. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int print_number(const char *format, const td_tensor *t, size_t i, char *out, size_t size)
{
    switch (t->dtype) {
    case TD_C64:
        return snprintf(out, size, format, (double)((const float *)t->data)[2 * i],
                        (double)((const float *)t->data)[2 * i + 1]);
    case TD_C128:
        return snprintf(out, size, format, ((const double *)t->data)[2 * i],
                        ((const double *)t->data)[2 * i + 1]);
    case TD_U64:
        return snprintf(out, size, format, ((const uint64_t *)t->data)[i]);
    default:
        return TD_INT_TYPES >> t->dtype & 1 ? snprintf(out, size, format, td_tensor_int(t, i))
                                            : snprintf(out, size, format, float_at(t, i));
    }
}
#pragma GCC diagnostic pop

static td_status number_as_string(td_call *c, const as_attrs *a, size_t i, td_string *out)
{
    const int size = print_number(a->format, td_in(c, 0), i, NULL, 0);
    char *text;

    if (size < 0) return TD_ERR(RESOURCE_EXHAUSTED, "a number of more than %d characters", INT32_MAX);
    TD_TRY(td_text_alloc(c, (size_t)size + 1, &text));
    (void)print_number(a->format, td_in(c, 0), i, text, (size_t)size + 1);
    *out = (td_string){ text, (size_t)size };
    return NULL;
}

/* Cut to the precision, which TensorFlow heeds only with a width, and padded to the width. */
static td_status string_as_string(td_call *c, const as_attrs *a, size_t i, td_string *out)
{
    td_string s = td_strings_in(c, 0)[i];
    char *text;

    if (a->precision >= 0 && a->width > 0) s.size = TD_MIN(s.size, (size_t)a->precision);
    const size_t width = a->width > 0 ? (size_t)a->width : 0, size = TD_MAX(s.size, width),
                 at = a->is_left ? 0 : size - s.size;
    TD_TRY(td_text_alloc(c, size, &text));
    memset(text, ' ', size);
    if (s.size) memcpy(text + at, s.data, s.size);
    *out = (td_string){ text, size };
    return NULL;
}

static td_status as_run(td_call *c)
{
    static const td_string words[] = { { "false", 5 }, { "true", 4 } };
    const td_tensor *const in = td_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const size_t n = (size_t)td_shape_count(&in->shape);

    for (size_t i = 0; i < n; i++) {
        if (in->dtype == TD_BOOL)
            out[i] = words[((const uint8_t *)in->data)[i] != 0];
        else if (in->dtype == TD_STRING)
            TD_TRY(string_as_string(c, c->attrs, i, &out[i]));
        else
            TD_TRY(number_as_string(c, c->attrs, i, &out[i]));
    }
    return NULL;
}

TD_RUN_KERNEL(to_number_kernels, TD_DTYPE_BIT(TD_STRING), to_number_run);
TD_RUN_KERNEL(as_kernels, TD_NUMBER_TYPES | TD_BOOL_TYPE | TD_DTYPE_BIT(TD_STRING), as_run);

const td_op td_ops_string_number[] = {
    { .name = "StringToNumber",
      .sig = "string_tensor: string -> output: out_type",
      .attrs = "out_type: type = float",
      .parse = to_number_parse,
      .infer = td_infer_same,
      .kernels = to_number_kernels },
    { .name = "AsString",
      .sig = "input: T -> output: string",
      .attrs = "T: type, precision: int = -1, scientific: bool = false, shortest: bool = false, width: int = "
               "-1, fill: string = ''",
      .attrs_size = sizeof(as_attrs),
      .parse = as_parse,
      .flags = TD_OP_ALLOCATES, /* printf, for very long numbers */
      .infer = td_infer_same,
      .kernels = as_kernels },
    { 0 },
};
