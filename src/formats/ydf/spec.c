/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c -- see spec.h. */
#include "formats/ydf/spec.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"

enum { SPEC_COLUMN = 1 };
enum {
    COLUMN_TYPE = 1,
    COLUMN_NAME = 2,
    COLUMN_NUMERICAL = 5,
    COLUMN_CATEGORICAL = 6,
    COLUMN_DISCRETIZED = 8,
    COLUMN_BOOLEAN = 9
};
enum { NUMERICAL_MEAN = 1, BOOLEAN_TRUE = 1, BOOLEAN_FALSE = 2 };
enum { CATEGORICAL_USUAL = 1, CATEGORICAL_VALUES = 2, CATEGORICAL_INTEGERIZED = 5, CATEGORICAL_ITEM = 7 };
enum { ITEM_KEY = 1, ITEM_VALUE = 2, VALUE_INDEX = 1 };
enum { DISCRETIZED_BOUNDARY = 1 };

/* ---------------------------------------------------------------- fields */

td_status td_ydf_damaged(const char *what)
{
    return TD_ERR(INVALID_ARGUMENT, "the model of decision forests is damaged: %s", what);
}

td_status td_ydf_alloc(td_arena *arena, size_t n, size_t elem, void *out)
{
    void *p = NULL;
    size_t size;

    if (td_mul_size(n + 1, elem, &size)) p = td_arena_try_alloc(arena, size, TD_ALIGN);
    if (!p) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu parts of decision forests", n);
    memset(p, 0, size);
    memcpy(out, &p, sizeof p);
    return NULL;
}

float td_ydf_bits_float(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float f;

    memcpy(&f, &low, sizeof f);
    return f;
}

double td_ydf_bits_double(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof d);
    return d;
}

float td_ydf_float(const td_wire_field *f)
{
    return td_ydf_bits_float(f->value);
}

double td_ydf_double(const td_wire_field *f)
{
    return td_ydf_bits_double(f->value);
}

td_ydf_list td_ydf_list_of(td_wire w, uint32_t number, td_wire_type type)
{
    return (td_ydf_list){ .w = w, .packed = td_wire_of(NULL, 0), .number = number, .type = type };
}

static bool next_packed(td_ydf_list *l, uint64_t *bits)
{
    const size_t size = l->type == TD_WIRE_FIXED64 ? 8 : 4;

    if (l->type == TD_WIRE_VARINT) return td_wire_varint(&l->packed, bits);
    if (l->packed.at == l->packed.end) return false;
    if ((size_t)(l->packed.end - l->packed.at) < size) {
        l->packed.bad = true;
        return false;
    }
    *bits = 0;
    memcpy(bits, l->packed.at, size); /* little-endian on both sides */
    l->packed.at += size;
    return true;
}

bool td_ydf_list_next(td_ydf_list *l, uint64_t *bits)
{
    for (td_wire_field f;;) {
        if (next_packed(l, bits)) return true;
        if (l->packed.bad || !td_wire_next(&l->w, &f)) return false;
        if (td_wire_is(&f, l->number, l->type)) {
            *bits = f.value;
            return true;
        }
        if (td_wire_is(&f, l->number, TD_WIRE_BYTES)) l->packed = td_wire_inside(&f);
    }
}

td_status td_ydf_list_count(td_ydf_list l, size_t *n)
{
    *n = 0;
    for (uint64_t bits; td_ydf_list_next(&l, &bits);)
        ++*n;
    return td_ydf_list_is_bad(&l) ? td_ydf_damaged("a list of numbers") : NULL;
}

/* ---------------------------------------------------------------- columns */

static td_status read_categories(td_wire w, td_ydf_column *c)
{
    uint64_t values = 0;

    c->categories = w;
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, CATEGORICAL_VALUES, TD_WIRE_VARINT))
            values = f.value;
        else if (td_wire_is(&f, CATEGORICAL_USUAL, TD_WIRE_VARINT))
            c->usual = f.value;
        else if (td_wire_is(&f, CATEGORICAL_INTEGERIZED, TD_WIRE_VARINT))
            c->is_integerized = f.value != 0;
    if (w.bad || values >= INT32_MAX) return td_ydf_damaged("categories of a column");
    c->n_values = (uint32_t)values;
    return NULL;
}

static td_status read_boundaries(td_wire w, td_arena *arena, td_ydf_column *c)
{
    td_ydf_list l = td_ydf_list_of(w, DISCRETIZED_BOUNDARY, TD_WIRE_FIXED32);
    float *out;
    size_t n = 0;

    TD_TRY(td_ydf_list_count(l, &c->n_boundaries));
    TD_TRY(td_ydf_alloc(arena, c->n_boundaries, sizeof *out, &out));
    for (uint64_t bits; td_ydf_list_next(&l, &bits);)
        out[n++] = td_ydf_bits_float(bits);
    c->boundaries = out;
    return NULL;
}

static td_status read_numerical(td_wire w, td_ydf_column *c)
{
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, NUMERICAL_MEAN, TD_WIRE_FIXED64)) c->mean = td_ydf_double(&f);
    return w.bad ? td_ydf_damaged("numbers of a column") : NULL;
}

static td_status read_boolean(td_wire w, td_ydf_column *c)
{
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, BOOLEAN_TRUE, TD_WIRE_VARINT))
            c->n_true = f.value;
        else if (td_wire_is(&f, BOOLEAN_FALSE, TD_WIRE_VARINT))
            c->n_false = f.value;
    return w.bad ? td_ydf_damaged("flags of a column") : NULL;
}

static td_status read_column(td_wire w, td_arena *arena, td_ydf_column *c)
{
    c->cell = TD_YDF_NO_CELL;
    c->categories = td_wire_of(NULL, 0);
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, COLUMN_TYPE, TD_WIRE_VARINT))
            c->type = f.value;
        else if (td_wire_is(&f, COLUMN_NAME, TD_WIRE_BYTES))
            c->name = td_wire_text(&f);
        else if (td_wire_is(&f, COLUMN_CATEGORICAL, TD_WIRE_BYTES))
            TD_TRY(read_categories(td_wire_inside(&f), c));
        else if (td_wire_is(&f, COLUMN_NUMERICAL, TD_WIRE_BYTES))
            TD_TRY(read_numerical(td_wire_inside(&f), c));
        else if (td_wire_is(&f, COLUMN_BOOLEAN, TD_WIRE_BYTES))
            TD_TRY(read_boolean(td_wire_inside(&f), c));
        else if (td_wire_is(&f, COLUMN_DISCRETIZED, TD_WIRE_BYTES))
            TD_TRY(read_boundaries(td_wire_inside(&f), arena, c));
    return w.bad ? td_ydf_damaged("a column") : NULL;
}

td_status td_ydf_spec_read(td_string bytes, td_arena *arena, td_ydf_spec *out)
{
    td_wire w = td_wire_of(bytes.data, bytes.size);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        n += td_wire_is(&f, SPEC_COLUMN, TD_WIRE_BYTES);
    if (w.bad || n >= INT32_MAX) return td_ydf_damaged("data_spec.pb");
    TD_TRY(td_ydf_alloc(arena, n, sizeof *out->columns, &out->columns));
    w = td_wire_of(bytes.data, bytes.size);
    out->n = 0;
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, SPEC_COLUMN, TD_WIRE_BYTES))
            TD_TRY(read_column(td_wire_inside(&f), arena, &out->columns[out->n++]));
    return NULL;
}

/* ---------------------------------------------------------------- words */

static td_status read_item(td_wire w, td_string *key, uint64_t *index)
{
    *key = (td_string){ "", 0 };
    *index = 0;
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ITEM_KEY, TD_WIRE_BYTES)) *key = td_wire_text(&f);
        if (!td_wire_is(&f, ITEM_VALUE, TD_WIRE_BYTES)) continue;
        td_wire value = td_wire_inside(&f);

        for (td_wire_field g; td_wire_next(&value, &g);)
            if (td_wire_is(&g, VALUE_INDEX, TD_WIRE_VARINT)) *index = g.value;
        if (value.bad) return td_ydf_damaged("a word of a column");
    }
    return w.bad ? td_ydf_damaged("a word of a column") : NULL;
}

static td_string number_word(const td_ydf_column *c, uint32_t i, td_arena *arena)
{
    const char *const text = td_arena_format(arena, c->is_integerized ? "%" PRIu32 : "NA(%" PRIu32 ")", i);

    return (td_string){ text, strlen(text) };
}

td_status td_ydf_spec_words(const td_ydf_column *c, td_arena *arena, const td_string **out)
{
    const uint32_t n = c->n_values ? c->n_values - 1 : 0;
    td_wire w = c->categories;
    td_string *words;

    TD_TRY(td_ydf_alloc(arena, n, sizeof *words, &words));
    for (td_wire_field f; !c->is_integerized && td_wire_next(&w, &f);) {
        td_string key;
        uint64_t index;

        if (!td_wire_is(&f, CATEGORICAL_ITEM, TD_WIRE_BYTES)) continue;
        TD_TRY(read_item(td_wire_inside(&f), &key, &index));
        if (index < 1 || index > n) continue;
        words[index - 1] = (td_string){ td_arena_strndup(arena, key.data, key.size), key.size };
    }
    for (uint32_t i = 0; i < n; i++)
        if (!words[i].data) words[i] = number_word(c, i + 1, arena);
    *out = words;
    return NULL;
}
