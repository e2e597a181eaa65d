/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- walking the body of a request; see json_predict.h. */
#include "codec/json/predict.h"

#include <string.h>

#include "base/macros.h"
#include "codec/json/dense.h"
#include "codec/json/explain.h"
#include "codec/json/walk.h"
#include "tensor/limits.h"

/* ---- open ---- */

/* Takes an error that nobody will read: it only says that a survey is due. */
static td_status unusual(void)
{
    return TD_ERR(INVALID_ARGUMENT, "a survey is due");
}

static td_status no_memory(void)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a signature's name");
}

/* A member before the tensors, at its value. Returns what is behind it, NULL when it is wrong. */
static const char *read_head_member(td_json_predict *r, const char *p, const td_json_raw *name)
{
    td_json_fault fault;
    td_json_raw text;

    if (!td_json_raw_says(name, "signature_name")) return td_json_skip(p, r->end, &fault);
    if (*p != '"' || r->has_signature) return NULL;
    p = td_json_skip_string(p, &text, &fault);
    if (!p) return NULL;
    r->has_signature = true;
    r->signature = td_json_unescape(&text, r->arena);
    return r->signature.data ? p : NULL;
}

td_status td_json_predict_open(const char *text, size_t size, td_arena *arena, td_json_predict *out)
{
    bool is_over;
    td_json_raw name;

    *out = (td_json_predict){ .start = text, .end = text + size, .arena = arena };
    const char *p = td_json_start(text);
    if (*p != '{') return unusual();
    for (p = td_json_skip_space(p + 1); p; p = td_json_read_comma(p, &is_over)) {
        p = td_json_read_name(p, &name);
        if (!p) break;
        if (td_json_raw_says(&name, "instances")) {
            out->rows = p;
            return NULL;
        }
        if (td_json_raw_says(&name, "inputs")) {
            out->columns = p;
            return NULL;
        }
        p = read_head_member(out, p, &name);
        if (!p) break;
    }
    return out->has_signature && !out->signature.data ? no_memory() : unusual();
}

/* ---- survey ---- */

/* One member of a text that is known to be good. The first of several with one name counts. */
static td_status survey_member(td_json_predict *r, const char *p, const td_json_raw *name)
{
    char dump[TD_JSON_DUMP];
    td_json_fault fault;
    td_json_raw text;

    if (td_json_raw_says(name, "instances")) {
        if (!r->rows) r->rows = p;
    } else if (td_json_raw_says(name, "inputs")) {
        if (!r->columns) r->columns = p;
    } else if (td_json_raw_says(name, "signature_name") && !r->has_signature) {
        if (*p != '"')
            return TD_ERR(INVALID_ARGUMENT,
                          "JSON Value: %s not formatted correctly. 'signature_name' key must be a string "
                          "value.",
                          td_json_dump(p, dump));
        (void)td_json_skip_string(p, &text, &fault);
        r->signature = td_json_unescape(&text, r->arena);
        r->has_signature = true;
        if (!r->signature.data) return no_memory();
    }
    return NULL;
}

td_status td_json_predict_survey(td_json_predict *r)
{
    const char *p = td_json_start(r->start);
    char dump[TD_JSON_DUMP];
    td_json_fault fault;
    td_json_raw name;
    bool is_over;

    *r = (td_json_predict){ .start = r->start, .end = r->end, .arena = r->arena, .is_surveyed = true };
    TD_TRY(td_json_check(r->start, r->end));
    if (*p != '{') return TD_ERR(INVALID_ARGUMENT, "JSON Value: %s Is not object", td_json_dump(p, dump));
    p = td_json_skip_space(p + 1);
    if (*p == '}') return NULL;
    for (; p; p = td_json_read_comma(p, &is_over)) {
        p = td_json_read_name(p, &name);
        TD_ASSERT(p);
        TD_TRY(survey_member(r, p, &name));
        p = td_json_skip(p, r->end, &fault);
        TD_ASSERT(p);
    }
    return NULL;
}

/* ---- fill ---- */

/* Of one input, or of one row of it. */
typedef struct slot {
    td_json_dense dense;
    size_t row; /* the last row that had it, counted from 1; 0: none */
} slot;

static slot *make_slots(const td_predict *p)
{
    slot *const slots = TD_ARENA_NEW_N(p->arena, slot, p->sig->n_inputs);

    for (size_t i = 0; i < p->sig->n_inputs; i++)
        slots[i].dense = (td_json_dense){ .dtype = p->sig->inputs[i].dtype, .rank = -1 };
    return slots;
}

/* Makes the tensor; rows: their number, the first dimension, or -1. */
static bool take_dense(const td_json_dense *d, int64_t rows, td_tensor *out)
{
    const int shift = rows >= 0;
    int64_t dims[TD_MAX_RANK + 1];

    if (rows >= 0) dims[0] = rows;
    memcpy(dims + shift, d->dims, (size_t)d->rank * sizeof *dims);
    out->dtype = d->dtype;
    out->data = d->data;
    const td_status error = td_shape_make(d->rank + shift, dims, &out->shape);

    td_status_free(error);
    return !error;
}

/* The index of the input with that name, most likely `likely`; SIZE_MAX: none. */
static size_t find_input(const td_predict *p, const td_json_raw *name, size_t likely)
{
    const td_signature *const sig = p->sig;

    if (likely < sig->n_inputs && td_json_raw_says(name, sig->inputs[likely].alias)) return likely;
    for (size_t i = 0; i < sig->n_inputs; i++)
        if (td_json_raw_says(name, sig->inputs[i].alias)) return i;
    return SIZE_MAX;
}

/* One object of a list of them; each input must be in it, and nothing else. */
static const char *read_row(td_json_reader *r, const td_predict *p, const char *at, slot *slots, size_t row)
{
    size_t next = 0, seen = 0;
    bool is_over = false;
    td_json_raw name;

    if (*at != '{') return NULL;
    at = td_json_skip_space(at + 1);
    while (!is_over) {
        const char *const value = td_json_read_name(at, &name);
        const size_t i = value ? find_input(p, &name, next) : SIZE_MAX;

        if (i == SIZE_MAX || slots[i].row == row) return NULL;
        slots[i].row = row;
        seen++;
        next = i + 1;
        const char *const behind = td_json_read_dense(r, value, &slots[i].dense);
        if (!behind) return NULL;
        at = td_json_read_comma(behind, &is_over);
        if (is_over) at = td_json_skip_space(behind) + 1;
        if (!at) return NULL;
    }
    return seen == p->sig->n_inputs ? at : NULL;
}

static const char *read_objects(td_json_reader *r, td_predict *p, const char *at)
{
    slot *const slots = make_slots(p);
    size_t rows = 0;

    for (;;) { /* at is behind a '[' or ',' */
        at = read_row(r, p, td_json_skip_space(at), slots, ++rows);
        if (!at) return NULL;
        at = td_json_skip_space(at);
        if (*at != ',') break;
        at++;
    }
    if (*at != ']') return NULL;
    for (size_t i = 0; i < p->sig->n_inputs; i++)
        if (!take_dense(&slots[i].dense, (int64_t)rows, &p->inputs[i])) return NULL;
    return at + 1;
}

static const char *read_plain(td_json_reader *r, td_predict *p, const char *at)
{
    td_json_dense d = { .dtype = p->sig->inputs[0].dtype, .rank = -1 };

    if (p->sig->n_inputs != 1) return NULL;
    at = td_json_read_dense(r, at, &d);
    return at && take_dense(&d, -1, &p->inputs[0]) ? at : NULL;
}

static const char *read_rows(td_json_reader *r, td_predict *p, const char *at)
{
    td_json_raw text;

    if (*at != '[') return NULL;
    const char *const first = td_json_skip_space(at + 1);
    if (*first == ']') return NULL;
    if (*first == '{' && !td_json_read_b64(first, &text)) return read_objects(r, p, at + 1);
    return read_plain(r, p, at);
}

/* {"name": tensor, ...}: what is not asked for is passed over, of several the first counts. */
static const char *read_columns(td_json_reader *r, td_predict *p, const char *at)
{
    size_t next = 0, seen = 0;
    bool is_over = false;
    td_json_fault fault;
    td_json_raw name;

    at = td_json_skip_space(at + 1);
    if (*at == '}') return p->sig->n_inputs ? NULL : at + 1;
    while (!is_over) {
        const char *const value = td_json_read_name(at, &name);
        const size_t i = value ? find_input(p, &name, next) : SIZE_MAX;
        const char *behind = NULL;

        if (i == SIZE_MAX || p->inputs[i].dtype != TD_DTYPE_NONE) {
            behind = value ? td_json_skip(value, r->end, &fault) : NULL;
        } else {
            td_json_dense d = { .dtype = p->sig->inputs[i].dtype, .rank = -1 };

            behind = td_json_read_dense(r, value, &d);
            if (behind && !take_dense(&d, -1, &p->inputs[i])) return NULL;
            seen++;
            next = i + 1;
        }
        if (!behind) return NULL;
        at = td_json_read_comma(behind, &is_over);
        if (is_over) at = td_json_skip_space(behind) + 1;
        if (!at) return NULL;
    }
    return seen == p->sig->n_inputs ? at : NULL;
}

/* TensorFlow Serving has no such call over REST. */
static td_status no_inputs(const td_json_predict *r)
{
    const td_string name = r->signature.size ? r->signature : (td_string){ "DEFAULT", strlen("DEFAULT") };

    return TD_ERR(INVALID_ARGUMENT,
                  "Failed to get input map for signature: %.*s. It has no inputs: write {\"inputs\": {}}.",
                  (int)TD_MIN(name.size, (size_t)4096), name.data);
}

static const char *read_tensors(td_json_reader *r, const td_json_predict *request, td_predict *p)
{
    const char *const columns = request->columns;
    td_json_raw text;

    if (request->rows) return read_rows(r, p, request->rows);
    if (*columns == '{' && !td_json_read_b64(columns, &text)) return read_columns(r, p, columns);
    return read_plain(r, p, columns);
}

/* Behind the tensors, without a survey: nothing may follow that says something. */
static td_status check_rest(const td_json_predict *r, const char *p)
{
    td_json_fault fault;
    td_json_raw name;
    bool is_over;

    for (p = td_json_read_comma(p, &is_over); p; p = td_json_read_comma(p, &is_over)) {
        p = td_json_read_name(p, &name);
        if (!p || td_json_raw_says(&name, "instances") || td_json_raw_says(&name, "inputs") ||
            td_json_raw_says(&name, "signature_name"))
            return unusual();
        p = td_json_skip(p, r->end, &fault);
        if (!p) return unusual();
    }
    return is_over ? NULL : unusual();
}

static td_status no_tensors(const td_json_predict *r)
{
    const td_status error = TD_ERR(INVALID_ARGUMENT, "Missing 'inputs' or 'instances' key");
    td_strbuf keys = { 0 };

    if (!r->is_surveyed) return error; /* nobody will read it, and the text may be no JSON */
    td_json_list_keys(td_json_start(r->start), r->end, &keys);
    const td_status longer =
        td_status_suffix(error, ". The body has: %s. Write {\"instances\": [row, ...]} or {\"inputs\": ...}.",
                         td_strbuf_text(&keys));
    td_strbuf_fini(&keys);
    return longer;
}

static td_status check_members(const td_json_predict *r)
{
    char dump[TD_JSON_DUMP];

    if (r->rows && r->columns)
        return TD_ERR(INVALID_ARGUMENT,
                      "JSON Value: %s Not formatted correctly expecting only one of 'inputs' or 'instances' "
                      "keys to exist ",
                      td_json_dump(td_json_start(r->start), dump));
    return r->rows || r->columns ? NULL : no_tensors(r);
}

static td_status check_limits(const td_predict *p)
{
    for (size_t i = 0; i < p->sig->n_inputs; i++)
        if (p->inputs[i].dtype != TD_DTYPE_NONE)
            TD_TRY(td_limits_check(p->sig->inputs[i].alias, &p->inputs[i].shape));
    return NULL;
}

td_status td_json_predict_fill(td_json_predict *r, td_predict *p)
{
    td_json_reader reader = { .arena = r->arena, .start = r->start, .end = r->end };

    TD_TRY(check_members(r));
    if (!p->sig->n_inputs && (r->rows || *r->columns != '{')) return no_inputs(r);
    const char *const behind = read_tensors(&reader, r, p);

    if (TD_LIKELY(behind != NULL)) {
        TD_TRY(check_limits(p));
        return r->is_surveyed ? NULL : check_rest(r, behind);
    }
    if (reader.is_too_much) return td_limits_too_many();
    if (reader.is_out_of_memory) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for the tensors of a request");
    if (!r->is_surveyed) return unusual();
    return p->sig->n_inputs ? td_json_explain(r, p) : no_inputs(r);
}
