/* SPDX-License-Identifier: Apache-2.0 */
/* conditions.c -- what a node asks of a row. A missing value answers as the node's na_value says, which becomes part of
 * what is compared with: bit 0 of bits, a kind of number. */
#include <math.h>

#include "base/macros.h"
#include "formats/ydf/trees.h"

enum { NODE_NA = 1, NODE_ATTRIBUTE = 2, NODE_CONDITION = 3 };

/* Of the protocol's Condition. */
typedef enum condition_type {
    IS_NA = 1,
    IS_HIGHER,
    IS_TRUE,
    HAS_ELEMENTS,
    HAS_BITS,
    IS_DISCRETE_HIGHER,
    IS_OBLIQUE,
    IS_OF_VECTORS
} condition_type;

enum { HIGHER_THRESHOLD = 1, LIST_ELEMENT = 1, BITMAP = 1 };
enum { OBLIQUE_ATTRIBUTE = 1, OBLIQUE_WEIGHT = 2, OBLIQUE_THRESHOLD = 3, OBLIQUE_MISSING = 4 };
enum { WORD = 32, FEW_BITS = 1024 };
enum { MAX_WORDS = 1 << 27 }; /* so that a node can count their bits */

typedef struct condition {
    uint32_t type; /* 0: there is none */
    td_wire body;
    bool na_value;
    const td_ydf_column *column;
    uint32_t cell;
} condition;

/* ---------------------------------------------------------------- its head */

static td_status read_type(td_wire w, condition *out)
{
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (f.type != TD_WIRE_BYTES) continue;
        out->type = f.number;
        out->body = td_wire_inside(&f);
    }
    return w.bad ? td_ydf_damaged("a condition") : NULL;
}

static td_status find_column(const td_ydf_spec *spec, uint64_t i, const td_ydf_column **out)
{
    if (i >= spec->n) return td_ydf_damaged("a condition of a column that is not there");
    *out = &spec->columns[i];
    if ((*out)->cell != TD_YDF_NO_CELL) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "a tree asks for column %.*s, which is no input of the model",
                  (int)TD_MIN((*out)->name.size, 100), (*out)->name.data ? (*out)->name.data : "");
}

static td_status read_head(td_wire w, const td_ydf_spec *spec, condition *out)
{
    uint64_t attribute = 0;

    *out = (condition){ .body = td_wire_of(NULL, 0) };
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, NODE_NA, TD_WIRE_VARINT))
            out->na_value = f.value != 0;
        else if (td_wire_is(&f, NODE_ATTRIBUTE, TD_WIRE_VARINT))
            attribute = f.value;
        else if (td_wire_is(&f, NODE_CONDITION, TD_WIRE_BYTES))
            TD_TRY(read_type(td_wire_inside(&f), out));
    if (w.bad) return td_ydf_damaged("a node's condition");
    TD_TRY(find_column(spec, attribute, &out->column));
    out->cell = out->column->cell;
    return NULL;
}

static td_status check_type(const condition *c, uint64_t a, uint64_t b)
{
    return c->column->type == a || c->column->type == b
               ? NULL
               : td_ydf_damaged("a condition of a column of another type");
}

/* The last FIXED32 or VARINT of that number; 0: there is none. */
static td_status value_of(td_wire w, uint32_t number, td_wire_type type, uint64_t *out)
{
    *out = 0;
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, number, type)) *out = f.value;
    return w.bad ? td_ydf_damaged("a condition") : NULL;
}

/* What a missing value answers, given what the column's usual value would: the mean, the most frequent. */
static bool answer_missing(const condition *c, td_ydf_parts *p, bool usual, bool is_number)
{
    bool *const differ = is_number ? &p->numbers_differ : &p->others_differ;

    *differ = *differ || (usual != c->na_value && !p->is_below_slope);
    return (is_number ? p->numbers_are_usual : p->others_are_usual) ? usual : c->na_value;
}

/* ---------------------------------------------------------------- numbers */

static void set_number(const condition *c, float threshold, bool if_missing, td_forest_node *out)
{
    out->what = (if_missing ? TD_FOREST_NUMBER_OR_NA : TD_FOREST_NUMBER) | c->cell << TD_FOREST_KIND_BITS;
    out->u.threshold = threshold;
}

static td_status read_higher(const condition *c, td_ydf_parts *p, td_forest_node *out)
{
    uint64_t bits;

    TD_TRY(check_type(c, TD_YDF_NUMERICAL, TD_YDF_NUMERICAL));
    TD_TRY(value_of(c->body, HIGHER_THRESHOLD, TD_WIRE_FIXED32, &bits));
    const float threshold = td_ydf_bits_float(bits);

    set_number(c, threshold, answer_missing(c, p, (float)c->column->mean >= threshold, true), out);
    return NULL;
}

/* Place t or higher among the boundaries is boundary t - 1 or more. */
static td_status read_discrete(const condition *c, td_ydf_parts *p, td_forest_node *out)
{
    uint64_t place;

    TD_TRY(check_type(c, TD_YDF_DISCRETIZED, TD_YDF_DISCRETIZED));
    TD_TRY(value_of(c->body, HIGHER_THRESHOLD, TD_WIRE_VARINT, &place));
    if (place > c->column->n_boundaries) return td_ydf_damaged("a threshold beyond all boundaries");
    const float threshold = place ? c->column->boundaries[place - 1] : -INFINITY;

    set_number(c, threshold, answer_missing(c, p, c->column->mean >= (double)threshold, true), out);
    return NULL;
}

/* The lists of an oblique condition, side by side. */
typedef struct oblique {
    td_ydf_list attributes, weights, missing;
    bool has_missing;
} oblique;

static td_status open_oblique(td_wire w, oblique *out, size_t *n)
{
    size_t n_weights, n_missing;

    *out = (oblique){ .attributes = td_ydf_list_of(w, OBLIQUE_ATTRIBUTE, TD_WIRE_VARINT),
                      .weights = td_ydf_list_of(w, OBLIQUE_WEIGHT, TD_WIRE_FIXED32),
                      .missing = td_ydf_list_of(w, OBLIQUE_MISSING, TD_WIRE_FIXED32) };
    TD_TRY(td_ydf_list_count(out->attributes, n));
    TD_TRY(td_ydf_list_count(out->weights, &n_weights));
    TD_TRY(td_ydf_list_count(out->missing, &n_missing));
    if (!*n || n_weights != *n || (n_missing && n_missing != *n))
        return td_ydf_damaged("an oblique condition's lists are not of one length");
    out->has_missing = n_missing != 0;
    return NULL;
}

static td_status next_term(oblique *o, const td_ydf_parts *p, td_forest_term *out)
{
    uint64_t attribute = 0, weight = 0, missing = 0;
    const td_ydf_column *column;

    if (!td_ydf_list_next(&o->attributes, &attribute) || !td_ydf_list_next(&o->weights, &weight) ||
        (o->has_missing && !td_ydf_list_next(&o->missing, &missing)))
        return td_ydf_damaged("an oblique condition");
    TD_TRY(find_column(p->spec, attribute, &column));
    if (column->type != TD_YDF_NUMERICAL) return td_ydf_damaged("an oblique condition of what is no number");
    *out = (td_forest_term){ .cell = column->cell, .weight = td_ydf_bits_float(weight), .missing = NAN };
    if (p->numbers_are_usual)
        out->missing = (float)column->mean;
    else if (o->has_missing && !p->others_are_usual)
        out->missing = td_ydf_bits_float(missing);
    return NULL;
}

static td_status read_oblique(const condition *c, td_ydf_parts *p, td_forest_node *out)
{
    const size_t slope = p->n_slopes, first = p->n_terms;
    uint64_t threshold;
    oblique o;
    size_t n;

    TD_TRY(open_oblique(c->body, &o, &n));
    TD_TRY(value_of(c->body, OBLIQUE_THRESHOLD, TD_WIRE_FIXED32, &threshold));
    for (size_t i = 0; i < n; i++) {
        td_forest_term term;

        TD_TRY(next_term(&o, p, &term));
        if (p->terms) p->terms[first + i] = term;
    }
    p->n_terms += n;
    p->n_slopes++;
    if (p->slopes)
        p->slopes[slope] = (td_forest_slope){ .threshold = td_ydf_bits_float(threshold),
                                              .first = (uint32_t)first,
                                              .n = (uint32_t)n,
                                              .if_missing = c->na_value && !p->others_are_usual };
    out->what = TD_FOREST_SLOPE;
    out->u.at = (uint32_t)slope;
    return NULL;
}

/* ---------------------------------------------------------------- categories */

static bool is_set(const condition *c)
{
    return c->column->type == TD_YDF_CATEGORICAL_SET;
}

/* Bits for all cells that a column can have; NULL while they are counted. */
static td_status add_bits(const condition *c, size_t n_values, td_ydf_parts *p, td_forest_node *out,
                          uint32_t **bits)
{
    const size_t words = (n_values + 1) / WORD + 1;

    if (p->n_bits + words > MAX_WORDS)
        return TD_ERR(RESOURCE_EXHAUSTED, "the conditions of decision forests are too large");
    out->what = (is_set(c) ? TD_FOREST_SET_BITS : TD_FOREST_BITS) | c->cell << TD_FOREST_KIND_BITS;
    out->u.at = (uint32_t)(p->n_bits * WORD);
    *bits = p->bits ? p->bits + p->n_bits : NULL;
    if (*bits) **bits = c->na_value;
    p->n_bits += words;
    return NULL;
}

static void set_bit(uint32_t *bits, uint64_t i)
{
    bits[i / WORD] |= UINT32_C(1) << (i % WORD);
}

static td_status read_true(condition *c, td_ydf_parts *p, td_forest_node *out)
{
    uint32_t *bits = NULL;

    TD_TRY(check_type(c, TD_YDF_BOOLEAN, TD_YDF_BOOLEAN));
    c->na_value = answer_missing(c, p, c->column->n_true >= c->column->n_false, false);
    TD_TRY(add_bits(c, 2, p, out, &bits));
    if (bits) set_bit(bits, 2);
    return NULL;
}

static bool map_has(td_string map, uint64_t i, uint32_t n)
{
    return i < n && ((unsigned char)map.data[i / 8] >> (i % 8) & 1);
}

static td_status read_bitmap(condition *c, td_ydf_parts *p, td_forest_node *out)
{
    const uint32_t n = c->column->n_values;
    td_wire w = c->body;
    td_string map = { NULL, 0 };
    uint32_t *bits = NULL;

    TD_TRY(check_type(c, TD_YDF_CATEGORICAL, TD_YDF_CATEGORICAL_SET));
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, BITMAP, TD_WIRE_BYTES)) map = td_wire_text(&f);
    if (w.bad || map.size * 8 < n) return td_ydf_damaged("a condition's bits are too few");
    if (!is_set(c)) c->na_value = answer_missing(c, p, map_has(map, c->column->usual, n), false);
    TD_TRY(add_bits(c, n, p, out, &bits));
    for (uint32_t i = 0; bits && i < n; i++)
        if (map_has(map, i, n)) set_bit(bits, (uint64_t)i + 1);
    return NULL;
}

static td_status add_list(const condition *c, td_ydf_list elements, size_t n, td_ydf_parts *p,
                          td_forest_node *out)
{
    const size_t list = p->n_lists, first = p->n_items;
    uint64_t element, before = 0;

    for (size_t i = 0; td_ydf_list_next(&elements, &element); i++) {
        if (element < before) return td_ydf_damaged("a condition's categories are not in order");
        before = element;
        if (p->items) p->items[first + i] = (uint32_t)element + 1;
    }
    p->n_items += n;
    p->n_lists++;
    if (p->lists)
        p->lists[list] =
            (td_forest_list){ .first = (uint32_t)first, .n = (uint32_t)n, .has_missing = c->na_value };
    out->what = (is_set(c) ? TD_FOREST_SET_LIST : TD_FOREST_LIST) | c->cell << TD_FOREST_KIND_BITS;
    out->u.at = (uint32_t)list;
    return NULL;
}

/* Bits are quicker; they are taken while they are not much more than what the file holds. */
static td_status read_elements(condition *c, td_ydf_parts *p, td_forest_node *out)
{
    const td_ydf_list elements = td_ydf_list_of(c->body, LIST_ELEMENT, TD_WIRE_VARINT);
    const uint32_t n_values = c->column->n_values;
    bool has_usual = false;
    uint32_t *bits = NULL;
    uint64_t element;
    size_t n;

    TD_TRY(check_type(c, TD_YDF_CATEGORICAL, TD_YDF_CATEGORICAL_SET));
    TD_TRY(td_ydf_list_count(elements, &n));
    for (td_ydf_list l = elements; td_ydf_list_next(&l, &element);) {
        has_usual = has_usual || element == c->column->usual;
        if (element >= n_values) return td_ydf_damaged("a condition of a category that is not there");
    }
    if (!is_set(c)) c->na_value = answer_missing(c, p, has_usual, false);
    if (n_values > FEW_BITS && n_values / WORD > n) return add_list(c, elements, n, p, out);
    TD_TRY(add_bits(c, n_values, p, out, &bits));
    for (td_ydf_list l = elements; bits && td_ydf_list_next(&l, &element);)
        set_bit(bits, element + 1);
    return NULL;
}

/* ---------------------------------------------------------------- all of them */

/* Whatever the type of the column: a missing cell alone has a bit, is in a list, is no number. */
static td_status read_na(condition *c, td_ydf_parts *p, td_forest_node *out)
{
    uint32_t *bits = NULL;

    c->na_value = true;
    if (c->column->type == TD_YDF_NUMERICAL || c->column->type == TD_YDF_DISCRETIZED) {
        set_number(c, NAN, true, out);
        return NULL;
    }
    if (c->column->type == TD_YDF_BOOLEAN) return add_bits(c, 2, p, out, &bits);
    return add_list(c, td_ydf_list_of(td_wire_of(NULL, 0), LIST_ELEMENT, TD_WIRE_VARINT), 0, p, out);
}

td_status td_ydf_condition_read(td_wire w, td_ydf_parts *p, td_forest_node *out)
{
    condition c;

    TD_TRY(read_head(w, p->spec, &c));
    switch ((condition_type)c.type) {
    case IS_NA:
        return read_na(&c, p, out);
    case IS_HIGHER:
        return read_higher(&c, p, out);
    case IS_TRUE:
        return read_true(&c, p, out);
    case HAS_ELEMENTS:
        return read_elements(&c, p, out);
    case HAS_BITS:
        return read_bitmap(&c, p, out);
    case IS_DISCRETE_HIGHER:
        return read_discrete(&c, p, out);
    case IS_OBLIQUE:
        return read_oblique(&c, p, out);
    case IS_OF_VECTORS:
        return TD_ERR(UNIMPLEMENTED, "conditions of sequences of vectors are not supported");
    }
    return TD_ERR(UNIMPLEMENTED, "conditions of type %u of decision forests are not known", (unsigned)c.type);
}
