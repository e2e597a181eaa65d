/* SPDX-License-Identifier: Apache-2.0 */
/* textproto.c -- protobuf's text format to its wire format, by protobuf-c's descriptors.
 *
 *     name: value    name { ... }    name: < ... >    name: [ value, ... ]    [type.url/name] { ... }
 *
 * Fields may end in a comma or a semicolon. A message is written behind its tag, then moved to make room for
 * its length: nesting is bounded, so that is cheap enough.
 */
#include "config/textproto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "base/mem.h"
#include "base/wire.h"
#include "config/lexer.h"
#include "config/unpack.h"

enum { DEPTH_MAX = 100, NAME_MAX_SIZE = 256 };

typedef ProtobufCMessageDescriptor message_type;
typedef ProtobufCFieldDescriptor field_type;

typedef struct parser {
    td_lexer lex;
    const td_textproto_options *opts;
    td_strbuf *out;
    int depth;
    bool for_structs; /* of protobuf-c, whose strings end with a NUL */
} parser;

static td_status parse_fields(parser *p, const message_type *type, char close);

/* ---- writing ------------------------------------------------------------------------------------------- */

static void put_varint(td_strbuf *out, uint64_t v)
{
    uint8_t bytes[10];

    td_strbuf_add(out, bytes, (size_t)(td_wire_put_varint(bytes, v) - bytes));
}

static void put_tag(td_strbuf *out, uint32_t number, td_wire_type type)
{
    put_varint(out, td_wire_tag(number, type));
}

static void put_bytes(td_strbuf *out, uint32_t number, const void *data, size_t size)
{
    put_tag(out, number, TD_WIRE_BYTES);
    put_varint(out, size);
    td_strbuf_add(out, data, size);
}

/* Puts the length of what was written since `start` before it. */
static void close_message(td_strbuf *out, size_t start)
{
    const size_t size = out->size - start, head = td_wire_varint_size(size);

    td_strbuf_add(out, "\0\0\0\0\0\0\0\0\0", head);
    memmove(out->data + start + head, out->data + start, size);
    td_wire_put_varint((uint8_t *)out->data + start, size);
}

/* ---- skipping ------------------------------------------------------------------------------------------ */

/* One value of any form: brackets are counted, not matched. Nothing recurses. */
static td_status skip_value(parser *p)
{
    td_lexer *const l = &p->lex;
    size_t open = 0;

    do {
        const char c = td_lexer_peek(l);
        if (td_lexer_at_end(l)) return td_lexer_error(l, l->at, "Unexpected end of text.");
        if (c == '"' || c == '\'') {
            td_strbuf text = { NULL, 0, 0 };
            const td_status status = td_lexer_string(l, &text);
            td_strbuf_fini(&text);
            TD_TRY(status);
            continue;
        }
        const bool closes = c == '}' || c == '>' || c == ']';
        if (closes && !open) return td_lexer_error(l, l->at, "Expected a value, found \"%c\".", c);
        if (c == '{' || c == '<' || c == '[') open++;
        if (closes) open--;
        if (!td_lexer_number(l).size) {
            l->at++;
            if (c == '-') td_lexer_number(l);
        }
    } while (open);
    return NULL;
}

/* ---- scalars ------------------------------------------------------------------------------------------- */

/* Decimal, 0x hexadecimal or 0 octal, up to max. */
static bool parse_magnitude(td_string text, uint64_t max, uint64_t *out)
{
    unsigned base = 10;
    uint64_t n = 0;
    size_t i = 0;

    if (text.size > 1 && text.data[0] == '0') {
        base = text.data[1] == 'x' || text.data[1] == 'X' ? 16 : 8;
        i = base == 16 ? 2 : 1;
    }
    if (i == text.size) return false;
    for (; i < text.size; i++) {
        const char c = text.data[i];
        const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                               : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                      : 99;
        if (digit >= base || n > (max - digit) / base) return false;
        n = n * base + digit;
    }
    *out = n;
    return true;
}

/* Are these the digits of a number, whatever its size? */
static bool is_integer(td_string text)
{
    if (!text.size || text.data[0] < '0' || text.data[0] > '9') return false;
    for (size_t i = 1; i < text.size; i++) {
        const char c = text.data[i];
        const bool is_hex =
            (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (i == 1 && (c == 'x' || c == 'X'));
        if ((c < '0' || c > '9') && !is_hex) return false;
    }
    return true;
}

/* An integer with min <= it <= max, as two's complement. */
static td_status parse_integer(parser *p, int64_t min, uint64_t max, uint64_t *out)
{
    td_lexer *const l = &p->lex;
    const bool is_negative = td_lexer_take(l, '-');
    const td_string text = td_lexer_number(l);
    const uint64_t most = is_negative ? (uint64_t)0 - (uint64_t)min : max;

    if (!is_integer(text))
        return td_lexer_error(l, text.data, "Expected integer, got: %.*s", (int)TD_MIN(text.size, 100),
                              text.data);
    if (!parse_magnitude(text, most, out))
        return td_lexer_error(l, text.data, "Integer out of range (%.*s)", (int)TD_MIN(text.size, 100),
                              text.data);
    if (is_negative) *out = (uint64_t)0 - *out;
    return NULL;
}

static td_status parse_double(parser *p, double *out)
{
    td_lexer *const l = &p->lex;
    const bool is_negative = td_lexer_take(l, '-');
    const td_string text = td_lexer_number(l);
    char copy[128], *end = copy;

    if (text.size && text.size < sizeof copy) {
        memcpy(copy, text.data, text.size);
        copy[text.size] = 0;
        const bool has_suffix = text.size > 1 && strchr("fF", copy[text.size - 1]) && copy[0] >= '0' &&
                                copy[0] <= '9' && copy[1] != 'x';
        if (has_suffix) copy[text.size - 1] = 0;
        *out = strtod(copy, &end);
    }
    if (end == copy || *end)
        return td_lexer_error(l, text.data, "Expected double, got: %.*s", (int)TD_MIN(text.size, 100),
                              text.data);
    if (is_negative) *out = -*out;
    return NULL;
}

static td_status parse_boolean(parser *p, uint64_t *out)
{
    static const char *const words[2][5] = { { "false", "False", "f", "0", "0x0" },
                                             { "true", "True", "t", "1", "0x1" } };
    const td_string text = td_lexer_number(&p->lex);

    for (unsigned value = 0; value < 2; value++)
        for (size_t i = 0; i < TD_COUNT(words[value]); i++)
            if (td_string_is(text, words[value][i])) {
                *out = value;
                return NULL;
            }
    return td_lexer_error(&p->lex, text.data, "Invalid value for boolean field. Value: \"%.*s\".",
                          (int)TD_MIN(text.size, 100), text.data);
}

static td_status parse_enum(parser *p, const field_type *field, uint64_t *out)
{
    const ProtobufCEnumDescriptor *const type = field->descriptor;
    const char c = td_lexer_peek(&p->lex);
    char name[NAME_MAX_SIZE];

    if (c == '-' || (c >= '0' && c <= '9')) return parse_integer(p, INT32_MIN, INT32_MAX, out);
    const td_string word = td_lexer_word(&p->lex);
    const size_t size = TD_MIN(word.size, sizeof name - 1);
    if (size) memcpy(name, word.data, size);
    name[size] = 0;
    const ProtobufCEnumValue *const value =
        size == word.size ? protobuf_c_enum_descriptor_get_value_by_name(type, name) : NULL;
    td_lexer_peek(&p->lex);
    if (!value)
        return td_lexer_error(&p->lex, p->lex.at, "Unknown enumeration value of \"%s\" for field \"%s\".",
                              name, field->name);
    *out = (uint64_t)(int64_t)value->value;
    return NULL;
}

static td_status put_text(parser *p, const field_type *field)
{
    td_strbuf text = { NULL, 0, 0 };
    td_lexer *const l = &p->lex;
    const char *const start = l->at;
    td_status status = td_lexer_string(l, &text);

    /* It would be another name or path than the one that was written. */
    if (!status && p->for_structs && field->type == PROTOBUF_C_TYPE_STRING &&
        memchr(td_strbuf_text(&text), 0, text.size))
        status = td_lexer_error(l, start, "String field \"%s\" holds a NUL.", field->name);
    if (!status) put_bytes(p->out, field->id, td_strbuf_text(&text), text.size);
    td_strbuf_fini(&text);
    return status;
}

static td_status put_real(parser *p, const field_type *field)
{
    double value = 0;

    TD_TRY(parse_double(p, &value));
    if (field->type == PROTOBUF_C_TYPE_FLOAT) {
        const float narrow = (float)value;
        put_tag(p->out, field->id, TD_WIRE_FIXED32);
        td_strbuf_add(p->out, &narrow, sizeof narrow);
    } else {
        put_tag(p->out, field->id, TD_WIRE_FIXED64);
        td_strbuf_add(p->out, &value, sizeof value);
    }
    return NULL;
}

/* How an integer type is bounded and written. */
typedef struct integer_rule {
    int64_t min;
    uint64_t max;
    td_wire_type wire;
    bool zigzag;
} integer_rule;

static integer_rule rule_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
        return (integer_rule){ INT32_MIN, INT32_MAX, TD_WIRE_VARINT, false };
    case PROTOBUF_C_TYPE_SINT32:
        return (integer_rule){ INT32_MIN, INT32_MAX, TD_WIRE_VARINT, true };
    case PROTOBUF_C_TYPE_SFIXED32:
        return (integer_rule){ INT32_MIN, INT32_MAX, TD_WIRE_FIXED32, false };
    case PROTOBUF_C_TYPE_UINT32:
        return (integer_rule){ 0, UINT32_MAX, TD_WIRE_VARINT, false };
    case PROTOBUF_C_TYPE_FIXED32:
        return (integer_rule){ 0, UINT32_MAX, TD_WIRE_FIXED32, false };
    case PROTOBUF_C_TYPE_SINT64:
        return (integer_rule){ INT64_MIN, INT64_MAX, TD_WIRE_VARINT, true };
    case PROTOBUF_C_TYPE_SFIXED64:
        return (integer_rule){ INT64_MIN, INT64_MAX, TD_WIRE_FIXED64, false };
    case PROTOBUF_C_TYPE_UINT64:
        return (integer_rule){ 0, UINT64_MAX, TD_WIRE_VARINT, false };
    case PROTOBUF_C_TYPE_FIXED64:
        return (integer_rule){ 0, UINT64_MAX, TD_WIRE_FIXED64, false };
    default:
        return (integer_rule){ INT64_MIN, INT64_MAX, TD_WIRE_VARINT, false };
    }
}

static td_status put_integer(parser *p, const field_type *field)
{
    const integer_rule rule = rule_of(field->type);
    uint64_t v = 0;

    if (field->type == PROTOBUF_C_TYPE_BOOL)
        TD_TRY(parse_boolean(p, &v));
    else if (field->type == PROTOBUF_C_TYPE_ENUM)
        TD_TRY(parse_enum(p, field, &v));
    else
        TD_TRY(parse_integer(p, rule.min, rule.max, &v));
    if (rule.zigzag) v = v << 1 ^ (v >> 63 ? UINT64_MAX : 0);
    put_tag(p->out, field->id, rule.wire);
    if (rule.wire == TD_WIRE_VARINT)
        put_varint(p->out, v);
    else
        td_strbuf_add(p->out, &v, rule.wire == TD_WIRE_FIXED32 ? 4 : 8);
    return NULL;
}

/* ---- messages ------------------------------------------------------------------------------------------ */

/* "{ ... }" or "< ... >" as the body of field `number`. */
static td_status put_message(parser *p, uint32_t number, const message_type *type)
{
    td_lexer *const l = &p->lex;
    char close = '}';

    if (!td_lexer_take(l, '{')) {
        if (!td_lexer_take(l, '<')) return td_lexer_expected(l, "{");
        close = '>';
    }
    if (++p->depth > DEPTH_MAX) return td_lexer_error(l, l->at, "Message is too deep.");
    put_tag(p->out, number, TD_WIRE_BYTES);
    const size_t start = p->out->size;
    TD_TRY(parse_fields(p, type, close));
    close_message(p->out, start);
    p->depth--;
    return NULL;
}

static td_status put_value(parser *p, const field_type *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return put_message(p, field->id, field->descriptor);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        return put_text(p, field);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return put_real(p, field);
    default:
        return put_integer(p, field);
    }
}

static td_status put_list(parser *p, const field_type *field)
{
    if (td_lexer_take(&p->lex, ']')) return NULL;
    do
        TD_TRY(put_value(p, field));
    while (td_lexer_take(&p->lex, ','));
    if (!td_lexer_take(&p->lex, ']')) return td_lexer_expected(&p->lex, ",");
    return NULL;
}

/* Fields of a message that were there: singular ones may come once, those of a oneof once together. */
typedef struct seen_fields {
    const message_type *type;
    const field_type *fields[64];
    size_t count;
} seen_fields;

static td_status check_seen(const parser *p, seen_fields *seen, const field_type *field)
{
    const char *const where = p->lex.at;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) return NULL;
    for (size_t i = 0; i < seen->count; i++) {
        const field_type *const other = seen->fields[i];
        if (other == field)
            return td_lexer_error(&p->lex, where, "Non-repeated field \"%s\" is specified multiple times.",
                                  field->name);
        if ((field->flags & other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
            field->quantifier_offset == other->quantifier_offset)
            return td_lexer_error(
                &p->lex, where,
                "Field \"%s\" is specified along with field \"%s\", another member of its oneof.",
                field->name, other->name);
    }
    if (seen->count < TD_COUNT(seen->fields)) seen->fields[seen->count++] = field;
    return NULL;
}

static td_status parse_field(parser *p, seen_fields *seen)
{
    td_lexer *const l = &p->lex;
    const td_string word = td_lexer_word(l);
    char name[NAME_MAX_SIZE];
    const size_t size = TD_MIN(word.size, sizeof name - 1);

    if (!word.size) return td_lexer_got(l, "identifier");
    memcpy(name, word.data, size);
    name[size] = 0;
    const field_type *const field =
        size == word.size ? protobuf_c_message_descriptor_get_field_by_name(seen->type, name) : NULL;
    td_lexer_peek(l); /* errors stand at the token after the name, as protobuf has them */
    if (!field && !(p->opts && p->opts->skip_unknown))
        return td_lexer_error(l, l->at, "Message type \"%s\" has no field named \"%s\".", seen->type->name,
                              name);
    if (field) TD_TRY(check_seen(p, seen, field));
    const bool has_colon = td_lexer_take(l, ':');
    if (!field) return skip_value(p);
    if (!has_colon && field->type != PROTOBUF_C_TYPE_MESSAGE) return td_lexer_expected(l, ":");
    if (field->label == PROTOBUF_C_LABEL_REPEATED && td_lexer_take(l, '[')) return put_list(p, field);
    return put_value(p, field);
}

/* ---- Any ----------------------------------------------------------------------------------------------- */

enum { ANY_TYPE_URL = 1, ANY_VALUE = 2 };

static const message_type *find_any_type(const parser *p, td_string url)
{
    const char *name = url.data;

    if (!p->opts || !p->opts->any_types) return NULL;
    for (size_t i = 0; i < url.size; i++)
        if (url.data[i] == '/') name = url.data + i + 1;
    const size_t size = (size_t)(url.data + url.size - name);
    for (const message_type *const *t = p->opts->any_types; *t; t++)
        if (strlen((*t)->name) == size && memcmp((*t)->name, name, size) == 0) return *t;
    return NULL;
}

/* "[type.googleapis.com/a.b] { ... }", at the bracket: type_url, and value when the type is known. */
static td_status parse_any(parser *p)
{
    td_lexer *const l = &p->lex;

    td_lexer_take(l, '[');
    const char *const start = l->at, *const close = memchr(start, ']', (size_t)(l->end - start));
    if (!close) return td_lexer_error(l, start, "Expected \"]\".");
    const td_string url = { start, (size_t)(close - start) };
    l->at = close + 1;
    td_lexer_take(l, ':');
    put_bytes(p->out, ANY_TYPE_URL, url.data, url.size);
    const message_type *const type = find_any_type(p, url);
    return type ? put_message(p, ANY_VALUE, type) : skip_value(p);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static td_status parse_fields(parser *p, const message_type *type, char close)
{
    seen_fields seen = { .type = type };
    td_lexer *const l = &p->lex;

    for (;;) {
        if (close && td_lexer_take(l, close)) return NULL;
        if (!close && td_lexer_at_end(l)) return NULL;
        if (td_lexer_peek(l) == '[') {
            if (strcmp(type->name, "google.protobuf.Any") != 0)
                return td_lexer_error(l, l->at, "Message type \"%s\" has no extensions.", type->name);
            TD_TRY(parse_any(p));
        } else {
            TD_TRY(parse_field(p, &seen));
        }
        if (!td_lexer_take(l, ',')) td_lexer_take(l, ';');
    }
}

static td_status encode(const char *text, size_t size, const message_type *type,
                        const td_textproto_options *opts, bool for_structs, td_strbuf *out)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8: what some editors begin a file with */
    const size_t n = sizeof mark - 1, skip = size >= n && !memcmp(text, mark, n) ? n : 0;
    parser p = { .lex = { .begin = text + skip, .at = text + skip, .end = size ? text + size : text },
                 .opts = opts,
                 .out = out,
                 .for_structs = for_structs };

    return parse_fields(&p, type, 0);
}

td_status td_textproto_encode(const char *text, size_t size, const ProtobufCMessageDescriptor *type,
                              const td_textproto_options *opts, td_strbuf *out)
{
    return encode(text, size, type, opts, false, out);
}

td_status td_textproto_parse(const char *text, size_t size, const ProtobufCMessageDescriptor *type,
                             const td_textproto_options *opts, ProtobufCMessage **out)
{
    td_strbuf bytes = { NULL, 0, 0 };
    td_status status = encode(text, size, type, opts, true, &bytes);

    if (!status) status = td_message_unpack(type, td_strbuf_text(&bytes), bytes.size, out);
    td_strbuf_fini(&bytes);
    return status;
}
