/* SPDX-License-Identifier: Apache-2.0 */
/* op_csv.c -- DecodeCSV: lines of fields to a tensor a column.
 *
 * Fields may be quoted, quotes within them are doubled. The rules, and what is an error, are TensorFlow's own: so is
 * that line ends between fields are passed over. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "ops/strings.h"

typedef struct csv_attrs {
    char delimiter;
    bool has_quotes;
    td_string missing;             /* a field that is as if it were empty */
    const td_attr_value *selected; /* columns, rising; none: all */
    size_t n_selected;
} csv_attrs;

static td_status types_parse(td_parse *p)
{
    const td_attr_value *types;
    const size_t n = td_attr_list(p, "OUT_TYPE", &types);

    for (size_t i = 0; i < n; i++) {
        const td_dtype d = types[i].u.type;

        if (d != TD_F32 && d != TD_F64 && d != TD_I32 && d != TD_I64 && d != TD_STRING)
            return TD_ERR(INVALID_ARGUMENT, "csv: data type %s not supported in field %zu", td_dtype_name(d),
                          i);
    }
    return NULL;
}

static td_status csv_parse(td_parse *p)
{
    csv_attrs *const a = p->attrs;
    const td_string delimiter = td_attr_string(p, "field_delim");
    const td_attr_value *types;

    a->has_quotes = td_attr_bool(p, "use_quote_delim");
    a->missing = td_attr_string(p, "na_value");
    a->n_selected = td_attr_list(p, "select_cols", &a->selected);
    if (delimiter.size != 1) return TD_ERR(INVALID_ARGUMENT, "field_delim should be only 1 char");
    a->delimiter = *delimiter.data;
    TD_TRY(types_parse(p));
    if (a->n_selected && a->n_selected != td_attr_list(p, "OUT_TYPE", &types))
        return TD_ERR(INVALID_ARGUMENT, "select_cols should match output size");
    for (size_t i = 0; i < a->n_selected; i++)
        if (a->selected[i].u.i < 0 || (i && a->selected[i].u.i <= a->selected[i - 1].u.i))
            return TD_ERR(INVALID_ARGUMENT,
                          "select_cols should be strictly increasing indices, not negative");
    return NULL;
}

static td_status csv_infer(td_call *c)
{
    for (uint32_t i = 1; i < c->n_in; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (s->rank > 1) return TD_ERR(INVALID_ARGUMENT, "Each record default should be at most rank 1");
        if (td_shape_count(s) > 1)
            return TD_ERR(INVALID_ARGUMENT,
                          "There should only be 1 default per field but field %u has %" PRId64, i - 1,
                          td_shape_count(s));
    }
    return td_infer_same(c);
}

/* ---------------------------------------------------------------- fields */

/* A record while it is read. */
typedef struct reader {
    td_call *c;
    const csv_attrs *a;
    const char *at, *end;
} reader;

static bool is_line_end(char ch)
{
    return ch == '\n' || ch == '\r';
}

static td_status read_plain(reader *r, td_string *out)
{
    const char *const begin = r->at;

    for (; r->at < r->end && *r->at != r->a->delimiter; r->at++)
        if ((r->a->has_quotes && *r->at == '"') || is_line_end(*r->at))
            return TD_ERR(INVALID_ARGUMENT, "Unquoted fields cannot have quotes/CRLFs inside");
    *out = (td_string){ begin, (size_t)(r->at - begin) };
    r->at += r->at < r->end; /* the delimiter */
    return NULL;
}

/* Is there a quote here that ends the field: the last byte, or in front of the delimiter? */
static bool is_closed(const reader *r)
{
    return r->at < r->end && *r->at == '"' && (r->at + 1 == r->end || r->at[1] == r->a->delimiter);
}

/* Behind the first quote. */
static td_status read_quoted(reader *r, td_string *out)
{
    char *text;
    size_t n = 0;

    TD_TRY(td_text_alloc(r->c, (size_t)(r->end - r->at), &text));
    while (r->at + 1 < r->end && !is_closed(r)) {
        if (*r->at == '"' && r->at[1] != '"')
            return TD_ERR(INVALID_ARGUMENT, "Quote inside a string has to be escaped by another quote");
        text[n++] = *r->at;
        r->at += *r->at == '"' ? 2 : 1;
    }
    if (!is_closed(r))
        return TD_ERR(INVALID_ARGUMENT, "Quoted field has to end with quote followed by delim or end");
    r->at = r->end - r->at > 2 ? r->at + 2 : r->end;
    *out = (td_string){ text, n };
    return NULL;
}

static td_status read_field(reader *r, td_string *out)
{
    if (!r->a->has_quotes || *r->at != '"') return read_plain(r, out);
    r->at++;
    return read_quoted(r, out);
}

/* Is column `column` the one that is wanted next, fields[n]? */
static bool is_wanted(const csv_attrs *a, size_t n, size_t column)
{
    return a->n_selected ? n < a->n_selected && (size_t)a->selected[n].u.i == column : true;
}

/* Up to `most` fields; *n is how many there are, of more than `most` only that. */
static td_status read_record(td_call *c, td_string record, td_string *fields, size_t most, size_t *n)
{
    const csv_attrs *const a = c->attrs;
    reader r = { c, a, record.data, record.size ? record.data + record.size : record.data };
    size_t column = 0;
    td_string field;

    *n = 0;
    while (r.at < r.end) {
        if (is_line_end(*r.at)) {
            r.at++;
            continue;
        }
        TD_TRY(read_field(&r, &field));
        if (is_wanted(a, *n, column++)) {
            if (*n < most) fields[*n] = field;
            if (++*n == a->n_selected) return NULL;
        }
    }
    if (record.size && record.data[record.size - 1] == a->delimiter && is_wanted(a, *n, column)) {
        if (*n < most) fields[*n] = (td_string){ NULL, 0 };
        ++*n;
    }
    return NULL;
}

/* ---------------------------------------------------------------- columns */

static bool is_same(td_string a, td_string b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static td_status put_field(td_call *c, uint32_t column, int64_t record, td_string field)
{
    td_tensor *const out = td_out(c, column);
    const td_tensor *const fallback = td_in(c, column + 1);
    const size_t elem = td_dtype_size(out->dtype);
    char *const to = (char *)out->data + (size_t)record * elem;
    bool ok = true;

    if (!field.size || is_same(field, ((const csv_attrs *)c->attrs)->missing)) {
        if (td_shape_count(&fallback->shape) != 1)
            return TD_ERR(INVALID_ARGUMENT, "Field %u is required but missing in record %" PRId64 "!", column,
                          record);
        memcpy(to, fallback->data, elem);
        return NULL;
    }
    if (out->dtype == TD_STRING)
        *(td_string *)(void *)to = field;
    else
        TD_TRY(td_text_number(c, out->dtype, field, to, &ok));
    if (ok) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Field %u in record %" PRId64 " is not a valid %s: %.*s", column, record,
                  td_dtype_name(out->dtype), (int)TD_MIN(field.size, (size_t)200), field.data);
}

static td_status csv_run(td_call *c)
{
    const td_string *const records = td_strings_in(c, 0);
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    td_string *fields;
    size_t found;

    TD_TRY(td_text_rooms(c, c->n_out, sizeof *fields, &fields));
    for (int64_t i = 0; i < n; i++) {
        TD_TRY(read_record(c, records[i], fields, c->n_out, &found));
        if (found != c->n_out)
            return TD_ERR(INVALID_ARGUMENT, "Expect %u fields but have %zu in record %" PRId64, c->n_out,
                          found, i);
        for (uint32_t k = 0; k < c->n_out; k++)
            TD_TRY(put_field(c, k, i, fields[k]));
    }
    return NULL;
}

TD_RUN_KERNEL(csv_kernels, 0, csv_run);

const td_op td_ops_csv[] = {
    { .name = "DecodeCSV",
      .sig = "records: string, record_defaults: OUT_TYPE -> output: OUT_TYPE",
      .attrs =
          "OUT_TYPE: list(type), field_delim: string = ',', use_quote_delim: bool = true, na_value: string = "
          "'', select_cols: list(int) = []",
      .attrs_size = sizeof(csv_attrs),
      .parse = csv_parse,
      .infer = csv_infer,
      .kernels = csv_kernels },
    { 0 },
};
