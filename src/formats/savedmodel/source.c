/* source.c -- what the readers of saved_model.pb's parts share. */
#include "formats/savedmodel/source.h"

#include <string.h>

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

td_status td_source_tensor(td_source *s, const uint8_t *bytes, size_t size, td_arena *arena, td_tensor *out)
{
    td_tensor_proto p;

    TD_TRY(td_tensor_proto_parse(bytes, size, &p));
    const td_tensor t = { .dtype = p.dtype, .shape = p.shape };
    const size_t full = td_tensor_bytes(&t);
    if (full > size) {
        if (full - size > s->expand_left)
            return TD_ERR(
                RESOURCE_EXHAUSTED,
                "a constant of %zu bytes is written in %zu, and constants like it take too much memory", full,
                size);
        s->expand_left -= full - size;
    }
    return td_tensor_proto_read(bytes, size, arena, out);
}
