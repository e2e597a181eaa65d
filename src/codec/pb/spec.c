/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c -- ModelSpec { name = 1, version = 2 { value = 1 }, signature_name = 3, version_label = 4 }. */
#include "codec/pb/spec.h"

#include <string.h>

#include "base/macros.h"

enum { NAME = 1, VERSION = 2, SIGNATURE = 3, LABEL = 4, VALUE = 1 };

/* google.protobuf.Int64Value */
static bool read_version(const td_wire_field *f, int64_t *version)
{
    td_wire w = td_wire_inside(f);
    td_wire_field v;

    while (td_wire_next(&w, &v))
        if (td_wire_is(&v, VALUE, TD_WIRE_VARINT)) *version = (int64_t)v.value;
    return !w.bad;
}

td_status td_grpc_spec_read(const td_wire_field *f, td_grpc_spec *out)
{
    td_wire w = td_wire_inside(f);
    td_wire_field v;

    out->is_given = true;
    while (td_wire_next(&w, &v)) {
        if (v.type != TD_WIRE_BYTES) continue;
        if (v.number == NAME) {
            out->model.name = td_wire_text(&v);
        } else if (v.number == SIGNATURE) {
            out->signature = td_wire_text(&v);
        } else if (v.number == LABEL) { /* version and label are one oneof: the last one counts */
            out->model.label = td_wire_text(&v);
            out->model.has_version = false;
        } else if (v.number == VERSION) {
            if (!out->model.has_version) out->model.version = 0;
            if (!read_version(&v, &out->model.version)) return TD_ERR(INVALID_ARGUMENT, "Damaged ModelSpec");
            out->model.has_version = true;
            out->model.label = (td_string){ 0 };
        }
    }
    return w.bad ? TD_ERR(INVALID_ARGUMENT, "Damaged ModelSpec") : NULL;
}

td_status td_grpc_spec_check(const td_grpc_spec *spec)
{
    if (!spec->is_given) return TD_ERR(INVALID_ARGUMENT, "Missing ModelSpec");
    if (spec->model.name.size == 0) return TD_ERR(INVALID_ARGUMENT, "ModelSpec has no name specified.");
    return NULL;
}

static bool are_equal(td_string a, td_string b)
{
    return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

td_status td_grpc_spec_join(const td_grpc_spec *spec, td_model_spec *address)
{
    const td_model_spec *const m = &spec->model;

    if (m->name.size && !are_equal(m->name, address->name))
        return TD_ERR(INVALID_ARGUMENT, "The body's model_spec names the model %.*s, the URL %.*s",
                      (int)TD_MIN(m->name.size, (size_t)1024), m->name.data,
                      (int)TD_MIN(address->name.size, (size_t)1024), address->name.data);
    if (!m->has_version && !m->label.size) return NULL;
    if (!address->has_version && !address->label.size) {
        address->has_version = m->has_version;
        address->version = m->version;
        address->label = m->label;
        return NULL;
    }
    const bool is_same = m->has_version ? address->has_version && m->version == address->version
                                        : are_equal(m->label, address->label);

    return is_same ? NULL
                   : TD_ERR(INVALID_ARGUMENT, "The body's model_spec names another version than the URL");
}

static size_t value_size(int64_t version)
{
    return version ? td_wire_number_size(VALUE, (uint64_t)version) : 0; /* proto3 leaves zeros out */
}

static size_t text_size(uint32_t number, td_string text)
{
    return text.size ? td_wire_bytes_size(number, text.size) : 0;
}

static uint8_t *put_text(uint8_t *p, uint32_t number, td_string text)
{
    return text.size ? td_wire_put_bytes(p, number, text.data, text.size) : p;
}

static size_t inner_size(const td_grpc_spec *s)
{
    const td_model_spec *const m = &s->model;

    return text_size(NAME, m->name) +
           (m->has_version ? td_wire_bytes_size(VERSION, value_size(m->version))
                           : text_size(LABEL, m->label)) +
           text_size(SIGNATURE, s->signature);
}

size_t td_grpc_spec_size(uint32_t number, const td_grpc_spec *s)
{
    return td_wire_bytes_size(number, inner_size(s));
}

uint8_t *td_grpc_spec_put(uint8_t *p, uint32_t number, const td_grpc_spec *s)
{
    const td_model_spec *const m = &s->model;

    p = td_wire_put_head(p, number, inner_size(s));
    p = put_text(p, NAME, m->name);
    if (m->has_version) {
        p = td_wire_put_head(p, VERSION, value_size(m->version));
        if (m->version) p = td_wire_put_number(p, VALUE, (uint64_t)m->version);
    } else {
        p = put_text(p, LABEL, m->label);
    }
    return put_text(p, SIGNATURE, s->signature);
}

static td_string text_of(const char *s)
{
    return (td_string){ s, s ? strlen(s) : 0 };
}

td_grpc_spec td_grpc_spec_of(const td_servable *s, const char *signature)
{
    return (td_grpc_spec){ .is_given = true,
                           .model = { .name = text_of(td_servable_name(s)),
                                      .has_version = true,
                                      .version = td_servable_version(s) },
                           .signature = text_of(signature) };
}
