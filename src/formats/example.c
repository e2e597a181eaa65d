/* SPDX-License-Identifier: Apache-2.0 */
/* example.c -- Example { features { feature { key value } } },
 * and its three kinds of lists, packed or not. */
#include "formats/example.h"

#include <string.h>

enum { BYTES_LIST = 1, FLOAT_LIST = 2, INT64_LIST = 3 };

static bool read_feature(td_wire w, td_feature *out)
{
    td_wire_field f;

    *out = (td_feature){ 0 };
    while (td_wire_next(&w, &f)) {
        if (f.type != TD_WIRE_BYTES || f.number < BYTES_LIST || f.number > INT64_LIST) continue;
        out->kind = f.number == BYTES_LIST ? TD_STRING : f.number == FLOAT_LIST ? TD_F32 : TD_I64;
        out->list = td_wire_text(&f);
    }
    return !w.bad;
}

static bool is_name(td_string a, td_string b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* One entry of the map. */
static bool read_entry(td_wire w, const td_string *names, size_t n, td_feature *out)
{
    td_string key = { 0 };
    td_feature feature = { 0 };
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        if (td_wire_is(&f, 1, TD_WIRE_BYTES)) key = td_wire_text(&f);
        if (td_wire_is(&f, 2, TD_WIRE_BYTES) && !read_feature(td_wire_inside(&f), &feature)) return false;
    }
    for (size_t i = 0; i < n; i++)
        if (is_name(names[i], key)) out[i] = feature;
    return !w.bad;
}

static bool read_features(td_wire w, const td_string *names, size_t n, td_feature *out)
{
    td_wire_field f;

    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, 1, TD_WIRE_BYTES) && !read_entry(td_wire_inside(&f), names, n, out)) return false;
    return !w.bad;
}

bool td_example_find(td_string example, const td_string *names, size_t n, td_feature *out)
{
    td_wire w = td_wire_of(example.data, example.size);
    td_wire_field f;

    for (size_t i = 0; i < n; i++)
        out[i] = (td_feature){ 0 };
    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, 1, TD_WIRE_BYTES) && !read_features(td_wire_inside(&f), names, n, out))
            return false;
    return !w.bad;
}

/* ---------------------------------------------------------------- SequenceExample */

/* One entry of the map of lists. */
static bool read_list_entry(td_wire w, const td_string *names, size_t n, td_feature_list *out)
{
    td_feature_list list = { .is_there = true };
    td_string key = { 0 };
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        if (td_wire_is(&f, 1, TD_WIRE_BYTES)) key = td_wire_text(&f);
        if (td_wire_is(&f, 2, TD_WIRE_BYTES)) list.bytes = td_wire_text(&f);
    }
    for (size_t i = 0; i < n; i++)
        if (is_name(names[i], key)) out[i] = list;
    return !w.bad;
}

static bool read_lists(td_wire w, const td_string *names, size_t n, td_feature_list *out)
{
    td_wire_field f;

    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, 1, TD_WIRE_BYTES) && !read_list_entry(td_wire_inside(&f), names, n, out))
            return false;
    return !w.bad;
}

bool td_sequence_find(td_string example, const td_string *names, size_t n, td_feature *out,
                      const td_string *lists, size_t n_lists, td_feature_list *out_lists)
{
    td_wire w = td_wire_of(example.data, example.size);
    td_wire_field f;

    for (size_t i = 0; i < n; i++)
        out[i] = (td_feature){ 0 };
    for (size_t i = 0; i < n_lists; i++)
        out_lists[i] = (td_feature_list){ 0 };
    while (td_wire_next(&w, &f)) {
        if (td_wire_is(&f, 1, TD_WIRE_BYTES) && !read_features(td_wire_inside(&f), names, n, out))
            return false;
        if (td_wire_is(&f, 2, TD_WIRE_BYTES) && !read_lists(td_wire_inside(&f), lists, n_lists, out_lists))
            return false;
    }
    return !w.bad;
}

bool td_feature_list_next(td_wire *w, td_feature *out)
{
    td_wire_field f;

    while (td_wire_next(w, &f)) {
        if (!td_wire_is(&f, 1, TD_WIRE_BYTES)) continue;
        w->bad = !read_feature(td_wire_inside(&f), out);
        return !w->bad;
    }
    return false;
}

/* ---------------------------------------------------------------- values */

/* Walks the list; writes values when out is given. -1: damaged. */
static int64_t walk(const td_feature *feature, void *out)
{
    td_wire w = td_wire_of(feature->list.data, feature->list.size);
    td_wire_field f;
    int64_t n = 0;

    while (td_wire_next(&w, &f)) {
        if (f.number != 1) continue;
        if (feature->kind == TD_STRING && f.type == TD_WIRE_BYTES) {
            if (out) ((td_string *)out)[n] = td_wire_text(&f);
            n++;
        } else if (feature->kind == TD_F32 && f.type == TD_WIRE_BYTES) {
            if (f.size % sizeof(float)) return -1;
            if (out) memcpy((float *)out + n, f.data, f.size);
            n += (int64_t)(f.size / sizeof(float));
        } else if (feature->kind == TD_F32 && f.type == TD_WIRE_FIXED32) {
            const uint32_t bits = (uint32_t)f.value;

            if (out) memcpy((float *)out + n, &bits, sizeof bits);
            n++;
        } else if (feature->kind == TD_I64 && f.type == TD_WIRE_BYTES) {
            td_wire packed = td_wire_inside(&f);

            for (uint64_t v; td_wire_varint(&packed, &v); n++)
                if (out) ((int64_t *)out)[n] = (int64_t)v;
            if (packed.bad) return -1;
        } else if (feature->kind == TD_I64 && f.type == TD_WIRE_VARINT) {
            if (out) ((int64_t *)out)[n] = (int64_t)f.value;
            n++;
        }
    }
    return w.bad ? -1 : n;
}

int64_t td_feature_count(const td_feature *f)
{
    return f->kind == TD_DTYPE_NONE ? 0 : walk(f, NULL);
}

void td_feature_read(const td_feature *f, void *out)
{
    if (f->kind != TD_DTYPE_NONE) (void)walk(f, out);
}
