/* SPDX-License-Identifier: Apache-2.0 */
/* op_substr.c -- Substr: parts of texts, by bytes or by characters. They are views of the texts. */
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "ops/strings.h"

static td_status substr_parse(td_parse *p)
{
    const td_string unit = td_attr_string(p, "unit");

    *(bool *)p->attrs = td_string_is(unit, "UTF8_CHAR");
    if (!*(bool *)p->attrs && !td_string_is(unit, "BYTE"))
        return TD_ERR(INVALID_ARGUMENT,
                      "Value for attr 'unit' of \"%.*s\" is not in the list of allowed "
                      "values: \"BYTE\", \"UTF8_CHAR\"",
                      (int)TD_MIN(unit.size, (size_t)100), unit.size ? unit.data : "");
    return NULL;
}

static td_status substr_infer(td_call *c)
{
    const td_shape *const pos = &td_in(c, 1)->shape;

    if (!td_shape_equal(pos, &td_in(c, 2)->shape))
        return TD_ERR(INVALID_ARGUMENT, "pos and len should have the same shape");
    return td_infer_broadcast(c);
}

/* Moves *at over n characters; false: there are not so many. */
static bool step_forward(td_string s, uint64_t n, size_t *at)
{
    for (; n && *at < s.size; n--)
        do
            ++*at;
        while (*at < s.size && ((unsigned char)s.data[*at] & 0xc0) == 0x80);
    return n == 0;
}

static bool step_back(td_string s, uint64_t n, size_t *at)
{
    for (; n && *at > 0; n--)
        do
            --*at;
        while (*at > 0 && ((unsigned char)s.data[*at] & 0xc0) == 0x80);
    return n == 0;
}

static bool cut_chars(td_string s, int64_t pos, int64_t len, td_string *out)
{
    size_t from = pos < 0 ? s.size : 0;

    if (pos < 0 && len < 0) return false;
    if (!(pos < 0 ? step_back(s, 0 - (uint64_t)pos, &from) : step_forward(s, (uint64_t)pos, &from)))
        return false;
    size_t to = from;
    if (len > 0) (void)step_forward(s, (uint64_t)len, &to);
    *out = (td_string){ s.size ? s.data + from : NULL, to - from };
    return true;
}

static bool cut_bytes(td_string s, int64_t pos, int64_t len, td_string *out)
{
    if (pos < 0 ? 0 - (uint64_t)pos > s.size : (uint64_t)pos > s.size) return false;
    const size_t from = pos < 0 ? s.size - (size_t)(0 - (uint64_t)pos) : (size_t)pos;

    *out = (td_string){ s.size ? s.data + from : NULL, TD_MIN((uint64_t)len, s.size - from) };
    return true;
}

static void broadcast_strides(const td_shape *s, const td_shape *out, int64_t *strides)
{
    int64_t own[TD_MAX_RANK];

    td_shape_strides(s, own);
    for (int d = 0; d < out->rank; d++) {
        const int at = d - (out->rank - s->rank);

        strides[d] = at < 0 || s->dims[at] == 1 ? 0 : own[at];
    }
}

/* Where element i of the output is in an operand. */
static size_t source(const td_shape *out, const int64_t *strides, int64_t i)
{
    int64_t at = 0;

    for (int d = out->rank - 1; d >= 0; d--) {
        at += i % out->dims[d] * strides[d];
        i /= out->dims[d];
    }
    return (size_t)at;
}

static td_status substr_run(td_call *c)
{
    const bool by_chars = *(const bool *)c->attrs;
    const td_string *const in = td_strings_in(c, 0);
    const td_shape *const shape = &td_out(c, 0)->shape;
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(shape);
    int64_t texts[TD_MAX_RANK], places[TD_MAX_RANK];

    broadcast_strides(&td_in(c, 0)->shape, shape, texts);
    broadcast_strides(&td_in(c, 1)->shape, shape, places);
    for (int64_t i = 0; i < n; i++) {
        const td_string s = in[source(shape, texts, i)];
        const size_t at = source(shape, places, i);
        const int64_t pos = td_tensor_int(td_in(c, 1), at), len = td_tensor_int(td_in(c, 2), at);

        if (!(by_chars ? cut_chars(s, pos, len, &out[i]) : cut_bytes(s, pos, len, &out[i])))
            return TD_ERR(INVALID_ARGUMENT, "pos %lld out of range for string at index %lld", (long long)pos,
                          (long long)i);
    }
    return NULL;
}

TD_RUN_KERNEL(substr_kernels, 0, substr_run);

const td_op td_ops_substr[] = {
    { .name = "Substr",
      .sig = "input: string, pos: T, len: T -> output: string",
      .attrs = "T: type, unit: string = 'BYTE'",
      .attrs_size = sizeof(bool),
      .parse = substr_parse,
      .infer = substr_infer,
      .kernels = substr_kernels },
    { 0 },
};
