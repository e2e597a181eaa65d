/* SPDX-License-Identifier: Apache-2.0 */
/* op_unicode.c -- UnicodeDecode, UnicodeDecodeWithOffsets, UnicodeEncode, UnicodeTranscode, UnicodeScript.
 *
 * Texts are walked twice: to count, then to write. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"
#include "ops/strings.h"
#include "ops/text/encoding.h"
#include "ops/text/newer.h"
#include "ops/text/script.h"

typedef enum on_error { FAIL, REPLACE, IGNORE } on_error;

typedef struct unicode_attrs {
    td_string input_encoding;
    td_encoding output;
    on_error errors;
    uint32_t replacement;
    bool replaces_controls;
} unicode_attrs;

static td_status errors_parse(td_parse *p, unicode_attrs *a)
{
    static const char *const names[] = { "strict", "replace", "ignore" };
    const int64_t replacement = td_attr_int(p, "replacement_char");
    const td_string errors = td_attr_string(p, "errors");
    size_t i = 0;

    while (i < TD_COUNT(names) && !td_string_is(errors, names[i]))
        i++;
    if (i == TD_COUNT(names))
        return TD_ERR(INVALID_ARGUMENT, "%s: errors must be \"strict\", \"replace\" or \"ignore\"",
                      p->node->name);
    if (replacement < 0 || replacement > 0x10ffff || (replacement >= 0xd800 && replacement <= 0xdfff))
        return TD_ERR(INVALID_ARGUMENT, "replacement_char out of unicode codepoint range");
    a->errors = (on_error)i;
    a->replacement = (uint32_t)replacement;
    return NULL;
}

static td_status input_parse(td_parse *p, unicode_attrs *a)
{
    td_decoder d;

    TD_TRY(errors_parse(p, a));
    a->input_encoding = td_attr_string(p, "input_encoding");
    a->replaces_controls = td_attr_bool(p, "replace_control_characters");
    TD_TRY(td_decoder_open(a->input_encoding, &d));
    td_decoder_close(&d);
    return NULL;
}

static td_status output_parse(td_parse *p, unicode_attrs *a)
{
    const td_string name = td_attr_string(p, "output_encoding");

    if (td_encoding_find(name, &a->output)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "output encoding must be one of {UTF-8, UTF-16-BE, UTF-32-BE}, got %.*s",
                  (int)TD_MIN(name.size, (size_t)100), name.size ? name.data : "");
}

static td_status decode_parse(td_parse *p)
{
    return input_parse(p, p->attrs);
}

static td_status encode_parse(td_parse *p)
{
    TD_TRY(errors_parse(p, p->attrs));
    return output_parse(p, p->attrs);
}

static td_status transcode_parse(td_parse *p)
{
    TD_TRY(input_parse(p, p->attrs));
    return output_parse(p, p->attrs);
}

static bool is_control(const unicode_attrs *a, const td_char *ch)
{
    return a->replaces_controls && ch->code >= 0 && ch->code <= 0x1f;
}

/* Puts the attributes' replacement in the place of what is wrong; false: nothing. */
static bool settle(const unicode_attrs *a, td_char *ch)
{
    if (ch->code >= 0 && !is_control(a, ch)) return true;
    ch->code = (int32_t)a->replacement;
    return a->errors != IGNORE;
}

/* Where mistakes are errors, are control characters that would be replaced mistakes, too? */
static td_status check_text(const unicode_attrs *a, td_decoder *d, td_string text, bool controls_too)
{
    if (a->errors != FAIL) return NULL;
    td_decoder_start(d, text);
    for (td_char ch; td_decoder_next(d, &ch);)
        if (ch.code < 0 || (controls_too && is_control(a, &ch)))
            return TD_ERR(INVALID_ARGUMENT, "Invalid formatting on input string");
    return NULL;
}

/* ------------------------- UnicodeDecode*: input -> row_splits, char_values[, char_to_byte_starts] */

static int64_t count_chars(const unicode_attrs *a, td_decoder *d, td_string text)
{
    int64_t n = 0;

    td_decoder_start(d, text);
    for (td_char ch; td_decoder_next(d, &ch);)
        n += settle(a, &ch);
    return n;
}

/* starts may be NULL. Returns how many there are. */
static int64_t write_chars(const unicode_attrs *a, td_decoder *d, td_string text, int32_t *values,
                           int64_t *starts)
{
    int64_t n = 0, at = 0;

    td_decoder_start(d, text);
    for (td_char ch; td_decoder_next(d, &ch); at += (int64_t)ch.size) {
        if (!settle(a, &ch)) continue;
        values[n] = ch.code;
        if (starts) starts[n] = at;
        n++;
    }
    return n;
}

static td_status write_splits(td_call *c, td_decoder *d, int64_t n, int64_t *total)
{
    const td_string *const in = td_strings_in(c, 0);
    td_tensor *const splits = td_out(c, 0);

    *total = 0;
    td_tensor_set_int(splits, 0, 0);
    for (int64_t i = 0; i < n; i++) {
        TD_TRY(check_text(c->attrs, d, in[i], false));
        *total += count_chars(c->attrs, d, in[i]);
        if (splits->dtype == TD_I32 && *total > INT32_MAX)
            return TD_ERR(RESOURCE_EXHAUSTED, "%s: too many characters for int32 splits", c->node);
        td_tensor_set_int(splits, (size_t)i + 1, *total);
    }
    return NULL;
}

static td_status decode_with(td_call *c, td_decoder *d)
{
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);
    const td_string *const in = td_strings_in(c, 0);
    int64_t total, at = 0;

    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { n + 1 } }));
    TD_TRY(write_splits(c, d, n, &total));
    for (uint32_t i = 1; i < c->n_out; i++)
        TD_TRY(td_out_make(c, i, &(td_shape){ 1, { total } }));
    int32_t *const values = td_out(c, 1)->data;
    int64_t *const starts = c->n_out > 2 ? td_out(c, 2)->data : NULL;

    for (int64_t i = 0; i < n && total; i++)
        at += write_chars(c->attrs, d, in[i], values + at, starts ? starts + at : NULL);
    return NULL;
}

static td_status decode_run(td_call *c)
{
    td_decoder d;

    TD_TRY(td_decoder_open(((const unicode_attrs *)c->attrs)->input_encoding, &d));
    const td_status s = decode_with(c, &d);
    td_decoder_close(&d);
    return s;
}

/* ---------------------------------------------------------------- UnicodeTranscode */

/* Writes to out, or only counts. */
static size_t transcode(const unicode_attrs *a, td_decoder *d, td_string text, char *out)
{
    size_t size = 0;

    td_decoder_start(d, text);
    for (td_char ch; td_decoder_next(d, &ch);)
        if (settle(a, &ch)) size += td_char_put(a->output, (uint32_t)ch.code, out ? out + size : NULL);
    return size;
}

static td_status transcode_with(td_call *c, td_decoder *d)
{
    const unicode_attrs *const a = c->attrs;
    const td_string *const in = td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (int64_t i = 0; i < n; i++) {
        char *text;

        if (in[i].size > SIZE_MAX / TD_CHAR_BYTES) return TD_ERR(RESOURCE_EXHAUSTED, "a text is too long");
        TD_TRY(check_text(a, d, in[i], true));
        const size_t size = transcode(a, d, in[i], NULL);
        TD_TRY(td_text_alloc(c, size, &text));
        (void)transcode(a, d, in[i], text);
        out[i] = (td_string){ text, size };
    }
    return NULL;
}

static td_status transcode_run(td_call *c)
{
    td_decoder d;

    TD_TRY(td_decoder_open(((const unicode_attrs *)c->attrs)->input_encoding, &d));
    const td_status s = transcode_with(c, &d);
    td_decoder_close(&d);
    return s;
}

/* ---------------------------------------------------------------- UnicodeEncode: values, splits -> texts */

static bool is_character(int32_t code)
{
    return code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

static td_status check_splits(td_call *c)
{
    const td_tensor *const splits = td_in(c, 1);
    const int64_t n = td_shape_count(&splits->shape), values = td_shape_count(&td_in(c, 0)->shape);
    int64_t before = 0;

    if (n == 0 || td_tensor_int(splits, 0) != 0)
        return TD_ERR(INVALID_ARGUMENT, "First value in input_splits must be zero.");
    for (int64_t i = 1; i < n; i++) {
        const int64_t v = td_tensor_int(splits, (size_t)i);

        if (v < before)
            return TD_ERR(INVALID_ARGUMENT, "Values in input_splits must be equal or in ascending order.");
        if (v > values)
            return TD_ERR(INVALID_ARGUMENT,
                          "Values in input_splits must be less than or equal to input_tensor length.");
        before = v;
    }
    return before == values
               ? NULL
               : TD_ERR(INVALID_ARGUMENT,
                        "Last value in input_splits must be equal to the number of input values.");
}

static td_status encode_infer(td_call *c)
{
    const td_shape *const splits = &td_in(c, 1)->shape;

    if (td_in(c, 0)->shape.rank != 1 || splits->rank != 1 || splits->dims[0] < 1)
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: input_values and input_splits must be vectors, the latter not empty", c->node);
    td_out(c, 0)->shape = (td_shape){ 1, { splits->dims[0] - 1 } };
    return NULL;
}

/* n characters, written to out or only counted. */
static size_t encode(const unicode_attrs *a, const int32_t *codes, int64_t n, char *out)
{
    size_t size = 0;

    for (int64_t i = 0; i < n; i++) {
        const bool is_good = is_character(codes[i]);
        const uint32_t code = is_good ? (uint32_t)codes[i] : a->replacement;

        if (is_good || a->errors == REPLACE) size += td_char_put(a->output, code, out ? out + size : NULL);
    }
    return size;
}

static td_status check_codes(const unicode_attrs *a, const int32_t *codes, int64_t n)
{
    for (int64_t i = 0; i < n && a->errors == FAIL; i++)
        if (!is_character(codes[i]))
            return TD_ERR(INVALID_ARGUMENT, "Code point is out of range for Unicode, or a noncharacter.");
    return NULL;
}

static td_status encode_run(td_call *c)
{
    const unicode_attrs *const a = c->attrs;
    const int32_t *codes = td_in(c, 0)->data;
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_out(c, 0)->shape);

    TD_TRY(check_splits(c));
    TD_TRY(check_codes(a, codes, td_shape_count(&td_in(c, 0)->shape)));
    for (int64_t i = 0; i < n; i++) {
        const int64_t chars =
            td_tensor_int(td_in(c, 1), (size_t)i + 1) - td_tensor_int(td_in(c, 1), (size_t)i);
        const size_t size = encode(a, codes, chars, NULL);
        char *text;

        TD_TRY(td_text_alloc(c, size, &text));
        (void)encode(a, codes, chars, text);
        out[i] = (td_string){ text, size };
        codes = chars ? codes + chars : codes;
    }
    return NULL;
}

/* ---------------------------------------------------------------- UnicodeScript */

/* As Unicode 13 has them. */
static void forget_newer(const int32_t *codes, size_t n, int32_t *scripts)
{
    enum { COMMON = 0, UNKNOWN = 103, FIRST_OF_HAN = 0x16fe2, LAST_OF_HAN = 0x16fe3 };

    for (size_t i = 0; i < n; i++) {
        if (codes[i] > 0 && td_char_is_newer((uint32_t)codes[i])) scripts[i] = UNKNOWN;
        if (codes[i] >= FIRST_OF_HAN && codes[i] <= LAST_OF_HAN)
            scripts[i] = COMMON; /* punctuation, until 14 */
    }
}

static td_status script_run(td_call *c)
{
    const int32_t *const in = td_in(c, 0)->data;
    int32_t *const out = td_out(c, 0)->data;
    const size_t n = (size_t)td_shape_count(&td_in(c, 0)->shape);

    TD_TRY(td_script_find(in, n, out));
    forget_newer(in, n, out);
    return NULL;
}

TD_RUN_KERNEL(decode_kernels, 0, decode_run);
TD_RUN_KERNEL(transcode_kernels, 0, transcode_run);
TD_RUN_KERNEL(encode_kernels, 0, encode_run);
TD_RUN_KERNEL(script_kernels, 0, script_run);

#define INPUT_ATTRS                                                                                          \
    "input_encoding: string, errors: string = 'replace', replacement_char: int = 65533, "                    \
    "replace_control_characters: bool = false"

const td_op td_ops_unicode[] = {
    { .name = "UnicodeDecode",
      .sig = "input: string -> row_splits: Tsplits, char_values: int32",
      .attrs = INPUT_ATTRS ", Tsplits: type = int64",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(unicode_attrs),
      .parse = decode_parse,
      .kernels = decode_kernels },
    { .name = "UnicodeDecodeWithOffsets",
      .sig = "input: string -> row_splits: Tsplits, char_values: int32, char_to_byte_starts: int64",
      .attrs = INPUT_ATTRS ", Tsplits: type = int64",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(unicode_attrs),
      .parse = decode_parse,
      .kernels = decode_kernels },
    { .name = "UnicodeEncode",
      .sig = "input_values: int32, input_splits: Tsplits -> output: string",
      .attrs = "errors: string = 'replace', output_encoding: string, replacement_char: int = 65533, Tsplits: "
               "type = "
               "int64",
      .attrs_size = sizeof(unicode_attrs),
      .parse = encode_parse,
      .infer = encode_infer,
      .kernels = encode_kernels },
    { .name = "UnicodeTranscode",
      .sig = "input: string -> output: string",
      .attrs = INPUT_ATTRS ", output_encoding: string",
      .flags = TD_OP_ALLOCATES, /* iconv_open() */
      .attrs_size = sizeof(unicode_attrs),
      .parse = transcode_parse,
      .infer = td_infer_same,
      .kernels = transcode_kernels },
    { .name = "UnicodeScript",
      .sig = "input: int32 -> output: int32",
      .flags = TD_OP_ALLOCATES,
      .infer = td_infer_same,
      .kernels = script_kernels },
    { 0 },
};
