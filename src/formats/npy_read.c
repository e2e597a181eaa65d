/* SPDX-License-Identifier: Apache-2.0 */
/* npy_read.c -- "\x93NUMPY", version, length of a header that is a Python dict literal, elements.
 *
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 *
 * The literal is read as numpy writes it: three known keys in any order, no nesting beyond the tuple.
 */
#include "formats/npy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/size.h"
#include "base/utf8.h"

enum { NPY_MAGIC = 6, NPY_HEAD = 10, NPY_HEADER_MAX = 1 << 20, UTF32 = 4 };

typedef struct npy_header {
    char kind;    /* 'f', 'i', 'u', 'b', 'c', 'S', 'U', 'V' */
    size_t width; /* bytes an element; characters for 'U' */
    bool is_fortran;
    td_shape shape;
    bool has_descr, has_shape;
} npy_header;

typedef struct cursor {
    const char *p, *end;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->p < c->end && isspace((unsigned char)*c->p))
        c->p++;
}

/* Takes the text if it is next. */
static bool take(cursor *c, const char *text)
{
    const size_t size = strlen(text);

    skip_blanks(c);
    if ((size_t)(c->end - c->p) < size || memcmp(c->p, text, size) != 0) return false;
    c->p += size;
    return true;
}

static bool take_number(cursor *c, int64_t *out)
{
    int64_t value = 0;

    skip_blanks(c);
    if (c->p == c->end || !isdigit((unsigned char)*c->p)) return false;
    for (; c->p < c->end && isdigit((unsigned char)*c->p); c->p++)
        if (!td_mul_i64(value, 10, &value) || !td_add_i64(value, *c->p - '0', &value)) return false;
    *out = value;
    return true;
}

static td_status bad_header(void)
{
    return TD_ERR(INVALID_ARGUMENT, "damaged .npy header");
}

/* '<f4' */
static td_status read_descr(cursor *c, npy_header *h)
{
    int64_t width;

    if (!take(c, "'")) return TD_ERR(INVALID_ARGUMENT, ".npy files of structured arrays cannot be read");
    if (take(c, ">")) return TD_ERR(INVALID_ARGUMENT, ".npy files in big-endian order cannot be read");
    if (!take(c, "<") && !take(c, "|") && !take(c, "=")) return bad_header();
    if (c->p == c->end) return bad_header();
    h->kind = *c->p++;
    if (!take_number(c, &width) || !take(c, "'")) return bad_header();
    h->width = (size_t)width;
    h->has_descr = true;
    return NULL;
}

static td_status read_shape(cursor *c, npy_header *h)
{
    int64_t dims[TD_MAX_RANK], rank = 0;

    if (!take(c, "(")) return bad_header();
    while (!take(c, ")")) {
        if (rank == TD_MAX_RANK)
            return TD_ERR(INVALID_ARGUMENT, ".npy array of more than %d dims", TD_MAX_RANK);
        if (!take_number(c, &dims[rank++])) return bad_header();
        take(c, ",");
    }
    h->has_shape = true;
    return td_shape_make(rank, dims, &h->shape);
}

static td_status read_header(const char *text, size_t size, npy_header *h)
{
    cursor c = { text, text + size };

    *h = (npy_header){ 0 };
    if (!take(&c, "{")) return bad_header();
    while (!take(&c, "}")) {
        if (take(&c, "'descr':")) {
            TD_TRY(read_descr(&c, h));
        } else if (take(&c, "'fortran_order':")) {
            h->is_fortran = take(&c, "True");
            if (!h->is_fortran && !take(&c, "False")) return bad_header();
        } else if (take(&c, "'shape':")) {
            TD_TRY(read_shape(&c, h));
        } else {
            return bad_header();
        }
        take(&c, ",");
    }
    return h->has_descr && h->has_shape ? NULL : bad_header();
}

/* ---------------------------------------------------------------- elements */

static td_dtype dtype_of(const npy_header *h)
{
    static const struct {
        char kind;
        size_t width;
        td_dtype dtype;
    } types[] = {
        { 'f', 2, TD_F16 }, { 'f', 4, TD_F32 },   { 'f', 8, TD_F64 },  { 'i', 1, TD_I8 },
        { 'i', 2, TD_I16 }, { 'i', 4, TD_I32 },   { 'i', 8, TD_I64 },  { 'u', 1, TD_U8 },
        { 'u', 2, TD_U16 }, { 'u', 4, TD_U32 },   { 'u', 8, TD_U64 },  { 'b', 1, TD_BOOL },
        { 'c', 8, TD_C64 }, { 'c', 16, TD_C128 }, { 'V', 2, TD_BF16 },
    };

    for (size_t i = 0; i < TD_COUNT(types); i++)
        if (types[i].kind == h->kind && types[i].width == h->width) return types[i].dtype;
    return TD_DTYPE_NONE;
}

static td_status view_numbers(const npy_header *h, const unsigned char *data, size_t size, td_tensor *out)
{
    const td_tensor view = { .dtype = dtype_of(h), .shape = h->shape, .data = (void *)(uintptr_t)data };

    if (view.dtype == TD_DTYPE_NONE)
        return TD_ERR(INVALID_ARGUMENT, ".npy type %c%zu has no TensorFlow type", h->kind, h->width);
    if (td_tensor_bytes(&view) > size)
        return TD_ERR(INVALID_ARGUMENT, ".npy file is cut short: %zu bytes of %zu", size,
                      td_tensor_bytes(&view));
    *out = view;
    return NULL;
}

static td_status copy_numbers(const td_tensor *view, td_tensor *out)
{
    TD_TRY(td_tensor_make(view->dtype, &view->shape, out));
    if (td_tensor_bytes(view)) memcpy(out->data, view->data, td_tensor_bytes(view));
    return NULL;
}

/* Characters of UTF-32 up to the padding. False without memory. */
static bool take_text(td_arena *arena, const unsigned char *at, size_t characters, td_string *out)
{
    char *const text = td_arena_try_alloc(arena, 4 * characters + 1, 1);
    size_t size = 0, used = 0;

    if (!text) return false;
    for (size_t i = 0; i < characters; i++)
        if (at[UTF32 * i] | at[UTF32 * i + 1] | at[UTF32 * i + 2]) used = i + 1;
    for (size_t i = 0; i < used; i++) {
        const unsigned char *const c = at + UTF32 * i;

        size +=
            td_utf8_put(text + size, (uint32_t)c[0] | (uint32_t)c[1] << 8 | (uint32_t)(c[2] & 0x1f) << 16);
    }
    *out = (td_string){ text, size };
    return true;
}

static td_string take_bytes(const unsigned char *at, size_t width)
{
    while (width && !at[width - 1])
        width--;
    return (td_string){ (const char *)at, width };
}

/* Views of the file, then a deep copy. */
static td_status read_strings(const npy_header *h, const unsigned char *data, size_t size, td_tensor *out)
{
    const size_t count = (size_t)td_shape_count(&h->shape);
    size_t width, bytes;

    if (!h->width)
        return TD_ERR(INVALID_ARGUMENT, ".npy strings of width 0"); /* nothing would bound their count */
    if (!td_mul_size(h->width, h->kind == 'U' ? UTF32 : 1, &width) || !td_mul_size(width, count, &bytes) ||
        bytes > size)
        return TD_ERR(INVALID_ARGUMENT, ".npy file is cut short");
    td_arena *const arena = td_arena_make();
    td_string *const strings = td_arena_try_alloc(arena, (count + 1) * sizeof *strings, _Alignof(td_string));
    bool is_good = strings != NULL;

    for (size_t i = 0; is_good && i < count; i++) {
        if (h->kind == 'U')
            is_good = take_text(arena, data + i * width, h->width, &strings[i]);
        else
            strings[i] = take_bytes(data + i * width, width);
    }
    td_status error = is_good ? NULL : TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu strings", count);
    const td_tensor view = { .dtype = TD_STRING, .shape = h->shape, .data = strings };

    if (!error) error = td_tensor_copy(&view, out);
    td_arena_free(arena);
    return error;
}

/* ---------------------------------------------------------------- */

static bool is_text(const npy_header *h)
{
    return h->kind == 'S' || h->kind == 'U';
}

/* *elements: where they begin. */
static td_status open_array(const unsigned char *bytes, size_t size, npy_header *h, size_t *elements)
{
    if (size < NPY_HEAD || memcmp(bytes, "\x93NUMPY", NPY_MAGIC) != 0)
        return TD_ERR(INVALID_ARGUMENT, "this is no .npy file");
    const bool is_long = bytes[NPY_MAGIC] >= 2;
    size_t at = is_long ? NPY_HEAD + 2 : NPY_HEAD, length = (size_t)bytes[8] | (size_t)bytes[9] << 8;

    if (is_long && size >= at) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (at > size || length > size - at || length > NPY_HEADER_MAX) return bad_header();
    TD_TRY(read_header((const char *)bytes + at, length, h));
    if (h->is_fortran && h->shape.rank > 1)
        return TD_ERR(INVALID_ARGUMENT,
                      ".npy arrays in Fortran order cannot be read: use np.ascontiguousarray()");
    *elements = at + length;
    return NULL;
}

td_status td_npy_view(const unsigned char *bytes, size_t size, td_tensor *out)
{
    npy_header h;
    size_t at;

    TD_TRY(open_array(bytes, size, &h, &at));
    if (!is_text(&h)) return view_numbers(&h, bytes + at, size - at, out);
    *out = (td_tensor){ .dtype = TD_STRING, .shape = h.shape };
    return NULL;
}

td_status td_npy_parse(const unsigned char *bytes, size_t size, td_tensor *out)
{
    npy_header h;
    td_tensor view;
    size_t at;

    TD_TRY(open_array(bytes, size, &h, &at));
    if (is_text(&h)) return read_strings(&h, bytes + at, size - at, out);
    TD_TRY(view_numbers(&h, bytes + at, size - at, &view));
    return copy_numbers(&view, out);
}
