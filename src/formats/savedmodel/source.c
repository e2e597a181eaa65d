/* SPDX-License-Identifier: Apache-2.0 */
/* source.c -- what the readers of saved_model.pb's parts share. */
#include "formats/savedmodel/source.h"

#include <string.h>

#include "base/size.h"
#include "formats/tensor_proto.h"

td_status td_source_damage(const td_source *s, const void *at, const char *what)
{
    const uint8_t *const p = at;
    const bool is_inside = p >= s->bytes && p <= s->bytes + s->size;

    return TD_ERR(DATA_LOSS, "%s: damaged %s at byte %zu", s->file, what,
                  is_inside ? (size_t)(p - s->bytes) : 0);
}

td_status td_source_name(const td_source *s, const td_wire_field *f, td_arena *arena, const char **out)
{
    if (f->size && memchr(f->data, 0, f->size)) return td_source_damage(s, f->data, "name (it holds a NUL)");
    *out = td_arena_strndup(arena, (const char *)f->data, f->size);
    return NULL;
}

/* What is written out beyond what the file gives in full. */
static td_status take_bytes(td_source *s, size_t full, size_t given)
{
    return full > given ? td_budget_take(s->budget, TD_BUDGET_BYTES, full - given, "constants of the file")
                        : NULL;
}

/* With the bytes of all its strings: whoever copies it copies them. */
static size_t string_bytes(const td_tensor *t)
{
    const td_string *const strings = t->data;
    size_t bytes = 0;

    for (int64_t i = 0; i < td_shape_count(&t->shape); i++)
        if (!td_add_size(bytes, strings[i].size, &bytes)) return SIZE_MAX;
    return bytes;
}

td_status td_source_tensor(td_source *s, const uint8_t *bytes, size_t size, td_arena *arena, td_tensor *out)
{
    td_tensor_proto p;

    TD_TRY(td_tensor_proto_parse(bytes, size, &p));
    TD_TRY(take_bytes(s, td_tensor_bytes(&(td_tensor){ .dtype = p.dtype, .shape = p.shape }), size));
    TD_TRY(td_tensor_proto_read(bytes, size, arena, out));
    return out->dtype == TD_STRING ? take_bytes(s, string_bytes(out), size) : NULL;
}
