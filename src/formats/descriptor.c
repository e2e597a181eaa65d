/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor.c -- see descriptor.h. A full name is eaten part by part on the way in: the package of a file, messages, and
 * what is within the last one. */
#include "formats/descriptor.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/wire.h"

/* Fields of the descriptors. */
enum { SET_FILE = 1 };
enum { FILE_PACKAGE = 2, FILE_MESSAGE = 4, FILE_ENUM = 5, FILE_SYNTAX = 12 };
enum { MESSAGE_NAME = 1, MESSAGE_FIELD = 2, MESSAGE_MESSAGE = 3, MESSAGE_ENUM = 4 };
enum {
    FIELD_NAME = 1,
    FIELD_NUMBER = 3,
    FIELD_LABEL = 4,
    FIELD_TYPE = 5,
    FIELD_TYPE_NAME = 6,
    FIELD_DEFAULT = 7,
    FIELD_OPTIONS = 8
};
enum { OPTIONS_PACKED = 2 };
enum { ENUM_NAME = 1, ENUM_VALUE = 2, VALUE_NAME = 1, VALUE_NUMBER = 2 };
enum { LABEL_REPEATED = 3 };

/* What fields messages and enums have in a file and in a message. */
typedef struct level {
    uint32_t message, enumeration;
} level;

static const level in_file = { FILE_MESSAGE, FILE_ENUM }, in_message = { MESSAGE_MESSAGE, MESSAGE_ENUM };

static td_status damaged(void)
{
    return TD_ERR(INVALID_ARGUMENT, "a damaged FileDescriptorSet");
}

/* The last BYTES field of that number; empty: there is none. */
static td_status text_of(td_wire w, uint32_t number, td_string *out)
{
    *out = (td_string){ NULL, 0 };
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, number, TD_WIRE_BYTES)) *out = td_wire_text(&f);
    return w.bad ? damaged() : NULL;
}

/* Takes `part` and a dot off the front of *name; the whole of a name leaves an empty one. */
static bool eat(td_string *name, td_string part)
{
    if (name->size < part.size || (part.size && memcmp(name->data, part.data, part.size) != 0)) return false;
    if (name->size == part.size) {
        name->size = 0;
        return true;
    }
    if (name->data[part.size] != '.') return false;
    name->data += part.size + 1;
    name->size -= part.size + 1;
    return true;
}

/* The descriptor of what is called `name` within: a message, or an enum. A message may lie in messages, whose names come
 * before; each step eats a part of the name, so there are not more of them than it has. */
static td_status find_within(td_wire w, level l, td_string name, bool is_enum, td_wire *out, bool *found)
{
    bool goes_on = true;

    while (goes_on) {
        goes_on = false;
        for (td_wire_field f; !goes_on && td_wire_next(&w, &f);) {
            const bool is_message = td_wire_is(&f, l.message, TD_WIRE_BYTES);
            td_string own, rest = name;

            if (!is_message && !td_wire_is(&f, l.enumeration, TD_WIRE_BYTES)) continue;
            TD_TRY(text_of(td_wire_inside(&f), MESSAGE_NAME, &own));
            if (!own.size || !eat(&rest, own)) continue;
            if (rest.size == 0 && is_message != is_enum) {
                *out = td_wire_inside(&f);
                *found = true;
                return NULL;
            }
            if (!is_message || rest.size == 0) continue;
            w = td_wire_inside(&f);
            l = in_message;
            name = rest;
            goes_on = true;
        }
        if (w.bad) return damaged();
    }
    return NULL;
}

/* packs: are lists packed unless they say otherwise? */
static td_status find(td_string set, td_string name, bool is_enum, td_wire *out, bool *packs, bool *found)
{
    td_wire w = td_wire_of(set.data, set.size);

    *found = false;
    for (td_wire_field f; !*found && td_wire_next(&w, &f);) {
        td_string package, syntax, rest = name;

        if (!td_wire_is(&f, SET_FILE, TD_WIRE_BYTES)) continue;
        TD_TRY(text_of(td_wire_inside(&f), FILE_SYNTAX, &syntax));
        *packs = td_string_is(syntax, "proto3") || td_string_is(syntax, "editions");
        TD_TRY(text_of(td_wire_inside(&f), FILE_PACKAGE, &package));
        if (package.size && (!eat(&rest, package) || rest.size == 0)) continue;
        TD_TRY(find_within(td_wire_inside(&f), in_file, rest, is_enum, out, found));
    }
    return w.bad ? damaged() : NULL;
}

static td_status read_options(td_wire w, bool *is_packed)
{
    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, OPTIONS_PACKED, TD_WIRE_VARINT)) *is_packed = f.value != 0;
    return w.bad ? damaged() : NULL;
}

static td_status read_field(td_wire w, bool packs, td_proto_field *out)
{
    uint64_t type = 0, number = 0;

    *out = (td_proto_field){ .is_packed = packs };
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, FIELD_OPTIONS, TD_WIRE_BYTES))
            TD_TRY(read_options(td_wire_inside(&f), &out->is_packed));
        if (td_wire_is(&f, FIELD_NUMBER, TD_WIRE_VARINT)) number = f.value;
        if (td_wire_is(&f, FIELD_LABEL, TD_WIRE_VARINT)) out->is_repeated = f.value == LABEL_REPEATED;
        if (td_wire_is(&f, FIELD_TYPE, TD_WIRE_VARINT)) type = f.value;
        if (td_wire_is(&f, FIELD_TYPE_NAME, TD_WIRE_BYTES)) out->type_name = td_wire_text(&f);
        if (td_wire_is(&f, FIELD_DEFAULT, TD_WIRE_BYTES)) {
            out->fallback = td_wire_text(&f);
            out->has_fallback = true;
        }
    }
    if (w.bad || type < 1 || type >= TD_PROTO_TYPES || number < 1 || number >> 29) return damaged();
    out->is_packed = out->is_packed && out->is_repeated && type != TD_PROTO_STRING &&
                     type != TD_PROTO_BYTES && type != TD_PROTO_MESSAGE && type != TD_PROTO_GROUP;
    out->type = (td_proto_type)type;
    out->number = (uint32_t)number;
    return NULL;
}

static bool same(td_string a, td_string b)
{
    return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

td_status td_descriptor_field(td_string set, td_string message, td_string name, td_proto_field *out)
{
    bool found, packs = false;
    td_wire w = { 0 };

    TD_TRY(find(set, message, false, &w, &packs, &found));
    if (!found)
        return TD_ERR(INVALID_ARGUMENT, "No descriptor found for message type %.*s", (int)message.size,
                      message.data);
    for (td_wire_field f; td_wire_next(&w, &f);) {
        td_string own = { 0 };

        if (!td_wire_is(&f, MESSAGE_FIELD, TD_WIRE_BYTES)) continue;
        TD_TRY(text_of(td_wire_inside(&f), FIELD_NAME, &own));
        if (same(own, name)) return read_field(td_wire_inside(&f), packs, out);
    }
    if (w.bad) return damaged();
    return TD_ERR(INVALID_ARGUMENT, "Unknown field: %.*s in message type %.*s", (int)name.size, name.data,
                  (int)message.size, message.data);
}

td_status td_descriptor_enum(td_string set, td_string name, const td_string *value, int32_t *out, bool *found)
{
    td_wire w = { 0 };
    bool packs;

    TD_TRY(find(set, name, true, &w, &packs, found));
    if (!*found) return NULL;
    *found = false;
    for (td_wire_field f, v; td_wire_next(&w, &f);) {
        uint64_t number = 0;
        td_string own = { 0 };

        if (!td_wire_is(&f, ENUM_VALUE, TD_WIRE_BYTES)) continue;
        td_wire in = td_wire_inside(&f);
        while (td_wire_next(&in, &v)) {
            if (td_wire_is(&v, VALUE_NAME, TD_WIRE_BYTES)) own = td_wire_text(&v);
            if (td_wire_is(&v, VALUE_NUMBER, TD_WIRE_VARINT)) number = v.value;
        }
        if (in.bad) return damaged();
        if (value && !same(own, *value)) continue;
        *out = (int32_t)(uint32_t)number;
        *found = true;
        return NULL;
    }
    return w.bad ? damaged() : NULL;
}
