/* SPDX-License-Identifier: Apache-2.0 */
/* op_string_hash.c -- StringToHashBucket*, Fingerprint. */
#include <string.h>

#include "kernels/hash/hash.h"
#include "ops/strings.h"

typedef struct bucket_attrs {
    uint64_t buckets, key[2];
} bucket_attrs;

static td_status bucket_parse(td_parse *p)
{
    const int64_t n = td_attr_int(p, "num_buckets");

    if (n < 1)
        return TD_ERR(INVALID_ARGUMENT, "Value for attr 'num_buckets' of %lld must be at least minimum 1",
                      (long long)n);
    ((bucket_attrs *)p->attrs)->buckets = (uint64_t)n;
    return NULL;
}

static td_status strong_parse(td_parse *p)
{
    bucket_attrs *const a = p->attrs;
    const td_attr_value *key;

    TD_TRY(bucket_parse(p));
    if (td_attr_list(p, "key", &key) != 2) return TD_ERR(INVALID_ARGUMENT, "Key must have 2 elements");
    a->key[0] = (uint64_t)key[0].u.i;
    a->key[1] = (uint64_t)key[1].u.i;
    return NULL;
}

static td_status weak_run(td_call *c)
{
    const bucket_attrs *const a = c->attrs;
    const td_string *const in = td_strings_in(c, 0);
    int64_t *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        out[i] = (int64_t)(td_murmur(in[i].data, in[i].size) % a->buckets);
    return NULL;
}

static td_status fast_run(td_call *c)
{
    const bucket_attrs *const a = c->attrs;
    const td_string *const in = td_strings_in(c, 0);
    int64_t *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        out[i] = (int64_t)(td_fingerprint(in[i].data, in[i].size) % a->buckets);
    return NULL;
}

static td_status strong_run(td_call *c)
{
    const bucket_attrs *const a = c->attrs;
    const td_string *const in = td_strings_in(c, 0);
    int64_t *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        out[i] = (int64_t)(td_siphash(a->key, in[i].data, in[i].size) % a->buckets);
    return NULL;
}

/* ---------------------------------------------------------------- Fingerprint: data, method -> [rows, 8] */

static td_status print_infer(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;

    if (s->rank < 1) return TD_ERR(INVALID_ARGUMENT, "`data` must have at least 1 dimension.");
    td_out(c, 0)->shape = (td_shape){ 2, { s->dims[0], 8 } };
    return NULL;
}

static td_status print_bytes(td_call *c, size_t rows)
{
    const size_t row = rows ? td_tensor_bytes(td_in(c, 0)) / rows : 0;
    const char *const in = td_in(c, 0)->data;
    uint64_t *const out = td_out(c, 0)->data;

    for (size_t i = 0; i < rows; i++)
        out[i] = td_fingerprint(row ? in + i * row : NULL, row);
    return NULL;
}

/* Rows of more than one string: the fingerprint of their fingerprints. */
static td_status print_strings(td_call *c, size_t rows)
{
    const size_t n = (size_t)td_shape_count(&td_in(c, 0)->shape), row = rows ? n / rows : 0;
    const td_string *const in = td_strings_in(c, 0);
    uint64_t *const out = td_out(c, 0)->data, *prints;

    TD_TRY(td_text_rooms(c, row, sizeof *prints, &prints));
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < row; k++)
            prints[k] = td_fingerprint(in[i * row + k].data, in[i * row + k].size);
        out[i] = row == 1 ? prints[0] : td_fingerprint(prints, row * sizeof *prints);
    }
    return NULL;
}

static td_status print_run(td_call *c)
{
    const size_t rows = (size_t)td_in(c, 0)->shape.dims[0];
    td_string method;

    TD_TRY(td_text_scalar(c, 1, "`method`", &method));
    if (!td_string_is(method, "farmhash64"))
        return TD_ERR(INVALID_ARGUMENT, "Unsupported fingerprint method: %.*s",
                      (int)(method.size < 100 ? method.size : 100), method.size ? method.data : "");
    return td_in(c, 0)->dtype == TD_STRING ? print_strings(c, rows) : print_bytes(c, rows);
}

/* ---------------------------------------------------------------- SdcaFprint: strings -> pairs of int64 */

static td_status pair_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    char text[TD_SHAPE_TEXT];

    if (in->rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must be a vector, got shape %s",
                         td_shape_text(in, text, sizeof text));
    return td_shape_make(2, (int64_t[]){ in->dims[0], 2 }, &td_out(c, 0)->shape);
}

/* 0 and 1 are not among the first ones: they may stand for something else. */
static td_status pair_run(td_call *c)
{
    uint64_t *const out = td_out(c, 0)->data;
    const td_string *const in = td_strings_in(c, 0);

    for (size_t i = 0; i < (size_t)td_shape_count(&td_in(c, 0)->shape); i++) {
        td_fingerprint_128(in[i].data, in[i].size, out + 2 * i);
        if (out[2 * i] < 2) out[2 * i] -= 2;
    }
    return NULL;
}

TD_RUN_KERNEL(pair_kernels, 0, pair_run);
TD_RUN_KERNEL(weak_kernels, 0, weak_run);
TD_RUN_KERNEL(fast_kernels, 0, fast_run);
TD_RUN_KERNEL(strong_kernels, 0, strong_run);
TD_RUN_KERNEL(print_kernels, ~(TD_DTYPE_BIT(TD_VARIANT) | TD_DTYPE_BIT(TD_RESOURCE)), print_run);

const td_op td_ops_string_hash[] = {
    { .name = "StringToHashBucket",
      .sig = "string_tensor: string -> output: int64",
      .attrs = "num_buckets: int",
      .attrs_size = sizeof(bucket_attrs),
      .parse = bucket_parse,
      .infer = td_infer_same,
      .kernels = weak_kernels },
    { .name = "StringToHashBucketFast",
      .sig = "input: string -> output: int64",
      .attrs = "num_buckets: int",
      .attrs_size = sizeof(bucket_attrs),
      .parse = bucket_parse,
      .infer = td_infer_same,
      .kernels = fast_kernels },
    { .name = "StringToHashBucketStrong",
      .sig = "input: string -> output: int64",
      .attrs = "num_buckets: int, key: list(int)",
      .attrs_size = sizeof(bucket_attrs),
      .parse = strong_parse,
      .infer = td_infer_same,
      .kernels = strong_kernels },
    { .name = "Fingerprint",
      .sig = "data: T, method: string -> fingerprint: uint8",
      .attrs = "T: type",
      .infer = print_infer,
      .kernels = print_kernels },
    { .name = "SdcaFprint",
      .sig = "input: string -> output: int64",
      .infer = pair_infer,
      .kernels = pair_kernels },
    { 0 },
};
