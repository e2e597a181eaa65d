/* SPDX-License-Identifier: Apache-2.0 */
/* op_decompress.c -- DecodeCompressed: zlib or gzip.
 *
 * What is cut short gives what there is, and a zlib stream may have anything behind it; gzip members may follow each
 * other. So TensorFlow does. Memory grows with what comes out, up to a limit. */
#include <limits.h>
#include <string.h>

#include <zlib.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/zlib_mem.h"
#include "ops/strings.h"

enum { STEP = 64 << 10, MOST = 256 << 20 }; /* bytes of one call's output */

typedef enum compression { NONE, ZLIB, GZIP } compression;

static td_status compression_parse(td_parse *p)
{
    static const char *const names[] = { "", "ZLIB", "GZIP" };
    const td_string type = td_attr_string(p, "compression_type");

    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (td_string_is(type, names[i])) {
            *(compression *)p->attrs = (compression)i;
            return NULL;
        }
    if (td_string_is(type, "ZSTD"))
        return TD_ERR(UNIMPLEMENTED, "%s of ZSTD: tensord has zlib and gzip", p->node->op_name);
    return TD_ERR(INVALID_ARGUMENT, "Only ZLIB, ZSTD, GZIP or NONE are supported compressions");
}

static td_status no_memory(void)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "no memory for what is compressed");
}

/* inflate() with room made; *code is what it said. */
static td_status inflate_some(z_stream *z, td_strbuf *out, size_t most, int *code)
{
    if (out->size >= most)
        return TD_ERR(RESOURCE_EXHAUSTED, "compressed strings hold more than %d bytes", MOST);
    if (!td_strbuf_try_reserve(out, STEP)) return no_memory();
    z->next_out = (unsigned char *)out->data + out->size;
    z->avail_out = STEP;
    *code = inflate(z, Z_NO_FLUSH);
    out->size += STEP - z->avail_out;
    if (*code == Z_MEM_ERROR) return no_memory();
    if (*code == Z_OK || *code == Z_STREAM_END || *code == Z_BUF_ERROR) return NULL;
    return TD_ERR(DATA_LOSS, "inflate() failed with error %d: %s", *code, z->msg ? z->msg : "");
}

static td_status inflate_all(z_stream *z, bool is_gzip, size_t most, td_strbuf *out)
{
    int code = Z_OK;

    while (code == Z_OK) {
        TD_TRY(inflate_some(z, out, most, &code));
        if (code == Z_STREAM_END && is_gzip && z->avail_in) {
            if (inflateReset(z) != Z_OK) return no_memory();
            code = Z_OK;
        }
        if (code == Z_OK && !z->avail_in && z->avail_out) return NULL; /* cut short */
    }
    return NULL;
}

/* Adds what in holds; *left is how much it may be. */
static td_status decompress(td_call *c, td_string in, bool is_gzip, size_t *left, td_string *to)
{
    z_stream z = { .next_in = (unsigned char *)(uintptr_t)in.data,
                   .zalloc = td_zlib_alloc,
                   .zfree = td_zlib_free };
    td_strbuf out = { 0 };
    char *text;

    if (in.size > UINT_MAX) return TD_ERR(INVALID_ARGUMENT, "a compressed string of %zu bytes", in.size);
    z.avail_in = (unsigned)in.size;
    if (inflateInit2(&z, is_gzip ? MAX_WBITS + 16 : MAX_WBITS) != Z_OK) return no_memory();
    td_status s = inflate_all(&z, is_gzip, *left, &out);
    inflateEnd(&z);
    if (!s) s = td_text_alloc(c, out.size, &text);
    if (!s) {
        if (out.size) memcpy(text, out.data, out.size);
        *to = (td_string){ text, out.size };
        *left -= TD_MIN(*left, out.size);
    }
    td_strbuf_fini(&out);
    return s;
}

static td_status decompress_run(td_call *c)
{
    const compression type = *(const compression *)c->attrs;
    const td_string *const in = td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    size_t left = MOST;

    for (int64_t i = 0; i < n; i++) {
        out[i] = in[i];
        if (type != NONE && in[i].size) TD_TRY(decompress(c, in[i], type == GZIP, &left, &out[i]));
    }
    return NULL;
}

TD_RUN_KERNEL(decompress_kernels, 0, decompress_run);

const td_op td_ops_decompress[] = {
    { .name = "DecodeCompressed",
      .sig = "bytes: string -> output: string",
      .attrs = "compression_type: string = ''",
      .flags = TD_OP_ALLOCATES,
      .attrs_size = sizeof(compression),
      .parse = compression_parse,
      .infer = td_infer_same,
      .kernels = decompress_kernels },
    { 0 },
};
