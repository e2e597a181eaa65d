/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c -- SignatureDef { inputs = 1; outputs = 2 (maps of TensorInfo);
 * method_name = 3; defaults = 4 }. */
#include <stdlib.h>
#include <string.h>

#include "formats/savedmodel/source.h"
#include "formats/shape_proto.h"

enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { SIG_INPUTS = 1, SIG_OUTPUTS = 2, SIG_METHOD = 3, SIG_DEFAULTS = 4 };
enum { INFO_NAME = 1, INFO_DTYPE = 2, INFO_SHAPE = 3 };

/* An entry of a map of messages, split. */
static td_status split_entry(const td_source *s, const td_wire_field *entry, td_arena *arena,
                             const char **key, td_wire_field *value)
{
    td_wire w = td_wire_inside(entry);

    *key = "";
    *value = (td_wire_field){ .type = TD_WIRE_BYTES, .data = entry->data };
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ENTRY_KEY, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, arena, key));
        if (td_wire_is(&f, ENTRY_VALUE, TD_WIRE_BYTES)) *value = f;
    }
    return w.bad ? td_source_damage(s, entry->data, "SignatureDef") : NULL;
}

static void set_dtype(uint64_t number, td_tensor_info *out)
{
    out->is_ref = number > TD_DTYPE_REF;
    if (out->is_ref) number -= TD_DTYPE_REF;
    out->dtype = TD_DTYPE_NONE;
    if (number < TD_DTYPE_COUNT && td_dtype_is_valid((int64_t)number)) out->dtype = (td_dtype)number;
}

static td_status read_info(const td_source *s, const td_wire_field *message, td_arena *arena,
                           td_tensor_info *info)
{
    td_wire w = td_wire_inside(message);

    info->tensor = "";
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, INFO_NAME, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, arena, &info->tensor));
        if (td_wire_is(&f, INFO_DTYPE, TD_WIRE_VARINT)) set_dtype(f.value, info);
        if (td_wire_is(&f, INFO_SHAPE, TD_WIRE_BYTES)) {
            TD_TRY(td_shape_proto_read(f.data, f.size, &info->shape));
            info->dim_names = td_shape_proto_names(f.data, f.size, arena);
        }
    }
    return w.bad ? td_source_damage(s, message->data, "TensorInfo") : NULL;
}

static int compare_infos(const void *a, const void *b)
{
    const td_tensor_info *const x = a, *const y = b;

    return strcmp(x->alias, y->alias);
}

/* One of the two maps of TensorInfo. */
static td_status read_infos(const td_source *s, const td_wire_field *sig, uint32_t number, td_arena *arena,
                            const td_tensor_info **out, size_t *n_out)
{
    td_wire w = td_wire_inside(sig);
    size_t room = 0, n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        room += td_wire_is(&f, number, TD_WIRE_BYTES);
    if (w.bad) return td_source_damage(s, sig->data, "SignatureDef");
    td_tensor_info *const infos = TD_ARENA_NEW_N(arena, td_tensor_info, room);
    w = td_wire_inside(sig);
    for (td_wire_field f; td_wire_next(&w, &f);) {
        td_wire_field value;
        if (!td_wire_is(&f, number, TD_WIRE_BYTES)) continue;
        TD_TRY(split_entry(s, &f, arena, &infos[n].alias, &value));
        TD_TRY(read_info(s, &value, arena, &infos[n]));
        n++;
    }
    qsort(infos, n, sizeof *infos, compare_infos);
    for (size_t i = 1; i < n; i++)
        if (strcmp(infos[i - 1].alias, infos[i].alias) == 0)
            return TD_ERR(INVALID_ARGUMENT, "alias '%s' is there twice", infos[i].alias);
    *out = infos;
    *n_out = n;
    return NULL;
}

static td_status read_default(td_source *s, const td_wire_field *entry, td_arena *arena, td_signature *sig)
{
    td_tensor_info key = { .alias = "" };
    td_wire_field value;

    TD_TRY(split_entry(s, entry, arena, &key.alias, &value));
    /* ours: made by read_infos() */
    td_tensor_info *const info = bsearch(&key, sig->inputs, sig->n_inputs, sizeof key, compare_infos);
    if (!info) return NULL;
    td_tensor *const tensor = TD_ARENA_NEW(arena, td_tensor);
    TD_TRY(td_status_prefix(td_source_tensor(s, value.data, value.size, arena, tensor),
                            "default value of '%s': ", key.alias));
    info->default_value = tensor;
    return NULL;
}

static td_status read_rest(td_source *s, const td_wire_field *message, td_arena *arena, td_signature *sig)
{
    td_wire w = td_wire_inside(message);

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, SIG_METHOD, TD_WIRE_BYTES)) TD_TRY(td_source_name(s, &f, arena, &sig->method));
        if (td_wire_is(&f, SIG_DEFAULTS, TD_WIRE_BYTES)) TD_TRY(read_default(s, &f, arena, sig));
    }
    return NULL;
}

static td_status read_signature(td_source *s, const td_wire_field *message, td_arena *arena,
                                td_signature *sig)
{
    TD_TRY(read_infos(s, message, SIG_INPUTS, arena, &sig->inputs, &sig->n_inputs));
    TD_TRY(read_infos(s, message, SIG_OUTPUTS, arena, &sig->outputs, &sig->n_outputs));
    return read_rest(s, message, arena, sig);
}

td_status td_signature_read(td_source *s, const td_wire_field *entry, td_arena *arena, td_signature *out)
{
    td_signature sig = { .method = "" };
    td_wire_field message;

    TD_TRY(split_entry(s, entry, arena, &sig.name, &message));
    TD_TRY(td_signature_of_message(s, &message, arena, &sig));
    *out = sig;
    return NULL;
}

td_status td_signature_of_message(td_source *s, const td_wire_field *message, td_arena *arena,
                                  td_signature *out)
{
    td_signature sig = { .name = out->name, .method = "" };

    TD_TRY(
        td_status_prefix(read_signature(s, message, arena, &sig), "%s: signature '%s': ", s->file, sig.name));
    *out = sig;
    return NULL;
}

static int compare_signatures(const void *a, const void *b)
{
    const td_signature *const x = a, *const y = b;

    return strcmp(x->name, y->name);
}

void td_signatures_sort(td_signature *signatures, size_t count)
{
    qsort(signatures, count, sizeof *signatures, compare_signatures);
}
