/* SPDX-License-Identifier: Apache-2.0 */
/* op_decode_raw.c -- DecodeRaw, DecodePaddedRaw: the bytes of strings as the elements of a last dimension. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"
#include "ops/strings.h"
#include "tensor/type_sets.h"

#define PADDED_TYPES (TD_FLOAT_TYPES | TD_SIGNED_TYPES | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_U16))
#define RAW_TYPES    (PADDED_TYPES | TD_COMPLEX_TYPES | TD_BOOL_TYPE)

static td_status raw_parse(td_parse *p)
{
    const td_dtype d = td_attr_type(p, "out_type");
    const uint64_t allowed = strcmp(p->node->op_name, "DecodeRaw") == 0 ? RAW_TYPES : PADDED_TYPES;

    *(bool *)p->attrs = td_attr_bool(p, "little_endian");
    if (allowed >> d & 1) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Value for attr 'out_type' of %s is not in the list of allowed values",
                  td_dtype_name(d));
}

/* Elements whose bytes stand in the other order; both halves of a complex one for themselves. */
static void swap_bytes(td_tensor *t)
{
    const size_t whole = td_dtype_size(t->dtype), size = TD_COMPLEX_TYPES >> t->dtype & 1 ? whole / 2 : whole,
                 n = td_tensor_bytes(t) / size;
    unsigned char *at = t->data;

    for (size_t i = 0; i < n; i++, at += size)
        for (size_t k = 0; k < size / 2; k++) {
            const unsigned char byte = at[k];

            at[k] = at[size - 1 - k];
            at[size - 1 - k] = byte;
        }
}

/* Any byte but 0 is true. */
static void fix_bools(td_tensor *t)
{
    unsigned char *const at = t->data;
    const size_t n = td_tensor_bytes(t);

    for (size_t i = 0; i < n; i++)
        at[i] = at[i] != 0;
}

typedef struct copy_job {
    const td_string *in;
    char *out;
    size_t size;
} copy_job;

static void copy_some(void *ctx, size_t begin, size_t end)
{
    const copy_job *const j = ctx;

    for (size_t i = begin; i < end; i++) {
        const size_t used = TD_MIN(j->in[i].size, j->size);
        char *const at = j->out + i * j->size;

        if (used) memcpy(at, j->in[i].data, used);
        memset(at + used, 0, j->size - used);
    }
}

/* The strings, cut or filled up to `size` bytes each. */
static void copy_strings(const td_call *c, td_tensor *out, size_t size)
{
    copy_job j = { td_strings_in(c, 0), out->data, size };

    if (size)
        td_call_parallel(c, (size_t)td_shape_count(&td_in(c, 0)->shape), (256 << 10) / size + 1, copy_some,
                         &j);
    if (!*(const bool *)c->attrs) swap_bytes(out);
    if (out->dtype == TD_BOOL) fix_bools(out);
}

/* The shape of the strings, and one more dimension. */
static td_status outer_shape(const td_call *c, int64_t last, td_shape *out)
{
    td_shape s = td_in(c, 0)->shape;

    if (s.rank == TD_MAX_RANK) return TD_ERR(INVALID_ARGUMENT, "%s: too many dimensions", c->node);
    s.dims[s.rank++] = last;
    TD_TRY(td_shape_check(&s));
    *out = s;
    return NULL;
}

/* ---------------------------------------------------------------- DecodeRaw: strings of one size */

static td_status common_size(const td_call *c, size_t *size)
{
    const td_string *const in = td_strings_in(c, 0);
    const size_t n = (size_t)td_shape_count(&td_in(c, 0)->shape), elem = td_dtype_size(td_out(c, 0)->dtype);

    *size = n ? in[0].size : 0;
    for (size_t i = 1; i < n; i++)
        if (in[i].size != *size)
            return TD_ERR(
                INVALID_ARGUMENT,
                "DecodeRaw requires input strings to all be the same size, but element %zu has size "
                "%zu != %zu",
                i, *size, in[i].size);
    if (*size % elem)
        return TD_ERR(INVALID_ARGUMENT,
                      "Input to DecodeRaw has length %zu that is not a multiple of %zu, the size of %s",
                      *size, elem, td_dtype_name(td_out(c, 0)->dtype));
    return NULL;
}

static td_status raw_run(td_call *c)
{
    size_t size;
    td_shape s;

    TD_TRY(common_size(c, &size));
    TD_TRY(outer_shape(c, (int64_t)(size / td_dtype_size(td_out(c, 0)->dtype)), &s));
    TD_TRY(td_out_make(c, 0, &s));
    copy_strings(c, td_out(c, 0), size);
    return NULL;
}

/* ---------------------------------------------------------------- DecodePaddedRaw: input_bytes, fixed_length */

static td_status padded_infer(td_call *c)
{
    const int64_t elem = (int64_t)td_dtype_size(td_out(c, 0)->dtype);
    const td_shape *const length_shape = &td_in(c, 1)->shape;
    char text[TD_SHAPE_TEXT];
    int64_t length;

    if (length_shape->rank != 0)
        return TD_ERR(INVALID_ARGUMENT, "k must be scalar, got shape %s",
                      td_shape_text(length_shape, text, sizeof text));
    TD_TRY(td_need_one(c, 1, &length));
    if (length % elem)
        return TD_ERR(INVALID_ARGUMENT,
                      "fixed_length (%" PRId64 ") must be a multiple of the size of out_type (%" PRId64 ")",
                      length, elem);
    if (length <= 0)
        return TD_ERR(INVALID_ARGUMENT, "fixed_length (%" PRId64 ") must be greater than zero.", length);
    return outer_shape(c, length / elem, &td_out(c, 0)->shape);
}

static td_status padded_run(td_call *c)
{
    td_tensor *const out = td_out(c, 0);

    copy_strings(c, out, (size_t)out->shape.dims[out->shape.rank - 1] * td_dtype_size(out->dtype));
    return NULL;
}

TD_RUN_KERNEL(raw_kernels, 0, raw_run);
TD_RUN_KERNEL(padded_kernels, 0, padded_run);

const td_op td_ops_decode_raw[] = {
    { .name = "DecodeRaw",
      .sig = "bytes: string -> output: out_type",
      .attrs = "out_type: type, little_endian: bool = true",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(bool),
      .parse = raw_parse,
      .kernels = raw_kernels },
    { .name = "DecodePaddedRaw",
      .sig = "input_bytes: string, fixed_length: int32 -> output: out_type",
      .attrs = "out_type: type, little_endian: bool = true",
      .attrs_size = sizeof(bool),
      .parse = raw_parse,
      .infer = padded_infer,
      .kernels = padded_kernels },
    { 0 },
};
