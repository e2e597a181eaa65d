/* SPDX-License-Identifier: Apache-2.0 */
/* expr_example.c -- lists of features as serialized tf.Examples; see expr.h.
 *
 * Example { features = 1 }, Features { map<string, Feature> feature = 1 }, Feature { one of bytes_list = 1,
 * float_list = 2, int64_list = 3 }, each list { value = 1 }: messages are written from the inside out. */
#include "cli/expr.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "base/wire.h"
#include "cli/expr_reader.h"

enum { VALUE = 1, FEATURES = 1, FEATURE = 1, ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { BYTES_LIST = 1, FLOAT_LIST = 2, INT64_LIST = 3 };

static void add_bytes(td_strbuf *out, uint32_t number, const void *data, size_t size)
{
    const size_t more = td_wire_bytes_size(number, size);

    td_strbuf_reserve(out, more);
    (void)td_wire_put_bytes((uint8_t *)out->data + out->size, number, data, size);
    out->size += more;
}

/* The message becomes a field of another, in its own place. */
static void wrap(td_strbuf *message, uint32_t number)
{
    td_strbuf around = { 0 };

    add_bytes(&around, number, td_strbuf_text(message), message->size);
    td_strbuf_fini(message);
    *message = around;
}

/* Packed; floats are those of this machine, little-endian. */
static void put_numbers(const td_expr_reader *r, const td_expr_value *v, td_strbuf *out)
{
    td_strbuf packed = { 0 };

    for (size_t i = 0; i < v->n; i++) {
        const td_expr_cell *const c = &r->cells[v->at + i];
        uint8_t varint[10];

        if (v->kind == TD_EXPR_FLOAT)
            td_strbuf_add(&packed, &(float){ (float)c->f }, sizeof(float));
        else
            td_strbuf_add(&packed, varint, (size_t)(td_wire_put_varint(varint, (uint64_t)c->i) - varint));
    }
    add_bytes(out, VALUE, td_strbuf_text(&packed), packed.size);
    td_strbuf_fini(&packed);
}

static void put_feature(const td_expr_reader *r, const td_expr_value *v, td_string name, td_strbuf *features)
{
    td_strbuf list = { 0 }, entry = { 0 };

    for (size_t i = 0; v->kind == TD_EXPR_TEXT && i < v->n; i++)
        add_bytes(&list, VALUE, r->cells[v->at + i].s.data, r->cells[v->at + i].s.size);
    if (v->kind != TD_EXPR_TEXT) put_numbers(r, v, &list);
    wrap(&list, v->kind == TD_EXPR_TEXT ? BYTES_LIST : v->kind == TD_EXPR_FLOAT ? FLOAT_LIST : INT64_LIST);
    add_bytes(&entry, ENTRY_KEY, name.data, name.size);
    add_bytes(&entry, ENTRY_VALUE, list.data, list.size);
    add_bytes(features, FEATURE, entry.data, entry.size);
    td_strbuf_fini(&entry);
    td_strbuf_fini(&list);
}

/* "name": [value, ...] */
static td_status read_feature(td_expr_reader *r, td_strbuf *features)
{
    td_string name;
    td_expr_value v;

    TD_TRY(td_expr_text_read(r, &name));
    if (!td_expr_take(r, ":")) return td_expr_error(r, "no colon behind a feature's name");
    TD_TRY(td_expr_value_read(r, &v));
    if (v.shape.rank != 1 || !v.n)
        return TD_ERR(INVALID_ARGUMENT, "feature %.*s is no list of values",
                      (int)TD_MIN(name.size, (size_t)200), name.data);
    put_feature(r, &v, name, features);
    r->n = v.at;
    return NULL;
}

static td_status read_features(td_expr_reader *r, td_strbuf *features)
{
    bool is_comma = true;

    if (!td_expr_take(r, "{")) return td_expr_error(r, "no dictionary of features");
    while (!td_expr_take(r, "}")) {
        if (!is_comma) return td_expr_error(r, "no comma");
        TD_TRY(read_feature(r, features));
        is_comma = td_expr_take(r, ",");
    }
    return NULL;
}

static td_status read_example(td_expr_reader *r, td_string *out)
{
    td_strbuf features = { 0 };
    const td_status error = read_features(r, &features);

    wrap(&features, FEATURES);
    char *const copy = td_arena_strndup(r->arena, features.data, features.size);

    *out = (td_string){ copy, features.size };
    td_strbuf_fini(&features);
    return error;
}

static td_status read_examples(td_expr_reader *r, td_vec *examples)
{
    bool is_comma = true;

    if (!td_expr_take(r, "[")) return td_expr_error(r, "no list of dictionaries");
    while (!td_expr_take(r, "]")) {
        if (!is_comma) return td_expr_error(r, "no comma");
        TD_TRY(read_example(r, td_vec_push(examples)));
        is_comma = td_expr_take(r, ",");
    }
    return td_expr_take(r, ";") || !*r->p ? NULL : td_expr_error(r, "something behind the list");
}

td_status td_expr_read_examples(const char **text, td_tensor *out)
{
    td_expr_reader r = { .p = *text, .arena = td_arena_make() };
    td_vec examples = TD_VEC(td_string);
    td_status error = read_examples(&r, &examples);
    const td_tensor view = { .dtype = TD_STRING,
                             .shape = { 1, { (int64_t)examples.size } },
                             .data = examples.data };

    if (!error) error = td_tensor_copy(&view, out);
    *text = r.p;
    td_vec_fini(&examples);
    td_free(r.cells);
    td_arena_free(r.arena);
    return error;
}
