/* SPDX-License-Identifier: Apache-2.0 */
/* element.c -- see element.h. */
#include "element.h"

#include <string.h>

#include "number.h"

bool fz_is_handle(td_dtype t)
{
    return t == TD_VARIANT || t == TD_RESOURCE;
}

bool fz_same_element(const td_tensor *a, const td_tensor *b, size_t i)
{
    const size_t size = td_dtype_size(a->dtype);

    if (fz_is_handle(a->dtype)) return true;
    if (a->dtype != TD_STRING)
        return !memcmp((const char *)a->data + i * size, (const char *)b->data + i * size, size);
    const td_string x = ((const td_string *)a->data)[i], y = ((const td_string *)b->data)[i];
    return x.size == y.size && (x.size == 0 || !memcmp(x.data, y.data, x.size));
}

bool fz_same_elements(const td_tensor *a, const td_tensor *b)
{
    const size_t n = (size_t)td_shape_count(&a->shape);

    if (fz_is_handle(a->dtype) || n == 0) return true;
    if (a->dtype != TD_STRING) return !memcmp(a->data, b->data, td_tensor_bytes(a));
    for (size_t i = 0; i < n; i++)
        if (!fz_same_element(a, b, i)) return false;
    return true;
}

td_tensor fz_copy_tensor(td_arena *arena, const td_tensor *t)
{
    const size_t bytes = td_tensor_bytes(t), n = (size_t)td_shape_count(&t->shape);
    td_tensor out = { .dtype = t->dtype, .shape = t->shape };

    out.data = td_arena_alloc(arena, bytes + 16);
    if (bytes) memcpy(out.data, t->data, bytes);
    for (size_t i = 0; t->dtype == TD_STRING && i < n; i++) {
        td_string *const s = (td_string *)out.data + i;
        s->data = s->size ? td_arena_strndup(arena, s->data, s->size) : NULL;
    }
    return out;
}

/* ---------------------------------------------------------------- text */

enum { SHOWN = 40 };

static void put_string(td_string s, td_strbuf *out)
{
    td_strbuf_puts(out, "\"");
    for (size_t i = 0; i < s.size && i < SHOWN; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        td_strbuf_printf(out, c < ' ' || c > '~' || c == '"' || c == '\\' ? "\\x%02x" : "%c", c);
    }
    td_strbuf_puts(out, "\"");
    if (s.size > SHOWN) td_strbuf_printf(out, "..%zu", s.size);
}

void fz_element_text(const td_tensor *t, size_t i, td_strbuf *out)
{
    if (t->dtype == TD_STRING)
        put_string(((const td_string *)t->data)[i], out);
    else
        fz_number_text(t, i, out);
}
