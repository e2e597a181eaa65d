/* SPDX-License-Identifier: Apache-2.0 */
/* op_base64.c -- EncodeBase64, DecodeBase64: the alphabet that is safe in URLs. */
#include "base/size.h"
#include "ops/strings.h"

static td_status encode_parse(td_parse *p)
{
    *(bool *)p->attrs = td_attr_bool(p, "pad");
    return NULL;
}

/* Up to three bytes to four characters. */
static void encode_group(const unsigned char *in, size_t n, char out[4])
{
    const uint32_t bits = (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0) | (n > 2 ? in[2] : 0U);

    for (int i = 0; i < 4; i++)
        out[i] = (size_t)i <= n ? td_base64_letters[bits >> (18 - 6 * i) & 63] : '=';
}

static td_status encode_text(td_call *c, td_string in, bool pads, td_string *out)
{
    const size_t groups = in.size / 3 + (in.size % 3 != 0);
    size_t size;
    char *text;

    if (!td_mul_size(groups, 4, &size)) return TD_ERR(RESOURCE_EXHAUSTED, "a string is too long");
    TD_TRY(td_text_alloc(c, size, &text));
    for (size_t i = 0; i < groups; i++) {
        const size_t left = in.size - 3 * i;

        encode_group((const unsigned char *)in.data + 3 * i, left < 3 ? left : 3, text + 4 * i);
    }
    if (!pads && in.size % 3) size -= 3 - in.size % 3;
    *out = (td_string){ text, size };
    return NULL;
}

static td_status encode_run(td_call *c)
{
    const bool pads = *(const bool *)c->attrs;
    const td_string *const in = td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        TD_TRY(encode_text(c, in[i], pads, &out[i]));
    return NULL;
}

/* ---------------------------------------------------------------- DecodeBase64 */

static td_status decode_run(td_call *c)
{
    const td_string *const in = td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++)
        TD_TRY(td_text_of_base64(c, in[i], &out[i]));
    return NULL;
}

TD_RUN_KERNEL(encode_kernels, 0, encode_run);
TD_RUN_KERNEL(decode_kernels, 0, decode_run);

const td_op td_ops_base64[] = {
    { .name = "EncodeBase64",
      .sig = "input: string -> output: string",
      .attrs = "pad: bool = false",
      .attrs_size = sizeof(bool),
      .parse = encode_parse,
      .infer = td_infer_same,
      .kernels = encode_kernels },
    { .name = "DecodeBase64",
      .sig = "input: string -> output: string",
      .infer = td_infer_same,
      .kernels = decode_kernels },
    { 0 },
};
