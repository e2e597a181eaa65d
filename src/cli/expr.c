/* SPDX-License-Identifier: Apache-2.0 */
/* expr.c -- literals and lists; see expr.h. */
#include "cli/expr.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/expr_reader.h"
#include "kernels/elt/cast.h"

enum { DEPTH_MAX = 40, CELLS_MAX = 1 << 24, NUMBER_MAX = 64, SHOWN = 24 };

static td_status error_at(const td_expr_reader *r, const char *what, const char *where)
{
    const char *const at = r->p + strspn(r->p, " \t\r\n");

    if (!*at) return TD_ERR(INVALID_ARGUMENT, "%s %s the end of the expression", what, where);
    return TD_ERR(INVALID_ARGUMENT, "%s %s \"%.*s%s\"", what, where, SHOWN, at,
                  strlen(at) > SHOWN ? "..." : "");
}

td_status td_expr_error(const td_expr_reader *r, const char *what)
{
    return error_at(r, what, "at");
}

td_status td_expr_error_before(const td_expr_reader *r, const char *what)
{
    return error_at(r, what, "before");
}

static void skip_blanks(td_expr_reader *r)
{
    r->p += strspn(r->p, " \t\r\n");
}

bool td_expr_take(td_expr_reader *r, const char *token)
{
    const size_t size = strlen(token);

    skip_blanks(r);
    if (strncmp(r->p, token, size) != 0) return false;
    r->p += size;
    return true;
}

td_string td_expr_name(td_expr_reader *r)
{
    size_t size = 0;

    skip_blanks(r);
    if (!isdigit((unsigned char)r->p[0]))
        while (isalnum((unsigned char)r->p[size]) || r->p[size] == '_' || (size && r->p[size] == '.'))
            size++;
    return (td_string){ r->p, size };
}

/* ---------------------------------------------------------------- cells */

td_status td_expr_reserve(td_expr_reader *r, size_t n)
{
    if (n > CELLS_MAX - r->n)
        return TD_ERR(RESOURCE_EXHAUSTED, "an expression of more than %d elements", CELLS_MAX);
    if (r->n + n <= r->room) return NULL;
    const size_t room = TD_MAX(r->n + n, 2 * r->room);
    td_expr_cell *const cells = td_try_realloc(r->cells, room * sizeof *cells);

    if (!cells) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for an expression of %zu elements", room);
    r->cells = cells;
    r->room = room;
    return NULL;
}

static td_status push(td_expr_reader *r, td_expr_kind kind, td_expr_cell cell, td_expr_value *out)
{
    TD_TRY(td_expr_reserve(r, 1));
    *out = (td_expr_value){ .kind = kind, .at = r->n, .n = 1 };
    r->cells[r->n++] = cell;
    return NULL;
}

static bool is_whole_in(double f, double least, double most)
{
    return f >= least && f < most; /* no NaN */
}

static td_status convert_cell(td_expr_cell *c, td_expr_kind from, td_expr_kind to)
{
    if (from == TD_EXPR_FLOAT && to == TD_EXPR_INT) {
        if (!is_whole_in(c->f, -0x1p63, 0x1p63))
            return TD_ERR(INVALID_ARGUMENT, "%g does not fit an integer", c->f);
        c->i = (int64_t)c->f;
    } else if (from == TD_EXPR_FLOAT) {
        c->i = c->f != 0;
    } else if (to == TD_EXPR_FLOAT) {
        c->f = (double)c->i;
    } else if (to == TD_EXPR_BOOL) {
        c->i = c->i != 0;
    }
    return NULL;
}

td_status td_expr_convert(td_expr_reader *r, td_expr_value *v, td_expr_kind kind)
{
    if (v->kind == kind) return NULL;
    if (v->n && (v->kind == TD_EXPR_TEXT || kind == TD_EXPR_TEXT))
        return TD_ERR(INVALID_ARGUMENT, "texts and numbers do not mix");
    for (size_t i = 0; i < v->n; i++)
        TD_TRY(convert_cell(&r->cells[v->at + i], v->kind, kind));
    v->kind = kind;
    return NULL;
}

/* ---------------------------------------------------------------- types */

/* Of an integer type; false: it is none. */
static bool range_of(td_dtype d, int64_t *least, uint64_t *most)
{
    static const struct {
        td_dtype dtype;
        int64_t least;
        uint64_t most;
    } ranges[] = {
        { TD_I8, INT8_MIN, INT8_MAX },    { TD_I16, INT16_MIN, INT16_MAX }, { TD_I32, INT32_MIN, INT32_MAX },
        { TD_U8, 0, UINT8_MAX },          { TD_U16, 0, UINT16_MAX },        { TD_U32, 0, UINT32_MAX },
        { TD_I64, INT64_MIN, INT64_MAX }, { TD_U64, 0, UINT64_MAX },
    };

    for (size_t i = 0; i < TD_COUNT(ranges); i++)
        if (ranges[i].dtype == d) {
            *least = ranges[i].least;
            *most = ranges[i].most;
            return true;
        }
    return false;
}

static td_status check_range(const td_expr_reader *r, const td_expr_value *v, td_dtype dtype)
{
    int64_t least;
    uint64_t most;

    if (!range_of(dtype, &least, &most)) return NULL;
    for (size_t i = 0; i < v->n; i++) {
        const int64_t x = r->cells[v->at + i].i;

        if (x < least || (x > 0 && (uint64_t)x > most))
            return TD_ERR(INVALID_ARGUMENT, "%lld is out of the range of %s", (long long)x,
                          td_dtype_name(dtype));
    }
    return NULL;
}

static td_expr_kind kind_of(td_dtype d)
{
    int64_t least;
    uint64_t most;

    if (d == TD_STRING) return TD_EXPR_TEXT;
    if (d == TD_BOOL) return TD_EXPR_BOOL;
    return range_of(d, &least, &most) ? TD_EXPR_INT : TD_EXPR_FLOAT;
}

td_status td_expr_cast(td_expr_reader *r, td_expr_value *v, td_dtype dtype)
{
    TD_TRY(td_expr_convert(r, v, kind_of(dtype)));
    TD_TRY(check_range(r, v, dtype));
    for (size_t i = 0; dtype == TD_F32 && i < v->n; i++)
        r->cells[v->at + i].f = (float)r->cells[v->at + i].f;
    return NULL;
}

/* ---------------------------------------------------------------- numbers and names */

static td_status push_number(td_expr_reader *r, const char *text, td_expr_value *out)
{
    const bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const bool is_float = !is_hex && strpbrk(text, ".eE") != NULL;
    td_expr_cell cell;
    char *end;

    errno = 0;
    if (is_float)
        cell.f = strtod(text, &end);
    else
        cell.i = strtoll(text, &end, is_hex ? 16 : 10);
    if (*end || end == text) return TD_ERR(INVALID_ARGUMENT, "\"%s\" is no number", text);
    if (!is_float && errno == ERANGE) return TD_ERR(INVALID_ARGUMENT, "%s does not fit 64 bits", text);
    return push(r, is_float ? TD_EXPR_FLOAT : TD_EXPR_INT, cell, out);
}

static td_status read_number(td_expr_reader *r, td_expr_value *out)
{
    char text[NUMBER_MAX] = "";
    size_t size = 0;
    const char *p = r->p;

    for (; isalnum((unsigned char)*p) || *p == '.' || *p == '_' ||
           ((*p == '-' || *p == '+') && (p[-1] == 'e' || p[-1] == 'E') && text[1] != 'x');
         p++) {
        if (*p == '_') continue;
        if (size + 1 == sizeof text) return td_expr_error(r, "a number that is too long");
        text[size++] = *p;
        text[size] = '\0';
    }
    TD_TRY(push_number(r, text, out));
    r->p = p;
    return NULL;
}

/* A name that is a number, or a call. */
static td_status read_name(td_expr_reader *r, td_expr_value *out)
{
    static const struct {
        const char *name;
        td_expr_kind kind;
        double value;
    } names[] = {
        { "True", TD_EXPR_BOOL, 1 },
        { "False", TD_EXPR_BOOL, 0 },
        { "np.nan", TD_EXPR_FLOAT, NAN },
        { "np.inf", TD_EXPR_FLOAT, INFINITY },
        { "numpy.nan", TD_EXPR_FLOAT, NAN },
        { "numpy.inf", TD_EXPR_FLOAT, INFINITY },
        { "np.pi", TD_EXPR_FLOAT, 0x1.921fb54442d18p+1 },
    };
    const td_string name = td_expr_name(r);

    for (size_t i = 0; i < TD_COUNT(names); i++) {
        if (!td_string_is(name, names[i].name)) continue;
        const bool is_float = names[i].kind == TD_EXPR_FLOAT;

        r->p += name.size;
        return push(r, names[i].kind,
                    is_float ? (td_expr_cell){ .f = names[i].value }
                             : (td_expr_cell){ .i = (int64_t)names[i].value },
                    out);
    }
    if (td_expr_take(r, "np.") || td_expr_take(r, "numpy.")) return td_expr_call(r, out);
    return td_expr_error(r, "neither a Python literal nor a call of numpy");
}

/* ---------------------------------------------------------------- texts */

/* Digits of that base at p, at most `most`; how many there are. */
static int read_digits(const char *p, int base, int most, uint32_t *out)
{
    int n = 0;

    for (*out = 0; n < most; n++) {
        const int c = tolower((unsigned char)p[n]);
        const int digit = isdigit(c) ? c - '0' : isxdigit(c) ? c - 'a' + 10 : base;

        if (digit >= base) break;
        *out = *out * (uint32_t)base + (uint32_t)digit;
    }
    return n;
}

/* What follows a backslash at *p, which is moved behind it. Bytes written; 0: it is none. */
static size_t take_escape(const char **p, bool is_bytes, char *out)
{
    static const char plain[] = "\\'\"abfnrtv", means[] = "\\'\"\a\b\f\n\r\t\v";
    const char c = **p;
    const char *const found = c ? strchr(plain, c) : NULL;
    const int digits = c == 'x' ? 2 : is_bytes ? 0 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    uint32_t value;

    if (found) {
        (*p)++;
        out[0] = means[found - plain];
        return 1;
    }
    const int octal = read_digits(*p, 8, 3, &value);

    if (octal)
        *p += octal;
    else if (!digits || read_digits(*p + 1, 16, digits, &value) != digits || value > 0x10ffff)
        return 0;
    else
        *p += 1 + digits;
    if (!is_bytes) return td_utf8_put(out, value);
    out[0] = (char)value;
    return 1;
}

/* Behind the first quote. */
static td_status read_quoted(td_expr_reader *r, char quote, bool is_raw, bool is_bytes, td_string *out)
{
    const char *p = r->p;
    size_t size = 0;
    char *const text = td_arena_try_alloc(r->arena, strlen(p) + 1, 1);

    if (!text) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a text");
    while (*p && *p != quote && *p != '\n') {
        if (*p != '\\' || (is_raw && p[1] != quote)) {
            text[size++] = *p++;
            continue;
        }
        p++;
        const size_t n = is_raw ? 0 : take_escape(&p, is_bytes, text + size);

        if (!n) text[size++] = '\\'; /* as Python has it, that and what follows */
        if (!n && *p) text[size++] = *p++;
        size += n;
    }
    if (*p != quote) return td_expr_error(r, "a text without its second quote");
    r->p = p + 1;
    *out = (td_string){ text, size };
    return NULL;
}

td_status td_expr_text_read(td_expr_reader *r, td_string *out)
{
    bool is_raw = false, is_bytes = false;

    skip_blanks(r);
    for (; *r->p && strchr("rRbBuU", *r->p); r->p++) {
        is_raw |= tolower((unsigned char)*r->p) == 'r';
        is_bytes |= tolower((unsigned char)*r->p) == 'b';
    }
    const char quote = *r->p;

    if (quote != '\'' && quote != '"') return td_expr_error(r, "no text");
    r->p++;
    return read_quoted(r, quote, is_raw, is_bytes, out);
}

/* A quote, behind two letters of a prefix at most? */
static bool is_text(const char *p)
{
    const size_t prefix = strspn(p, "rRbBuU");

    return prefix <= 2 && (p[prefix] == '\'' || p[prefix] == '"');
}

/* ---------------------------------------------------------------- lists */

/* v, which is the next element, like the first. */
static td_status join(td_expr_reader *r, td_expr_value *first, td_expr_value *v)
{
    if (!td_shape_equal(&first->shape, &v->shape))
        return td_expr_error_before(r, "an element whose shape is not the first one's");
    if (first->n && v->n && v->kind > first->kind)
        TD_TRY(td_expr_convert(r, first, v->kind));
    else if (first->n && v->n)
        TD_TRY(td_expr_convert(r, v, first->kind));
    first->n += v->n;
    return NULL;
}

/* Behind its bracket. `only`: one value without a comma, which is no list when the brackets are round. */
static td_status read_elements(td_expr_reader *r, const char *close, td_expr_value *all, int64_t *count,
                               bool *only)
{
    bool is_comma = true;

    *all = (td_expr_value){ .kind = TD_EXPR_FLOAT, .at = r->n };
    for (*count = 0; !td_expr_take(r, close); ++*count) {
        td_expr_value v;

        if (!is_comma) return td_expr_error(r, "no comma");
        TD_TRY(td_expr_value_read(r, &v));
        if (*count)
            TD_TRY(join(r, all, &v));
        else
            *all = v;
        is_comma = td_expr_take(r, ",");
    }
    *only = *count == 1 && !is_comma;
    return NULL;
}

static td_status read_list(td_expr_reader *r, const char *close, td_expr_value *out)
{
    int64_t dims[TD_MAX_RANK + 1], count;
    td_expr_value all;
    bool only = false;

    TD_TRY(read_elements(r, close, &all, &count, &only));
    *out = all;
    if (only && *close == ')') return NULL;
    dims[0] = count;
    memcpy(dims + 1, all.shape.dims, (size_t)all.shape.rank * sizeof *dims);
    return td_shape_make(all.shape.rank + 1, dims, &out->shape);
}

/* ---------------------------------------------------------------- values */

static td_status read_atom(td_expr_reader *r, td_expr_value *out)
{
    td_string text;

    skip_blanks(r);
    if (td_expr_take(r, "[")) return read_list(r, "]", out);
    if (td_expr_take(r, "(")) return read_list(r, ")", out);
    if (isdigit((unsigned char)*r->p) || (*r->p == '.' && isdigit((unsigned char)r->p[1])))
        return read_number(r, out);
    if (!is_text(r->p)) return read_name(r, out);
    TD_TRY(td_expr_text_read(r, &text));
    return push(r, TD_EXPR_TEXT, (td_expr_cell){ .s = text }, out);
}

static td_status negate(td_expr_reader *r, td_expr_value *v)
{
    if (v->kind == TD_EXPR_TEXT) return td_expr_error_before(r, "a text with a sign");
    if (v->kind == TD_EXPR_BOOL) v->kind = TD_EXPR_INT;
    for (size_t i = 0; i < v->n; i++) {
        td_expr_cell *const c = &r->cells[v->at + i];

        if (v->kind == TD_EXPR_FLOAT)
            c->f = -c->f;
        else
            c->i = (int64_t)(0 - (uint64_t)c->i);
    }
    return NULL;
}

static td_status read_signed(td_expr_reader *r, td_expr_value *out)
{
    bool is_minus = false;

    for (;;) {
        if (td_expr_take(r, "-"))
            is_minus = !is_minus;
        else if (!td_expr_take(r, "+"))
            break;
    }
    TD_TRY(read_atom(r, out));
    while (*r->p == '.') {
        r->p++;
        TD_TRY(td_expr_method(r, out));
    }
    return is_minus ? negate(r, out) : NULL;
}

td_status td_expr_value_read(td_expr_reader *r, td_expr_value *out)
{
    if (r->depth == DEPTH_MAX) return td_expr_error(r, "too many brackets");
    r->depth++;
    const td_status error = read_signed(r, out);

    r->depth--;
    return error;
}

/* ---------------------------------------------------------------- tensors */

static td_status make_strings(const td_expr_reader *r, const td_expr_value *v, td_tensor *out)
{
    td_string *const strings = td_try_alloc(v->n * sizeof *strings + 1, _Alignof(td_string));

    if (!strings) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu texts", v->n);
    for (size_t i = 0; i < v->n; i++)
        strings[i] = r->cells[v->at + i].s;
    const td_tensor view = { .dtype = TD_STRING, .shape = v->shape, .data = strings };
    const td_status error = td_tensor_copy(&view, out);

    td_free(strings);
    return error;
}

static td_status make_numbers(td_expr_reader *r, const td_expr_value *v, td_dtype dtype, td_tensor *out)
{
    const bool is_float = v->kind == TD_EXPR_FLOAT;
    const td_dtype from = is_float ? TD_F64 : TD_I64;
    td_elt_arg arg = { 0 };
    td_elt cast;

    if (!td_cast_find(from, dtype, false, td_cpu_detect(), &cast, &arg))
        return TD_ERR(INVALID_ARGUMENT, "no expression has values of type %s", td_dtype_name(dtype));
    TD_TRY(td_tensor_make(dtype, &v->shape, out));
    if (!v->n) return NULL;
    int64_t *const packed = (int64_t *)(void *)(r->cells + v->at); /* cells become 8 bytes each, in place */

    for (size_t i = 0; i < v->n; i++)
        memmove(packed + i, &r->cells[v->at + i], sizeof *packed);
    (void)td_elt_run(&cast, out->data, (const void *[]){ packed }, v->n, &arg);
    return NULL;
}

static td_status read_tensor(td_expr_reader *r, td_dtype dtype, td_tensor *out)
{
    td_expr_value v;

    TD_TRY(td_expr_value_read(r, &v));
    if (!td_expr_take(r, ";") && *r->p) return td_expr_error(r, "something behind the value");
    if (dtype != TD_STRING && v.n && v.kind == TD_EXPR_TEXT)
        return TD_ERR(INVALID_ARGUMENT, "a text is no %s", td_dtype_name(dtype));
    if (dtype == TD_STRING && v.n && v.kind != TD_EXPR_TEXT)
        return TD_ERR(INVALID_ARGUMENT, "a number is no string");
    if (dtype == TD_STRING) return make_strings(r, &v, out);
    TD_TRY(td_expr_cast(r, &v, dtype));
    return make_numbers(r, &v, dtype, out);
}

td_status td_expr_read(const char **text, td_dtype dtype, td_tensor *out)
{
    td_expr_reader r = { .p = *text, .arena = td_arena_make() };
    const td_status error = read_tensor(&r, dtype, out);

    *text = r.p;
    td_free(r.cells);
    td_arena_free(r.arena);
    return error;
}
