/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c -- reads the tensors once more, as slowly and in the order in which TensorFlow Serving does,
 * until it meets what it would complain of. */
#include "codec/json/explain.h"

#include "api/mistakes.h"
#include "base/strbuf.h"
#include "codec/json/dense.h"
#include "codec/json/walk.h"

typedef struct explainer {
    td_json_reader reader;
    const td_predict *p;
} explainer;

/* ---- values of a good text ---- */

static const char *skip(const explainer *e, const char *p)
{
    td_json_fault fault;

    p = td_json_skip(p, e->reader.end, &fault);
    TD_ASSERT(p);
    return td_json_skip_space(p);
}

/* The first value of a list, the value behind another one; NULL: there is none. */
static const char *first_of(const char *list)
{
    const char *const p = td_json_skip_space(list + 1);

    return *p == ']' ? NULL : p;
}

static const char *next_of(const explainer *e, const char *p)
{
    p = skip(e, p);
    return *p == ',' ? td_json_skip_space(p + 1) : NULL;
}

static int64_t count_values(const explainer *e, const char *list)
{
    int64_t n = 0;

    for (const char *p = first_of(list); p; p = next_of(e, p))
        n++;
    return n;
}

/* Members likewise; *value is set. */
static const char *member_at(const char *p, td_json_raw *name, const char **value)
{
    td_json_fault fault;

    p = td_json_skip_space(p);
    if (*p != '"') return NULL;
    const char *const behind = td_json_skip_string(p, name, &fault);
    *value = td_json_skip_space(td_json_skip_space(behind) + 1);
    return p;
}

static const char *next_member(const explainer *e, const char *value)
{
    const char *const p = skip(e, value);

    return *p == ',' ? p + 1 : "";
}

static bool is_plain_object(const char *p)
{
    td_json_raw text;

    return *p == '{' && !td_json_read_b64(p, &text);
}

static const char *type_name(const char *p)
{
    switch (*p) {
    case 'n':
        return "Null";
    case 'f':
        return "False";
    case 't':
        return "True";
    case '{':
        return "Object";
    case '[':
        return "Array";
    case '"':
        return "String";
    default:
        return "Number";
    }
}

/* ---- second sentences ---- */

static td_status no_memory(void)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for the tensors of a request");
}

/* Behind whatever is wrong with the tensor of an input; takes error, NULL is fine. */
static td_status name_input(const explainer *e, size_t input, td_status error)
{
    td_strbuf text = { 0 };

    if (!error || td_status_code(error) == TD_RESOURCE_EXHAUSTED) return error; /* not the input's fault */
    td_describe_input(&e->p->sig->inputs[input], &text);
    error = td_status_suffix(error, ". The signature declares %s.", td_strbuf_text(&text));
    td_strbuf_fini(&text);
    return error;
}

/* Takes error. */
static td_status list_inputs(const explainer *e, td_string wanted, const char *before, td_status error)
{
    td_strbuf names = { 0 };

    td_list_aliases(wanted, e->p->sig->inputs, e->p->sig->n_inputs, &names);
    error = td_status_suffix(error, "%s The inputs are: %s.", before, td_strbuf_text(&names));
    td_strbuf_fini(&names);
    return error;
}

/* ---- one tensor ---- */

/* What is mostly meant by a value of another type; "" or a sentence without its full stop. */
static const char *leaf_hint(const char *p, td_dtype dtype)
{
    td_json_raw text;

    if (*p == '{' && !td_json_read_b64(p, &text)) return "";
    if (*p == '{') return ". {\"b64\": ...} is for inputs of type string";
    if (*p == '"' && dtype != TD_STRING && dtype != TD_BOOL) return ". Numbers are written without quotes";
    if (*p == '"') return "";
    if ((*p == '-' || (*p >= '0' && *p <= '9')) && dtype != TD_STRING && dtype != TD_BOOL)
        return ". It takes whole numbers within its range, written without a point";
    return "";
}

static td_status leaf_error(const char *p, td_dtype dtype)
{
    char dump[TD_JSON_DUMP];
    td_json_raw text;

    if (!td_json_dense_takes(dtype))
        return TD_ERR(UNIMPLEMENTED, "Conversion of JSON Value: %s to type: %s", td_json_dump(p, dump),
                      td_dtype_name(dtype));
    if (dtype == TD_STRING && *p == '{') {
        if (td_json_read_b64(p, &text))
            return TD_ERR(INVALID_ARGUMENT,
                          "Unable to base64 decode. The alphabet is the standard one, or that of URLs");
        return TD_ERR(INVALID_ARGUMENT,
                      "JSON Value: %s not formatted correctly for base64 data. It is an object of one key: "
                      "{\"b64\": \"...\"}",
                      td_json_dump(p, dump));
    }
    return TD_ERR(INVALID_ARGUMENT, "JSON Value: %s Type: %s is not of expected type: %s%s",
                  td_json_dump(p, dump), type_name(p), td_dtype_name(dtype), leaf_hint(p, dtype));
}

/* A tensor as it is being checked against the shape of its first elements. */
typedef struct tensor_check {
    td_json_dense leaf; /* takes one element at a time */
    td_shape shape;
    int64_t count;
} tensor_check;

static td_status find_shape(const explainer *e, const char *p, td_shape *out)
{
    *out = (td_shape){ 0 };
    while (p && *p == '[') {
        if (out->rank == TD_MAX_RANK)
            return TD_ERR(INVALID_ARGUMENT, "Lists are nested more than %d deep", (int)TD_MAX_RANK);
        out->dims[out->rank++] = count_values(e, p);
        p = first_of(p);
    }
    return NULL;
}

static td_status check_leaf(explainer *e, const char *p, int level, tensor_check *t)
{
    char dump[TD_JSON_DUMP];

    if (level != t->shape.rank)
        return TD_ERR(INVALID_ARGUMENT,
                      "JSON Value: %s found at incorrect level: %d in the JSON DOM. Expected at level: %d",
                      td_json_dump(p, dump), level + 1, (int)t->shape.rank);
    t->leaf.count = 0;
    if (!td_json_read_dense(&e->reader, p, &t->leaf))
        return e->reader.is_out_of_memory ? no_memory() : leaf_error(p, t->leaf.dtype);
    t->count++;
    return NULL;
}

/* Recursive, at most TD_MAX_RANK deep. */
static td_status check_values(explainer *e, const char *p, int level, tensor_check *t)
{
    if (*p != '[') return check_leaf(e, p, level, t);
    if (level >= t->shape.rank)
        return TD_ERR(INVALID_ARGUMENT, "Encountered list at unexpected level: %d expected < %d", level,
                      (int)t->shape.rank);
    const int64_t n = count_values(e, p);

    if (n != t->shape.dims[level])
        return TD_ERR(
            INVALID_ARGUMENT,
            "Encountered list at unexpected size: %lld at level: %d expected size: %lld. All lists of "
            "one level must be equally long",
            (long long)n, level, (long long)t->shape.dims[level]);
    for (const char *v = first_of(p); v; v = next_of(e, v))
        TD_TRY(check_values(e, v, level + 1, t));
    return NULL;
}

static td_status check_tensor(explainer *e, const char *p, tensor_check *t)
{
    t->count = 0;
    TD_TRY(find_shape(e, p, &t->shape));
    return check_values(e, p, 0, t);
}

/* ---- rows ---- */

/* What the first row of an input was like. */
typedef struct row_check {
    tensor_check t;
    size_t last; /* the last row that had it, counted from 1 */
    bool is_known;
    int64_t count;
    td_shape shape;
} row_check;

static td_status check_row(explainer *e, const char *p, row_check *c)
{
    char want[TD_SHAPE_TEXT], got[TD_SHAPE_TEXT];

    TD_TRY(check_tensor(e, p, &c->t));
    if (!c->is_known) {
        c->is_known = true;
        c->count = c->t.count;
        c->shape = c->t.shape;
    } else if (c->count != c->t.count) {
        return TD_ERR(INVALID_ARGUMENT, "Expecting tensor size: %lld but got: %lld", (long long)c->count,
                      (long long)c->t.count);
    } else if (!td_shape_equal(&c->shape, &c->t.shape)) {
        return TD_ERR(INVALID_ARGUMENT, "Expecting shape %s but got: %s",
                      td_shape_text(&c->shape, want, sizeof want),
                      td_shape_text(&c->t.shape, got, sizeof got));
    }
    return NULL;
}

/* Takes error. */
static td_status row_error(td_status error, size_t row, const td_string *key)
{
    if (td_status_code(error) == TD_RESOURCE_EXHAUSTED) return error; /* not the row's fault */
    const int size = key ? (int)TD_MIN(key->size, (size_t)4096) : 0;
    const td_status outer =
        TD_ERR(INVALID_ARGUMENT, "Failed to process element: %zu %s%.*s%sof 'instances' list. Error: %s: %s",
               row, key ? "key: " : "", size, key ? key->data : "", key ? " " : "",
               td_code_name(td_status_code(error)), td_status_text(error));

    td_status_free(error);
    return outer;
}

static td_status keys_error(const explainer *e, const char *object, size_t row)
{
    const td_signature *const sig = e->p->sig;
    char dump[TD_JSON_DUMP];
    td_strbuf names = { 0 };

    for (size_t i = 0; i < sig->n_inputs; i++)
        td_strbuf_printf(&names, "%s%s", i ? "," : "", sig->inputs[i].alias);
    const td_status error = TD_ERR(INVALID_ARGUMENT,
                                   "Failed to process element: %zu of 'instances' list. JSON object: %s keys "
                                   "must be equal to: %s",
                                   row, td_json_dump(object, dump), td_strbuf_text(&names));

    td_strbuf_fini(&names);
    return error;
}

static td_status check_member(explainer *e, const td_string *key, const char *value, row_check *checks,
                              bool *is_new, size_t row)
{
    const size_t i = td_predict_input(e->p, *key);

    if (i == SIZE_MAX)
        return list_inputs(e, *key, ".",
                           TD_ERR(INVALID_ARGUMENT, "JSON object: does not have named input: %.*s",
                                  (int)TD_MIN(key->size, (size_t)4096), key->data));
    *is_new = checks[i].last != row + 1;
    checks[i].last = row + 1;
    return name_input(e, i, check_row(e, value, &checks[i]));
}

static td_status check_object(explainer *e, const char *object, row_check *checks, size_t row)
{
    size_t seen = 0;
    bool is_new = false, is_double = false;
    td_json_raw name;
    const char *value;

    for (const char *m = member_at(object + 1, &name, &value); m;
         m = member_at(next_member(e, value), &name, &value)) {
        const td_string key = td_json_unescape(&name, e->reader.arena);

        if (!key.data) return no_memory();
        const td_status error = check_member(e, &key, value, checks, &is_new, row);

        if (error) return row_error(error, row, &key);
        seen += is_new;
        is_double |= !is_new;
    }
    return seen == e->p->sig->n_inputs && !is_double ? NULL : keys_error(e, object, row);
}

static td_status explain_rows(explainer *e, const char *list)
{
    const td_signature *const sig = e->p->sig;
    char dump[TD_JSON_DUMP];

    if (*list != '[')
        return TD_ERR(INVALID_ARGUMENT, "JSON Value: %s Expecting 'instances' to be an list/array",
                      td_json_dump(list, dump));
    const char *p = first_of(list);
    if (!p) return TD_ERR(INVALID_ARGUMENT, "No values in 'instances' array");
    const bool are_objects = is_plain_object(p);
    if (!are_objects && sig->n_inputs > 1)
        return list_inputs(e, (td_string){ 0 }, ".",
                           TD_ERR(INVALID_ARGUMENT,
                                  "instances is a plain list, but expecting list of objects as multiple "
                                  "input tensors required as per tensorinfo_map"));

    row_check *const checks = TD_ARENA_NEW_N(e->reader.arena, row_check, sig->n_inputs);
    for (size_t i = 0; i < sig->n_inputs; i++)
        checks[i].t.leaf.dtype = sig->inputs[i].dtype;
    for (size_t row = 0; p; p = next_of(e, p), row++) {
        if (is_plain_object(p) != are_objects)
            return TD_ERR(INVALID_ARGUMENT, "Expecting %s at item %zu of input list",
                          are_objects ? "object but got list" : "value/list but got object", row);
        if (are_objects) {
            TD_TRY(check_object(e, p, checks, row));
        } else {
            const td_status error = name_input(e, 0, check_row(e, p, &checks[0]));

            if (error) return row_error(error, row, NULL);
        }
    }
    return NULL;
}

/* ---- columns ---- */

static td_status explain_column(explainer *e, size_t input, const char *value)
{
    tensor_check t = { .leaf = { .dtype = e->p->sig->inputs[input].dtype } };

    return name_input(e, input, check_tensor(e, value, &t));
}

/* The value of the first member with that name; NULL: there is none. */
static const char *find_member(const explainer *e, const char *object, const char *want)
{
    td_json_raw name;
    const char *value;

    for (const char *m = member_at(object + 1, &name, &value); m;
         m = member_at(next_member(e, value), &name, &value))
        if (td_json_raw_is(&name, (td_string){ want, strlen(want) })) return value;
    return NULL;
}

static td_status missing_input(const explainer *e, const char *alias, const char *object)
{
    td_strbuf keys = { 0 };

    td_json_list_keys(object, e->reader.end, &keys);
    const td_status error =
        td_status_suffix(TD_ERR(INVALID_ARGUMENT, "Missing named input: %s in 'inputs' object.", alias),
                         " It has: %s.", td_strbuf_text(&keys));
    td_strbuf_fini(&keys);
    return list_inputs(e, (td_string){ alias, strlen(alias) }, "", error);
}

static td_status explain_columns(explainer *e, const char *value)
{
    const td_signature *const sig = e->p->sig;

    if (!is_plain_object(value)) {
        if (sig->n_inputs > 1)
            return list_inputs(e, (td_string){ 0 }, ".",
                               TD_ERR(INVALID_ARGUMENT,
                                      "inputs is a plain value/list, but expecting an object as multiple "
                                      "input tensors required as per tensorinfo_map"));
        return explain_column(e, 0, value);
    }
    for (size_t i = 0; i < sig->n_inputs; i++) {
        const char *const tensor = find_member(e, value, sig->inputs[i].alias);

        if (!tensor) return missing_input(e, sig->inputs[i].alias, value);
        TD_TRY(explain_column(e, i, tensor));
    }
    return NULL;
}

td_status td_json_explain(const td_json_predict *r, const td_predict *p)
{
    explainer e = { { .arena = r->arena, .start = r->start, .end = r->end }, p };

    TD_TRY(r->rows ? explain_rows(&e, r->rows) : explain_columns(&e, r->columns));
    return TD_ERR(INVALID_ARGUMENT, "Tensors have more than %d dimensions", (int)TD_MAX_RANK);
}
