/* SPDX-License-Identifier: Apache-2.0 */
/* op_format.c -- StringFormat: a template with tensors in it, as numpy would print them. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/strbuf.h"
#include "ops/strings.h"
#include "tensor/half.h"
#include "tensor/summary.h"
#include "tensor/type_sets.h"

typedef struct format_attrs {
    td_string template, placeholder;
    int64_t most; /* elements at each end of a dimension; negative: all */
} format_attrs;

static size_t count_places(const format_attrs *a)
{
    td_string rest = a->template;
    size_t n = 0;

    if (!a->placeholder.size) return rest.size ? rest.size - 1 : 0; /* nothing is between any two bytes */
    for (const char *at; (at = td_text_find(rest, a->placeholder)); n++) {
        rest.size -= (size_t)(at - rest.data) + a->placeholder.size;
        rest.data = at + a->placeholder.size;
    }
    return n;
}

static td_status format_parse(td_parse *p)
{
    format_attrs *const a = p->attrs;
    const td_attr_value *types;

    *a = (format_attrs){ td_attr_string(p, "template"), td_attr_string(p, "placeholder"),
                         td_attr_int(p, "summarize") };
    const size_t places = count_places(a), inputs = td_attr_list(p, "T", &types);

    if (places != inputs)
        return TD_ERR(INVALID_ARGUMENT, "num placeholders in template and num inputs must match: %zu vs. %zu",
                      places, inputs);
    return NULL;
}

/* ---------------------------------------------------------------- elements */

/* One byte as absl's CEscape() writes it, but for bytes of UTF-8. */
static size_t escape(char ch, char out[4])
{
    static const char special[] = "\n\r\t\"'\\", letters[] = "nrt\"'\\";
    const char *const at = ch ? strchr(special, ch) : NULL;
    const unsigned char byte = (unsigned char)ch;

    out[0] = '\\';
    if (at) {
        out[1] = letters[at - special];
        return 2;
    }
    if (byte < 0x20 || byte == 0x7f) {
        for (int i = 0; i < 3; i++)
            out[i + 1] = (char)('0' + (byte >> (6 - 3 * i) & 7));
        return 4;
    }
    out[0] = ch;
    return 1;
}

static bool put_string(td_strbuf *b, td_string s)
{
    char text[4];

    if (s.size > SIZE_MAX / 8 || !td_strbuf_try_reserve(b, 4 * s.size + 2)) return false;
    td_strbuf_putc(b, '"');
    for (size_t i = 0; i < s.size; i++)
        td_strbuf_add(b, text, escape(s.data[i], text));
    td_strbuf_putc(b, '"');
    return true;
}

enum { NUMBER_SIZE = 64 }; /* room for any number */

/* With `few` digits when they say it all, else with three or two more, as many as it takes at most. */
static void put_real(td_strbuf *b, double v, int few, int many)
{
    char text[NUMBER_SIZE];

    (void)snprintf(text, sizeof text, "%.*g", few, v);
    if (many == FLT_DECIMAL_DIG ? strtof(text, NULL) != (float)v : strtod(text, NULL) != v)
        (void)snprintf(text, sizeof text, "%.*g", many, v);
    td_strbuf_puts(b, v != v ? "nan" : text);
}

static bool put_element(td_strbuf *b, const td_tensor *t, int64_t i)
{
    if (t->dtype == TD_STRING) return put_string(b, ((const td_string *)t->data)[i]);
    if (!td_strbuf_try_reserve(b, NUMBER_SIZE)) return false;
    if (t->dtype == TD_F64)
        put_real(b, ((const double *)t->data)[i], DBL_DIG, DBL_DECIMAL_DIG);
    else if (t->dtype == TD_F32)
        put_real(b, (double)((const float *)t->data)[i], FLT_DIG, FLT_DECIMAL_DIG);
    else if (t->dtype == TD_F16)
        put_real(b, (double)td_f16_to_f32(((const td_f16 *)t->data)[i]), FLT_DIG, FLT_DECIMAL_DIG);
    else if (t->dtype == TD_BF16)
        put_real(b, (double)td_bf16_to_f32(((const td_bf16 *)t->data)[i]), FLT_DIG, FLT_DECIMAL_DIG);
    else
        td_tensor_summary_one(t, i, b);
    return true;
}

/* ---------------------------------------------------------------- tensors */

/* Between two items of dimension k: a space, or as many new lines as dimensions end, and an indent. */
static bool put_space(td_strbuf *b, const td_shape *s, int k)
{
    if (!td_strbuf_try_reserve(b, 2 * TD_MAX_RANK)) return false;
    if (k == s->rank - 1) {
        td_strbuf_putc(b, ' ');
        return true;
    }
    for (int i = k; i < s->rank - 1; i++)
        td_strbuf_putc(b, '\n');
    for (int i = 0; i <= k; i++)
        td_strbuf_putc(b, ' ');
    return true;
}

static bool put_text(td_strbuf *b, const char *text)
{
    if (!td_strbuf_try_reserve(b, strlen(text))) return false;
    td_strbuf_puts(b, text);
    return true;
}

/* Dimension k from element `at` on: `ends` items at each end. */
static bool put_dim(td_strbuf *b, const td_tensor *t, int k, int64_t at, int64_t ends)
{
    const int64_t n = k < t->shape.rank ? t->shape.dims[k] : 0;
    int64_t each = 1;

    if (k == t->shape.rank) return put_element(b, t, at);
    for (int i = k + 1; i < t->shape.rank; i++)
        each *= t->shape.dims[i];
    bool ok = put_text(b, "[");
    for (int64_t i = 0; i < n && ok; i++) {
        if (i == ends && n - ends > ends) {
            ok = put_space(b, &t->shape, k) && put_text(b, "...");
            i = n - ends;
            if (i == n) break;
        }
        ok = ok && (i == 0 || put_space(b, &t->shape, k)) && put_dim(b, t, k + 1, at + i * each, ends);
    }
    return ok && put_text(b, "]");
}

/* Of these TensorFlow says how many there are. */
static bool put_marks(td_strbuf *b, int64_t shown, int64_t n)
{
    bool ok = put_text(b, "[");

    for (int64_t i = 0; i < shown && ok; i++)
        ok = put_text(b, i ? " ?" : "?");
    return ok && (shown == n || put_text(b, "...")) && put_text(b, "]");
}

static bool put_tensor(td_strbuf *b, const td_tensor *t, int64_t most)
{
    const int64_t n = td_shape_count(&t->shape), limit = most < 0 ? n : TD_MIN(most, n);

    if (TD_COMPLEX_TYPES >> t->dtype & 1) return put_marks(b, limit, n);
    if (t->dtype == TD_BOOL && limit == 0) return true;
    if (t->shape.rank == 0 && limit == 0) return put_text(b, "...");
    return put_dim(b, t, 0, 0, limit);
}

/* ---------------------------------------------------------------- the template */

static bool put_bytes(td_strbuf *b, const char *data, size_t size)
{
    if (!td_strbuf_try_reserve(b, size)) return false;
    if (size) td_strbuf_add(b, data, size);
    return true;
}

static bool fill(const td_call *c, td_strbuf *b)
{
    const format_attrs *const a = c->attrs;
    const char *at = a->template.size ? a->template.data : "", *const end = at + a->template.size;

    for (uint32_t i = 0; i < c->n_in; i++) {
        const char *const place = a->placeholder.size
                                      ? td_text_find((td_string){ at, (size_t)(end - at) }, a->placeholder)
                                      : at + 1;

        if (!put_bytes(b, at, (size_t)(place - at)) || !put_tensor(b, td_in(c, i), a->most)) return false;
        at = place + a->placeholder.size;
    }
    return put_bytes(b, at, (size_t)(end - at));
}

static td_status format_run(td_call *c)
{
    td_strbuf b = { 0 };
    char *const bytes = fill(c, &b) ? td_string_alloc(c, b.size) : NULL;

    if (bytes) {
        if (b.size) memcpy(bytes, b.data, b.size);
        *(td_string *)td_out(c, 0)->data = (td_string){ bytes, b.size };
    }
    td_strbuf_fini(&b);
    return bytes ? NULL : TD_ERR(RESOURCE_EXHAUSTED, "no memory for a string");
}

TD_RUN_KERNEL(format_kernels, 0, format_run);

const td_op td_ops_format[] = {
    { .name = "StringFormat",
      .sig = "inputs: T -> output: string",
      .attrs = "T: list(type), template: string = '%s', placeholder: string = '%s', summarize: int = 3",
      .flags = TD_OP_ALLOCATES,
      .attrs_size = sizeof(format_attrs),
      .parse = format_parse,
      .infer = td_infer_scalar,
      .kernels = format_kernels },
    { 0 },
};
