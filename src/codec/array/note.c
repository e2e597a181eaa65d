/* SPDX-License-Identifier: Apache-2.0 */
/* note.c -- see note.h. */
#include "codec/array/note.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "base/strbuf.h"

static const char field[] = "X-Tensord-Tensor";

static td_status malformed(const char *text)
{
    return TD_ERR(INVALID_ARGUMENT,
                  "%s is \"%.256s\"; it is like: float32 [8,224,224,3]; name=x; output=y; "
                  "signature=serving_default",
                  field, text);
}

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* A word that ends before what has a meaning, and the blanks behind it. */
static td_string take_word(const char **p)
{
    const td_string word = { *p, strcspn(*p, " \t[];=\",") };

    *p = skip_blanks(*p + word.size);
    return word;
}

static bool is(td_string word, const char *name)
{
    return word.size == strlen(name) && !memcmp(word.data, name, word.size);
}

/* ---- types ---- */

/* numpy's words where they are not TensorFlow's. */
static const char *numpy_name(td_dtype dtype)
{
    switch (dtype) {
    case TD_F16:
        return "float16";
    case TD_F32:
        return "float32";
    case TD_F64:
        return "float64";
    default:
        return td_dtype_name(dtype);
    }
}

static bool has_bytes(td_dtype dtype)
{
    return td_dtype_size(dtype) && dtype != TD_STRING && dtype != TD_RESOURCE && dtype != TD_VARIANT;
}

static td_status find_dtype(td_string word, td_dtype *out)
{
    for (int i = 1; i < TD_DTYPE_COUNT; i++) {
        const td_dtype d = (td_dtype)i;

        if (!has_bytes(d)) continue;
        if (!is(word, numpy_name(d)) && !is(word, td_dtype_name(d)) && !is(word, td_dtype_pb_name(d)))
            continue;
        *out = d;
        return NULL;
    }
    return TD_ERR(INVALID_ARGUMENT,
                  "%s: \"%.*s\" is no type whose elements are bytes of a fixed size. There are float16, "
                  "float32, float64, bfloat16, int8 to int64, uint8 to uint64, bool, complex64, complex128",
                  field, (int)TD_MIN(word.size, (size_t)64), word.data);
}

/* ---- shapes ---- */

static bool take_dim(const char **p, int64_t *out)
{
    const size_t n = strspn(*p, "0123456789");
    int64_t v = 0;

    for (size_t i = 0; i < n; i++)
        if (!td_mul_i64(v, 10, &v) || !td_add_i64(v, (*p)[i] - '0', &v)) return false;
    *p = skip_blanks(*p + n);
    *out = v;
    return n > 0;
}

/* *p is behind the bracket. */
static td_status take_shape(const char **p, const char *text, td_shape *out)
{
    int64_t dims[TD_MAX_RANK], rank = 0;

    *p = skip_blanks(*p);
    while (**p != ']') {
        if (rank == TD_MAX_RANK)
            return TD_ERR(INVALID_ARGUMENT, "%s has more than %d dimensions", field, (int)TD_MAX_RANK);
        if (!take_dim(p, &dims[rank++])) return malformed(text);
        if (**p == ']') break;
        if (**p != ',') return malformed(text);
        *p = skip_blanks(*p + 1);
        if (**p == ']') return malformed(text);
    }
    *p = skip_blanks(*p + 1);
    return td_shape_make(rank, dims, out);
}

/* ---- parameters ---- */

/* As long as a header at most: no memory is asked for that may not be there. */
static bool take_quoted(const char **p, td_arena *arena, td_string *out)
{
    char *const text = td_arena_alloc(arena, strlen(*p));
    const char *at = *p + 1;
    size_t size = 0;

    for (; *at && *at != '"'; at++) {
        if (*at == '\\' && !*++at) return false;
        text[size++] = *at;
    }
    if (!*at) return false;
    *p = skip_blanks(at + 1);
    *out = (td_string){ text, size };
    return true;
}

static bool take_value(const char **p, td_arena *arena, td_string *out)
{
    if (**p == '"') return take_quoted(p, arena, out);
    *out = (td_string){ *p, strcspn(*p, " \t;\"") };
    *p = skip_blanks(*p + out->size);
    return true;
}

static bool take_param(const char **p, td_arena *arena, td_array_note *note)
{
    const td_string key = take_word(p);
    td_string *const to = is(key, "name")        ? &note->input
                          : is(key, "output")    ? &note->output
                          : is(key, "signature") ? &note->signature
                                                 : NULL;

    if (!to || to->size || **p != '=') return false;
    *p = skip_blanks(*p + 1);
    return take_value(p, arena, to) && to->size;
}

td_status td_array_note_parse(const char *text, td_arena *arena, td_array_note *out)
{
    const char *const start = skip_blanks(text), *p = start;
    td_array_note note = { 0 };
    const td_string word = take_word(&p);

    if (*p == '[') {
        p++;
        TD_TRY(find_dtype(word, &note.dtype));
        TD_TRY(take_shape(&p, text, &note.shape));
    } else {
        p = start;
        if (!take_param(&p, arena, &note)) return malformed(text);
    }
    while (*p == ';') {
        p = skip_blanks(p + 1);
        if (!take_param(&p, arena, &note)) return malformed(text);
    }
    if (*p) return malformed(text);
    *out = note;
    return NULL;
}

/* ---- of answers ---- */

static void put_name(const char *name, td_strbuf *out)
{
    const bool is_token = *name && !name[strcspn(name, " \t;\"\\")];

    if (is_token) {
        td_strbuf_puts(out, name);
        return;
    }
    td_strbuf_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\') td_strbuf_putc(out, '\\');
        td_strbuf_putc(out, *name);
    }
    td_strbuf_putc(out, '"');
}

const char *td_array_note_text(const td_tensor *t, const char *alias, td_arena *arena)
{
    td_strbuf text = { 0 };

    td_strbuf_printf(&text, "%s [", numpy_name(t->dtype));
    for (int32_t i = 0; i < t->shape.rank; i++)
        td_strbuf_printf(&text, "%s%" PRId64, i ? "," : "", t->shape.dims[i]);
    td_strbuf_puts(&text, "]; name=");
    put_name(alias, &text);
    const char *const kept = td_arena_strdup(arena, text.data);
    td_strbuf_fini(&text);
    return kept;
}
