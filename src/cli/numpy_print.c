/* SPDX-License-Identifier: Apache-2.0 */
/* numpy_print.c -- see numpy_print.h. Two passes over the elements that are shown: how wide they are, then what they are.
 *
 * Floats of an array are all written with a point or all with an exponent, by the fewest digits that tell them apart, of
 * which no more than 8 follow the point. */
#include "cli/numpy_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "tensor/shortest.h"

enum { LINE = 75, THRESHOLD = 1000, EDGE = 3, PRECISION = 8, DIGITS = 40, TEXT = 2 * DIGITS };

typedef struct printer {
    const td_tensor *t;
    td_strbuf *out;
    bool is_short; /* not all elements are shown */
    /* floats */
    bool has_exponent, has_odd, has_negative_infinity;
    double least, most;   /* of those that are finite and not 0, without their signs; least 0: none is */
    int left, right;      /* characters before and behind the point */
    int exponent, width;  /* digits of an exponent; width of integers */
    td_strbuf line, word; /* at hand */
} printer;

/* ---------------------------------------------------------------- floats */

static double float_at(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F64:
        return ((const double *)t->data)[i];
    case TD_F16:
        return td_f16_to_f32(((const td_f16 *)t->data)[i]);
    case TD_BF16:
        return td_bf16_to_f32(((const td_bf16 *)t->data)[i]);
    default:
        return ((const float *)t->data)[i];
    }
}

/* From where on numbers have an exponent, in arrays. */
static double limit_of(td_dtype d)
{
    return d == TD_F64 ? 1e8 : d == TD_F16 ? 1e3 : 1e6;
}

/* A number as its type has it. */
static double round_to(td_dtype d, double v)
{
    return d == TD_F64 ? v : d == TD_F16 ? td_f16_to_f32(td_f32_to_f16((float)v)) : (float)v;
}

static td_decimal shortest(td_dtype d, double v)
{
    if (d == TD_F64) return td_shortest_f64(v);
    if (d == TD_F16) return td_shortest_f16(td_f32_to_f16((float)v));
    if (d == TD_BF16) return td_shortest_bf16(td_f32_to_bf16((float)v));
    return td_shortest_f32((float)v);
}

static void strip_zeros(char *text, size_t from)
{
    size_t size = strlen(text);

    while (size > from && text[size - 1] == '0')
        text[--size] = '\0';
}

/* "12.5", "3.", without a sign; v is finite and not negative. `most` digits behind the point. */
static void write_fixed(td_dtype d, double v, int most, char *out, size_t room)
{
    const td_decimal s = v > 0 ? shortest(d, v) : (td_decimal){ 0, 0 };
    const int digits = s.exponent < 0 ? -s.exponent : 0;

    if (digits > most) {
        snprintf(out, room, "%.*f", most, v);
        strip_zeros(out, 0);
        return;
    }
    char text[DIGITS];
    const int n = snprintf(text, sizeof text, "%0*" PRIu64, digits + 1, s.digits);

    if (digits)
        snprintf(out, room, "%.*s.%s", n - digits, text, text + n - digits);
    else
        snprintf(out, room, "%s%.*s.", text, s.exponent, "00000000000000000000000000000000");
}

/* "1.25" and the exponent of 10. Where the fewest digits are too few, those that follow are the number's own. */
static void write_mantissa(td_dtype d, double v, int least, int most, char *out, size_t room, int *exponent)
{
    const td_decimal s = v > 0 ? shortest(d, v) : (td_decimal){ 0, 0 };
    char text[DIGITS];
    const int n = snprintf(text, sizeof text, "%" PRIu64, s.digits);

    *exponent = v > 0 ? s.exponent + n - 1 : 0;
    if (n - 1 >= least && n - 1 <= most) {
        snprintf(out, room, "%c.%s", text[0], text + 1);
        return;
    }
    const int digits = TD_MAX(least, TD_MIN(n - 1, most));

    snprintf(text, sizeof text, "%.*e", digits, v);
    char *const e = strchr(text, 'e');

    sscanf(e + 1, "%d", exponent);
    *e = '\0';
    snprintf(out, room, "%s%s", text, digits ? "" : ".");
    strip_zeros(out, 2 + (size_t)least);
}

/* A number alone, as its str() is. */
static void add_scalar(td_dtype d, double v, td_strbuf *out)
{
    const double size = fabs(v);
    char text[TEXT];
    int exponent;

    if (isnan(v) || isinf(v)) {
        td_strbuf_puts(out, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
        return;
    }
    if (signbit(v)) td_strbuf_putc(out, '-');
    if (size == 0 || (size >= 1e-4 && size < (d == TD_F64 ? 1e16 : limit_of(d)))) {
        write_fixed(d, size, DIGITS / 2, text, sizeof text);
        td_strbuf_printf(out, "%s%s", text, text[strlen(text) - 1] == '.' ? "0" : "");
        return;
    }
    write_mantissa(d, size, 0, DIGITS / 2, text, sizeof text, &exponent);
    if (text[1] == '.' && !text[2]) text[1] = '\0';
    td_strbuf_printf(out, "%se%c%02d", text, exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static void see_range(printer *p, size_t i)
{
    const double v = float_at(p->t, i), size = fabs(v);

    p->has_odd |= !isfinite(v);
    p->has_negative_infinity |= isinf(v) && v < 0;
    if (!isfinite(v) || size == 0) return;
    p->least = p->least > 0 ? TD_MIN(p->least, size) : size;
    p->most = TD_MAX(p->most, size);
}

static void see_digits(printer *p, size_t i)
{
    const double v = float_at(p->t, i);
    char text[TEXT], exponent_text[TEXT];
    int exponent = 0;

    if (!isfinite(v)) return;
    if (p->has_exponent)
        write_mantissa(p->t->dtype, fabs(v), 0, PRECISION, text, sizeof text, &exponent);
    else
        write_fixed(p->t->dtype, fabs(v), PRECISION, text, sizeof text);
    const int point = (int)strcspn(text, "."), sign = signbit(v) != 0;

    p->left = TD_MAX(p->left, point + sign);
    p->right = TD_MAX(p->right, (int)strlen(text) - point - 1);
    p->exponent = TD_MAX(p->exponent, snprintf(exponent_text, sizeof exponent_text, "%02d", abs(exponent)));
}

static void add_odd(const printer *p, double v, td_strbuf *out)
{
    const char *const text = isnan(v) ? "nan" : v < 0 ? "-inf" : "inf";
    const int behind = p->has_exponent ? p->right + p->exponent + 2 : p->right;

    td_strbuf_printf(out, "%*s", p->left + behind + 1, text);
}

static void add_float(const printer *p, size_t i, td_strbuf *out)
{
    const double v = float_at(p->t, i);
    const char *const sign = signbit(v) ? "-" : "";
    char text[TEXT];
    int exponent;

    if (!isfinite(v)) {
        add_odd(p, v, out);
        return;
    }
    if (p->has_exponent)
        write_mantissa(p->t->dtype, fabs(v), p->right, p->right, text, sizeof text, &exponent);
    else
        write_fixed(p->t->dtype, fabs(v), PRECISION, text, sizeof text);
    const int point = (int)strcspn(text, "."), missing = p->right - ((int)strlen(text) - point - 1);

    td_strbuf_printf(out, "%*s%s%s", p->left - point - (int)strlen(sign), "", sign, text);
    if (p->has_exponent)
        td_strbuf_printf(out, "e%c%0*d", exponent < 0 ? '-' : '+', p->exponent, abs(exponent));
    else
        td_strbuf_printf(out, "%*s", missing, "");
}

/* ---------------------------------------------------------------- other elements */

static void format_integer(const td_tensor *t, size_t i, char *out, size_t room)
{
    switch (t->dtype) {
#define CASE(name, type, format)                                                                             \
    case TD_##name:                                                                                          \
        snprintf(out, room, "%" format, ((const type *)t->data)[i]);                                         \
        return;
        CASE(I8, int8_t, PRId8)
        CASE(I16, int16_t, PRId16)
        CASE(I32, int32_t, PRId32)
        CASE(I64, int64_t, PRId64)
        CASE(U8, uint8_t, PRIu8)
        CASE(U16, uint16_t, PRIu16)
        CASE(U32, uint32_t, PRIu32)
        CASE(U64, uint64_t, PRIu64)
#undef CASE
    default:
        snprintf(out, room, "?");
    }
}

static void see_integer(printer *p, size_t i)
{
    char text[TEXT];

    format_integer(p->t, i, text, sizeof text);
    p->width = TD_MAX(p->width, (int)strlen(text));
}

/* repr(b'...') */
static void add_bytes(td_string s, td_strbuf *out)
{
    const bool has_single = s.size && memchr(s.data, '\'', s.size),
               has_double = s.size && memchr(s.data, '"', s.size);
    const char quote = has_single && !has_double ? '"' : '\'';

    td_strbuf_printf(out, "b%c", quote);
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char c = (unsigned char)s.data[i];

        if (c == '\\' || c == (unsigned char)quote)
            td_strbuf_printf(out, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            td_strbuf_puts(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
        else if (c < ' ' || c > '~')
            td_strbuf_printf(out, "\\x%02x", c);
        else
            td_strbuf_putc(out, (char)c);
    }
    td_strbuf_putc(out, quote);
}

static bool is_float(td_dtype d)
{
    return d == TD_F32 || d == TD_F64 || d == TD_F16 || d == TD_BF16;
}

static void add_element(const printer *p, size_t i, td_strbuf *out)
{
    const td_tensor *const t = p->t;
    char text[TEXT];

    if (t->dtype == TD_BF16) {
        add_scalar(t->dtype, float_at(t, i), out);
    } else if (is_float(t->dtype)) {
        add_float(p, i, out);
    } else if (t->dtype == TD_STRING) {
        add_bytes(((const td_string *)t->data)[i], out);
    } else if (t->dtype == TD_BOOL) {
        td_strbuf_puts(out, ((const bool *)t->data)[i] ? (t->shape.rank ? " True" : "True") : "False");
    } else {
        format_integer(t, i, text, sizeof text);
        td_strbuf_printf(out, "%*s", p->width, text);
    }
}

/* ---------------------------------------------------------------- the array */

/* Is the i-th one of that dimension left out? */
static bool is_skipped(const printer *p, int32_t axis, int64_t i)
{
    const int64_t n = p->t->shape.dims[axis];

    return p->is_short && n > 2 * EDGE && i >= EDGE && i < n - EDGE;
}

static void see_all(printer *p, int32_t axis, size_t at, void (*see)(printer *p, size_t i))
{
    if (axis == p->t->shape.rank) {
        see(p, at);
        return;
    }
    for (int64_t i = 0, n = p->t->shape.dims[axis]; i < n; i++)
        if (!is_skipped(p, axis, i)) see_all(p, axis + 1, at * (size_t)n + (size_t)i, see);
}

static void indent(td_strbuf *out, int32_t n)
{
    td_strbuf_printf(out, "%*s", (int)n, "");
}

/* The word goes on the line, or on a new one. */
static void add_word(printer *p, int32_t axis, const char *word, bool is_last)
{
    const size_t begin = (size_t)axis + 1, most = (size_t)(LINE - axis - 1);

    if (p->line.size + strlen(word) > most && p->line.size > begin) {
        while (p->line.size && p->line.data[p->line.size - 1] == ' ')
            p->line.size--;
        td_strbuf_add(p->out, p->line.data, p->line.size);
        td_strbuf_putc(p->out, '\n');
        p->line.size = 0;
        indent(&p->line, (int32_t)begin);
    }
    td_strbuf_printf(&p->line, "%s%s", word, is_last ? "" : " ");
}

/* The last dimension: its elements in lines. */
static void add_row(printer *p, int32_t axis, size_t at)
{
    const int64_t n = p->t->shape.dims[axis];
    const size_t first = p->out->size;

    p->line.size = 0;
    indent(&p->line, axis + 1);
    for (int64_t i = 0; i < n; i++) {
        if (is_skipped(p, axis, i)) {
            if (i == EDGE) add_word(p, axis, "...", false);
            continue;
        }
        p->word.size = 0;
        add_element(p, at * (size_t)n + (size_t)i, &p->word);
        add_word(p, axis, td_strbuf_text(&p->word), i + 1 == n);
    }
    td_strbuf_add(p->out, p->line.data, p->line.size);
    p->out->data[first + (size_t)axis] = '['; /* in place of the last blank */
    td_strbuf_putc(p->out, ']');
}

/* Begins with its bracket behind `axis` blanks. */
static void add_dimension(printer *p, int32_t axis, size_t at)
{
    const int64_t n = p->t->shape.dims[axis];
    const int32_t left = p->t->shape.rank - axis;
    const size_t first = p->out->size;

    if (left == 1) {
        add_row(p, axis, at);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        if (is_skipped(p, axis, i) && i != EDGE) continue;
        if (is_skipped(p, axis, i)) {
            indent(p->out, axis + 1);
            td_strbuf_puts(p->out, "...");
        } else {
            add_dimension(p, axis + 1, at * (size_t)n + (size_t)i);
        }
        for (int32_t k = 1; i + 1 < n && k < left; k++)
            td_strbuf_putc(p->out, '\n');
    }
    p->out->data[first + (size_t)axis] = '[';
    td_strbuf_putc(p->out, ']');
}

static void measure(printer *p)
{
    const td_dtype d = p->t->dtype;

    if (!is_float(d)) {
        if (d != TD_STRING && d != TD_BOOL) see_all(p, 0, 0, see_integer);
        return;
    }
    see_all(p, 0, 0, see_range);
    p->has_exponent = p->least > 0 && (p->most >= limit_of(d) || p->least < round_to(d, 1e-4) ||
                                       round_to(d, p->most / p->least) > 1000);
    see_all(p, 0, 0, see_digits);
    if (!p->has_odd) return;
    const int behind = 1 + (p->has_exponent ? p->right + p->exponent + 2 : p->right);

    p->left = TD_MAX(p->left, 3 + p->has_negative_infinity - behind);
}

static bool is_printable(td_dtype d)
{
    return is_float(d) || d == TD_STRING || d == TD_BOOL ||
           (TD_DTYPE_BIT(d) &
            (TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_I16) | TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64) |
             TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_U16) | TD_DTYPE_BIT(TD_U32) | TD_DTYPE_BIT(TD_U64)));
}

td_status td_numpy_print(const td_tensor *t, td_strbuf *out)
{
    const int64_t n = td_shape_count(&t->shape);
    printer p = { .t = t, .out = out, .is_short = n > THRESHOLD };

    if (!is_printable(t->dtype))
        return TD_ERR(UNIMPLEMENTED, "values of type %s are not printed", td_dtype_name(t->dtype));
    if (!n) {
        td_strbuf_puts(out, "[]");
        return NULL;
    }
    if (!t->shape.rank && is_float(t->dtype)) {
        add_scalar(t->dtype, float_at(t, 0), out);
        return NULL;
    }
    measure(&p);
    if (t->shape.rank)
        add_dimension(&p, 0, 0);
    else
        add_element(&p, 0, out);
    td_strbuf_fini(&p.line);
    td_strbuf_fini(&p.word);
    return NULL;
}
