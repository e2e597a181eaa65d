/* SPDX-License-Identifier: Apache-2.0 */
/* examples.c -- features, one walk each: JSON straight to wire bytes. */
#include "codec/json/examples.h"

#include <string.h>

#include "base/wire.h"
#include "codec/json/base64.h"
#include "codec/json/walk.h"
#include "tensor/parse_number.h"
#include "tensor/print.h"

typedef enum kind { NONE = 0, BYTES = 1, FLOATS = 2, INTS = 3 } kind; /* Feature's field numbers */

/* The context is copied before each example: what all these copies may take together. */
static const size_t max_joined_bytes = (size_t)2 << 30;

typedef struct reader {
    const char *end;
    td_arena *arena;
    size_t *joined; /* bytes of contexts copied so far */
} reader;

static td_status no_memory(void)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a feature");
}

static const char *kind_name(kind k)
{
    return k == BYTES ? "string" : k == FLOATS ? "float" : "int64";
}

static const char *json_type(const char *p)
{
    switch (*p) {
    case '{':
        return "Object";
    case '[':
        return "Array";
    case '"':
        return "String";
    case 'n':
        return "Null";
    case 't':
    case 'f':
        return "Bool";
    default:
        return "Number";
    }
}

/* Wire bytes being written, in what JSON is written to elsewhere:
 * without memory it takes no more and says so. */
typedef td_json_out buffer;

static uint8_t *grow(buffer *b, size_t more)
{
    if (!td_json_out_reserve(b, more)) return NULL;
    b->size += more;
    return (uint8_t *)b->data + b->size - more;
}

static void put_bytes(buffer *b, uint32_t number, const void *data, size_t size)
{
    uint8_t *const p = grow(b, td_wire_bytes_size(number, size));

    if (p) (void)td_wire_put_bytes(p, number, data, size);
}

static void put_buffer(buffer *b, uint32_t number, const buffer *inner)
{
    put_bytes(b, number, inner->data, inner->size);
    b->is_broken |= inner->is_broken;
}

/* ---------------------------------------------------------------- elements */

typedef struct element {
    kind kind;
    td_string bytes;
    float f;
    int64_t i;
} element;

static td_status unexpected(td_string feature, const char *p)
{
    return TD_ERR(INVALID_ARGUMENT, "Feature: %.*s has element with unexpected JSON type: %s",
                  (int)feature.size, feature.data, json_type(p));
}

/* {"b64": "..."} at *p, which moves behind it: its bytes. */
static td_status read_b64(const reader *r, const char **p, td_string feature, td_string *out)
{
    const char *const start = *p, *at = td_json_skip_space(start + 1);
    td_json_raw name, text;
    td_json_fault fault;
    bool is_over;

    if (*at != '"' || !(at = td_json_read_name(at, &name)) || !td_json_raw_says(&name, "b64") || *at != '"')
        return unexpected(feature, start);
    at = td_json_skip_string(at, &text, &fault);
    (void)td_json_read_comma(at, &is_over);
    if (!is_over) return unexpected(feature, start);
    unsigned char *const bytes = td_arena_try_alloc(r->arena, text.size / 4 * 3 + 3, 1);
    if (!bytes) return no_memory();
    if (!td_base64_decode(text.data, text.size, bytes, &out->size)) return unexpected(feature, start);
    out->data = (const char *)bytes;
    *p = td_json_skip_space(at) + 1;
    return NULL;
}

/* The element at *p, which moves behind it. */
static td_status read_element(const reader *r, const char **p, td_string feature, element *out)
{
    td_json_fault fault;
    td_json_raw raw;
    double special;
    bool is_integer;
    const char *const at = *p, *after;

    *out = (element){ 0 };
    if (*at == '"') {
        *p = td_json_skip_string(at, &raw, &fault);
        *out = (element){ .kind = BYTES, .bytes = td_json_unescape(&raw, r->arena) };
        return out->bytes.data ? NULL : no_memory();
    }
    if (*at == '{') {
        out->kind = BYTES;
        return read_b64(r, p, feature, &out->bytes);
    } else if ((after = td_json_read_special(at, &special))) {
        *out = (element){ .kind = FLOATS, .f = (float)special };
    } else if (*at == 't' || (*at == 'f')) {
        after = td_json_skip(at, r->end, &fault);
        *out = (element){ .kind = INTS, .i = *at == 't' };
    } else if ((*at >= '0' && *at <= '9') || *at == '-') {
        (void)td_scan_number(at, r->end, &is_integer);
        *out = (element){ .kind = is_integer ? INTS : FLOATS };
        after = is_integer ? td_parse_i64(at, r->end, &out->i) : td_parse_f32(at, r->end, &out->f);
        if (!after)
            return TD_ERR(INVALID_ARGUMENT, "Feature: %.*s has uint64_t element. Only int64_t is supported.",
                          (int)feature.size, feature.data);
    } else {
        return unexpected(feature, at);
    }
    *p = after;
    return NULL;
}

static void put_element(buffer *list, const element *e)
{
    if (e->kind == BYTES) {
        put_bytes(list, 1, e->bytes.data, e->bytes.size);
    } else if (e->kind == FLOATS) {
        td_json_put_bytes(list, (const char *)&e->f, sizeof e->f);
    } else {
        uint8_t *const p = grow(list, td_wire_varint_size((uint64_t)e->i));

        if (p) (void)td_wire_put_varint(p, (uint64_t)e->i);
    }
}

/* ---------------------------------------------------------------- features */

/* A scalar or a flat list at p; its elements, as the inside of a list message, go to `list`. */
static td_status read_values(const reader *r, const char *p, td_string feature, kind *k, buffer *list)
{
    const bool is_list = *p == '[';

    *k = NONE;
    if (is_list) p = td_json_skip_space(p + 1);
    while (*p != ']') {
        element e;

        TD_TRY(read_element(r, &p, feature, &e));
        if (*k == NONE) *k = e.kind;
        if (e.kind != *k)
            return TD_ERR(INVALID_ARGUMENT, "Unexpected element type in feature: %.*s expecting type: %s",
                          (int)feature.size, feature.data, kind_name(*k));
        put_element(list, &e);
        if (list->is_broken) return no_memory();
        if (!is_list) break;
        p = td_json_skip_space(p);
        if (*p == ',') p = td_json_skip_space(p + 1);
    }
    return NULL;
}

/* One entry of Features: { key = 1, value = 2 { bytes_list = 1 | float_list = 2
 * | int64_list = 3 { value = 1 } } }. */
static td_status read_feature(const reader *r, const char *p, const td_json_raw *name, buffer *features)
{
    const td_string key = td_json_unescape(name, r->arena);
    buffer values = { 0 }, list = { 0 }, feature = { 0 }, entry = { 0 };
    kind k;

    if (!key.data) return no_memory();
    const td_status s = read_values(r, p, key, &k, &values);
    if (!s) {
        if (k != NONE && k != BYTES) put_buffer(&list, 1, &values);
        if (k != NONE) put_buffer(&feature, (uint32_t)k, k == BYTES ? &values : &list);
        put_bytes(&entry, 1, key.data, key.size);
        put_buffer(&entry, 2, &feature);
        put_buffer(features, 1, &entry);
    }
    td_json_out_fini(&values);
    td_json_out_fini(&list);
    td_json_out_fini(&feature);
    td_json_out_fini(&entry);
    return s;
}

static td_status read_features(const reader *r, const char *p, buffer *features)
{
    td_json_fault fault;
    td_json_raw name;
    bool is_over;

    p = td_json_skip_space(p + 1);
    if (*p == '}') return NULL;
    for (; p; p = td_json_read_comma(p, &is_over)) {
        p = td_json_read_name(p, &name);
        TD_ASSERT(p); /* the text was checked */
        TD_TRY(read_feature(r, p, &name, features));
        if (features->is_broken) return no_memory();
        p = td_json_skip(p, r->end, &fault);
    }
    return NULL;
}

/* An Example with these features behind `context`: merging serialized messages is joining their bytes. */
static td_status join(const reader *r, td_string context, const buffer *features, td_string *out)
{
    const size_t size = context.size + td_wire_bytes_size(1, features->size);
    const bool may_join = context.size <= max_joined_bytes - *r->joined;
    uint8_t *const bytes = may_join ? td_arena_try_alloc(r->arena, size, 1) : NULL;

    if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for an example");
    *r->joined += context.size;
    if (context.size) memcpy(bytes, context.data, context.size);
    (void)td_wire_put_bytes(bytes + context.size, 1, features->data, features->size);
    *out = (td_string){ (const char *)bytes, size };
    return NULL;
}

/* The object at p as a serialized Example behind `context`. */
static td_status read_example(const reader *r, const char *p, td_string context, td_string *out)
{
    buffer features = { 0 };

    if (*p != '{')
        return TD_ERR(INVALID_ARGUMENT, "Example must be JSON object but got JSON %s", json_type(p));
    td_status s = read_features(r, p, &features);
    if (!s) s = join(r, context, &features, out);
    td_json_out_fini(&features);
    return s;
}

/* ---------------------------------------------------------------- the body */

typedef struct members {
    const char *signature, *context, *examples; /* values; the first of a name counts */
} members;

static void find_members(const char *p, const char *end, members *out)
{
    td_json_fault fault;
    td_json_raw name;
    bool is_over;

    p = td_json_skip_space(p + 1);
    if (*p == '}') return;
    for (; p; p = td_json_read_comma(p, &is_over)) {
        p = td_json_read_name(p, &name);
        TD_ASSERT(p);
        if (td_json_raw_says(&name, "signature_name") && !out->signature) out->signature = p;
        if (td_json_raw_says(&name, "context") && !out->context) out->context = p;
        if (td_json_raw_says(&name, "examples") && !out->examples) out->examples = p;
        p = td_json_skip(p, end, &fault);
    }
}

static td_status read_signature(const reader *r, const char *p, td_string *out)
{
    char dump[TD_JSON_DUMP];
    td_json_fault fault;
    td_json_raw raw;

    if (*p != '"')
        return TD_ERR(INVALID_ARGUMENT,
                      "JSON Value: %s not formatted correctly. 'signature_name' key must be a string value.",
                      td_json_dump(p, dump));
    (void)td_json_skip_string(p, &raw, &fault);
    *out = td_json_unescape(&raw, r->arena);
    return out->data ? NULL : TD_ERR(RESOURCE_EXHAUSTED, "No memory for a signature's name");
}

/* The elements of the array at p, behind its bracket. */
static size_t count_elements(const reader *r, const char *p)
{
    td_json_fault fault;
    size_t n = 0;

    for (p = td_json_skip_space(p + 1); *p != ']'; n++) {
        p = td_json_skip_space(td_json_skip(p, r->end, &fault));
        if (*p == ',') p = td_json_skip_space(p + 1);
    }
    return n;
}

static td_status read_examples(const reader *r, const char *p, td_string context, td_json_examples *out)
{
    td_json_fault fault;

    const size_t n = count_elements(r, p);

    out->items = td_arena_try_alloc(r->arena, (n + 1) * sizeof *out->items, _Alignof(td_string));
    if (!out->items) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu examples", n);
    for (p = td_json_skip_space(p + 1); *p != ']'; out->n++) {
        TD_TRY(read_example(r, p, context, &out->items[out->n]));
        p = td_json_skip_space(td_json_skip(p, r->end, &fault));
        if (*p == ',') p = td_json_skip_space(p + 1);
    }
    return NULL;
}

td_status td_json_examples_parse(const char *text, size_t size, const char *method, td_arena *arena,
                                 td_json_examples *out)
{
    size_t joined = 0;
    const reader r = { text + size, arena, &joined };
    const char *const root = td_json_start(text);
    char dump[TD_JSON_DUMP];
    members m = { 0 };
    td_string context = { 0 };

    *out = (td_json_examples){ 0 };
    TD_TRY(td_json_check(text, text + size));
    if (*root != '{')
        return TD_ERR(INVALID_ARGUMENT, "JSON Value: %s Is not object", td_json_dump(root, dump));
    find_members(root, r.end, &m);
    if (m.signature) TD_TRY(read_signature(&r, m.signature, &out->signature));
    if (!m.examples)
        return TD_ERR(INVALID_ARGUMENT,
                      "JSON Value: %s When method is %s, key 'examples' is expected and was not found",
                      td_json_dump(root, dump), method);
    if (m.context) TD_TRY(read_example(&r, m.context, context, &context));
    if (*m.examples != '[')
        return TD_ERR(INVALID_ARGUMENT, "JSON Value: %s When method is %s, key 'examples' must be a list",
                      td_json_dump(root, dump), method);
    return read_examples(&r, m.examples, context, out);
}

/* ---------------------------------------------------------------- answers */

static void put_float(td_json_out *o, float v)
{
    if (!td_json_out_reserve(o, TD_PRINT_MAX)) return;
    o->size = (size_t)(td_print_f32(o->data + o->size, v) - o->data);
}

void td_json_put_classes(const td_classes *c, td_json_out *o)
{
    TD_JSON_PUT(o, "{\"results\": [");
    for (size_t row = 0; row < c->n; row++) {
        td_json_put_text(o, row ? ", [" : "[");
        for (size_t k = 0; k < c->per_row; k++) {
            const size_t i = row * c->per_row + k;

            td_json_put_text(o, k ? ", [" : "[");
            td_json_put_string(o, c->labels ? c->labels[i] : (td_string){ "", 0 });
            TD_JSON_PUT(o, ", ");
            put_float(o, c->scores ? c->scores[i] : 0.0f);
            TD_JSON_PUT(o, "]");
        }
        TD_JSON_PUT(o, "]");
    }
    TD_JSON_PUT(o, "]}");
}

void td_json_put_regressions(const float *values, size_t n, td_json_out *o)
{
    TD_JSON_PUT(o, "{\"results\": [");
    for (size_t i = 0; i < n; i++) {
        if (i) TD_JSON_PUT(o, ", ");
        put_float(o, values[i]);
    }
    TD_JSON_PUT(o, "]}");
}
