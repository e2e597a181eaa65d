/* SPDX-License-Identifier: Apache-2.0 */
/* npy_write.c -- a tensor as numpy would save it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "formats/npy.h"

enum { NPY_ALIGN = 64, NPY_PREFIX = 10 };

static const char *type_code(td_dtype dtype)
{
    switch (dtype) {
    case TD_F16:
        return "<f2";
    case TD_F32:
        return "<f4";
    case TD_F64:
        return "<f8";
    case TD_I8:
    case TD_QI8:
        return "|i1";
    case TD_I16:
    case TD_QI16:
        return "<i2";
    case TD_I32:
    case TD_QI32:
        return "<i4";
    case TD_I64:
        return "<i8";
    case TD_U8:
    case TD_QU8:
        return "|u1";
    case TD_U16:
    case TD_QU16:
        return "<u2";
    case TD_U32:
        return "<u4";
    case TD_U64:
        return "<u8";
    case TD_BOOL:
        return "|b1";
    case TD_C64:
        return "<c8";
    case TD_C128:
        return "<c16";
    case TD_BF16:
        return "|V2";
    default:
        return NULL;
    }
}

static size_t longest_string(const td_tensor *t)
{
    const td_string *const s = t->data;
    const size_t count = (size_t)td_shape_count(&t->shape);
    size_t longest = 1; /* numpy has no width 0 */

    for (size_t i = 0; i < count; i++)
        longest = TD_MAX(longest, s[i].size);
    return longest;
}

static void put_header(td_strbuf *out, const char *code, const td_shape *shape)
{
    td_strbuf text = { 0 };

    td_strbuf_printf(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", code);
    for (int32_t i = 0; i < shape->rank; i++)
        td_strbuf_printf(&text, "%s%" PRId64 "%s", i ? ", " : "", shape->dims[i],
                         shape->rank == 1 ? "," : "");
    td_strbuf_puts(&text, "), }");
    while ((NPY_PREFIX + text.size + 1) % NPY_ALIGN)
        td_strbuf_putc(&text, ' ');
    td_strbuf_putc(&text, '\n');

    const char length[] = { (char)(text.size & 0xff), (char)(text.size >> 8) };

    td_strbuf_add(out, "\x93NUMPY\x01\x00", 8);
    td_strbuf_add(out, length, sizeof length);
    td_strbuf_add(out, text.data, text.size);
    td_strbuf_fini(&text);
}

static td_status no_room(size_t size)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a .npy of %zu bytes", size);
}

static td_status put_strings(const td_tensor *t, td_strbuf *out)
{
    const td_string *const s = t->data;
    const size_t count = (size_t)td_shape_count(&t->shape), width = longest_string(t);
    size_t size;
    char code[32];

    snprintf(code, sizeof code, "|S%zu", width);
    put_header(out, code, &t->shape);
    if (!td_mul_size(count, width, &size) || !td_strbuf_try_reserve(out, size)) return no_room(size);
    for (size_t i = 0; i < count; i++) {
        td_strbuf_add(out, s[i].data, s[i].size);
        for (size_t k = s[i].size; k < width; k++)
            td_strbuf_putc(out, '\0');
    }
    return NULL;
}

td_status td_npy_format_head(const td_tensor *t, td_strbuf *out)
{
    const char *const code = type_code(t->dtype);

    if (!code) return TD_ERR(UNIMPLEMENTED, ".npy has no type for %s", td_dtype_name(t->dtype));
    put_header(out, code, &t->shape);
    return NULL;
}

td_status td_npy_format(const td_tensor *t, td_strbuf *out)
{
    const size_t size = td_tensor_bytes(t);

    if (t->dtype == TD_STRING) return put_strings(t, out);
    TD_TRY(td_npy_format_head(t, out));
    if (!td_strbuf_try_reserve(out, size)) return no_room(size);
    td_strbuf_add(out, t->data, size);
    return NULL;
}

td_status td_npy_write(const char *path, const td_tensor *t)
{
    td_strbuf bytes = { 0 };
    td_status error = td_npy_format(t, &bytes);
    FILE *const f = error ? NULL : fopen(path, "wb");

    if (f) {
        const bool is_written = fwrite(bytes.data, 1, bytes.size, f) == bytes.size;

        if ((fclose(f) != 0) | !is_written) error = TD_ERR(INTERNAL, "%s; cannot write", path);
    } else if (!error) {
        error = TD_ERR(INTERNAL, "%s; cannot write (errno %d)", path, errno);
    }
    td_strbuf_fini(&bytes);
    return error;
}
