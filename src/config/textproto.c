/* textproto.c -- recursive descent over a message's descriptor.
 *
 * Memory is malloc's, as protobuf-c's own, so that its free function takes what is made here. Arrays of
 * repeated fields grow at powers of two.
 */
#include "config/textproto.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/textproto_lex.h"

enum { TEXT_DEPTH = 100, SHOWN = 60 };

typedef struct parser {
    td_lexer lex;
    int depth;
} parser;

static td_status parse_fields(parser *p, ProtobufCMessage *m, char close);

/* The token in hand, for error texts. */
#define SHOW(l) (int)TD_MIN((l)->size, (size_t)SHOWN), (l)->start

static td_status expect_symbol(parser *p, char symbol)
{
    if (!td_lexer_is(&p->lex, symbol))
        return TD_LEX_ERR(&p->lex, "Expected \"%c\", found \"%.*s\".", symbol, SHOW(&p->lex));
    return td_lexer_next(&p->lex);
}

/* ---------------------------------------------------------------- scalars */

/* "-" is taken apart from the number; *sign gets 1 or -1. */
static td_status take_sign(parser *p, int *sign)
{
    *sign = td_lexer_is(&p->lex, '-') ? -1 : 1;
    return *sign < 0 ? td_lexer_next(&p->lex) : NULL;
}

/* Text of the number or word in hand. */
static td_status take_text(parser *p, char *out, size_t size)
{
    if (p->lex.size >= size) return TD_LEX_ERR(&p->lex, "Expected a value, got: %.*s", SHOW(&p->lex));
    memcpy(out, p->lex.start, p->lex.size);
    out[p->lex.size] = '\0';
    return NULL;
}

static td_status parse_magnitude(parser *p, uint64_t max, uint64_t *out)
{
    char text[64], *end;

    if (p->lex.kind != TD_TOKEN_NUMBER)
        return TD_LEX_ERR(&p->lex, "Expected integer, got: %.*s", SHOW(&p->lex));
    TD_TRY(take_text(p, text, sizeof text));
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 0);
    if (*end != '\0') return TD_LEX_ERR(&p->lex, "Expected integer, got: %s", text);
    if (errno || value > max) return TD_LEX_ERR(&p->lex, "Integer out of range (%s)", text);
    *out = value;
    return td_lexer_next(&p->lex);
}

static td_status parse_signed(parser *p, int64_t low, int64_t high, int64_t *out)
{
    uint64_t magnitude;
    int sign;

    TD_TRY(take_sign(p, &sign));
    TD_TRY(parse_magnitude(p, sign < 0 ? (uint64_t) - (low + 1) + 1 : (uint64_t)high, &magnitude));
    *out = (int64_t)(sign < 0 ? 0 - magnitude : magnitude);
    return NULL;
}

static td_status parse_unsigned(parser *p, uint64_t high, uint64_t *out)
{
    return parse_magnitude(p, high, out);
}

static td_status parse_double(parser *p, double *out)
{
    char text[512], *end;
    int sign;

    TD_TRY(take_sign(p, &sign));
    if (p->lex.kind != TD_TOKEN_NUMBER && p->lex.kind != TD_TOKEN_IDENT)
        return TD_LEX_ERR(&p->lex, "Expected double, got: %.*s", SHOW(&p->lex));
    TD_TRY(take_text(p, text, sizeof text));
    const double value = strtod(text, &end); /* knows inf, infinity and nan */
    const bool has_suffix = (*end | 0x20) == 'f' && end != text && end[1] == '\0';
    if (end == text || (*end != '\0' && !has_suffix))
        return TD_LEX_ERR(&p->lex, "Expected double, got: %s", text);
    *out = sign * value;
    return td_lexer_next(&p->lex);
}

static td_status parse_bool(parser *p, protobuf_c_boolean *out)
{
    static const char *const yes[] = { "true", "True", "t" }, *const no[] = { "false", "False", "f" };
    uint64_t value = 2;

    if (p->lex.kind == TD_TOKEN_NUMBER) {
        TD_TRY(parse_magnitude(p, 1, &value));
        *out = value != 0;
        return NULL;
    }
    for (size_t i = 0; i < TD_COUNT(yes); i++)
        value = td_lexer_is_word(&p->lex, yes[i]) ? 1 : td_lexer_is_word(&p->lex, no[i]) ? 0 : value;
    if (value > 1)
        return TD_LEX_ERR(&p->lex, "Invalid value for boolean field. Value: \"%.*s\".", SHOW(&p->lex));
    *out = value != 0;
    return td_lexer_next(&p->lex);
}

static td_status parse_enum(parser *p, const ProtobufCFieldDescriptor *f, int32_t *out)
{
    const ProtobufCEnumDescriptor *const type = f->descriptor;
    char text[256];
    int64_t number;

    if (p->lex.kind != TD_TOKEN_IDENT) {
        TD_TRY(parse_signed(p, INT32_MIN, INT32_MAX, &number));
        *out = (int32_t)number;
        return NULL;
    }
    TD_TRY(take_text(p, text, sizeof text));
    const ProtobufCEnumValue *const value = protobuf_c_enum_descriptor_get_value_by_name(type, text);
    if (!value)
        return TD_LEX_ERR(&p->lex, "Unknown enumeration value of \"%s\" for field \"%s\".", text, f->name);
    *out = value->value;
    return td_lexer_next(&p->lex);
}

/* Adjacent literals are one string. */
static td_status parse_string(parser *p, td_strbuf *out)
{
    if (p->lex.kind != TD_TOKEN_STRING)
        return TD_LEX_ERR(&p->lex, "Expected string, got: %.*s", SHOW(&p->lex));
    while (p->lex.kind == TD_TOKEN_STRING) {
        td_strbuf_add(out, td_strbuf_text(&p->lex.string), p->lex.string.size);
        TD_TRY(td_lexer_next(&p->lex));
    }
    return NULL;
}

static td_status parse_text_slot(parser *p, const ProtobufCFieldDescriptor *f, void *slot)
{
    td_strbuf b = { 0 };
    const td_status error = parse_string(p, &b);

    if (error) {
        td_strbuf_fini(&b);
        return error;
    }
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)slot = td_strbuf_take(&b);
    } else {
        const size_t size = b.size;

        *(ProtobufCBinaryData *)slot = (ProtobufCBinaryData){ size, (uint8_t *)td_strbuf_take(&b) };
    }
    return NULL;
}

static td_status parse_integer(parser *p, ProtobufCType type, void *slot)
{
    int64_t i = 0;
    uint64_t u = 0;

    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        TD_TRY(parse_signed(p, INT32_MIN, INT32_MAX, &i));
        *(int32_t *)slot = (int32_t)i;
        return NULL;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        TD_TRY(parse_unsigned(p, UINT32_MAX, &u));
        *(uint32_t *)slot = (uint32_t)u;
        return NULL;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return parse_unsigned(p, UINT64_MAX, slot);
    default:
        return parse_signed(p, INT64_MIN, INT64_MAX, slot);
    }
}

/* ---------------------------------------------------------------- messages */

static td_status parse_message(parser *p, const ProtobufCMessageDescriptor *type, ProtobufCMessage **slot)
{
    const char close = td_lexer_is(&p->lex, '<') ? '>' : '}';

    if (p->depth >= TEXT_DEPTH)
        return TD_LEX_ERR(&p->lex, "Message is too deep, the parser exceeded the limit of %d.", TEXT_DEPTH);
    TD_TRY(expect_symbol(p, close == '>' ? '<' : '{'));
    if (!*slot) { /* a singular message that is named twice is merged by its first memory */
        *slot = td_alloc(type->sizeof_message);
        type->message_init(*slot);
    }
    p->depth++;
    TD_TRY(parse_fields(p, *slot, close));
    p->depth--;
    return expect_symbol(p, close);
}

static td_status parse_value(parser *p, const ProtobufCFieldDescriptor *f, void *slot)
{
    double number = 0;
    int32_t choice = 0;

    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return parse_message(p, f->descriptor, slot);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        return parse_text_slot(p, f, slot);
    case PROTOBUF_C_TYPE_BOOL:
        return parse_bool(p, slot);
    case PROTOBUF_C_TYPE_ENUM:
        TD_TRY(parse_enum(p, f, &choice));
        *(int32_t *)slot = choice;
        return NULL;
    case PROTOBUF_C_TYPE_FLOAT:
        TD_TRY(parse_double(p, &number));
        *(float *)slot = (float)number;
        return NULL;
    case PROTOBUF_C_TYPE_DOUBLE:
        return parse_double(p, slot);
    default:
        return parse_integer(p, f->type, slot);
    }
}

/* ---------------------------------------------------------------- fields */

static size_t slot_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static void *member(ProtobufCMessage *m, unsigned offset)
{
    return (char *)m + offset;
}

/* One more element, cleared; it counts only once it is filled. */
static td_status parse_element(parser *p, const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
    size_t *const n = member(m, f->quantifier_offset);
    void **const array = member(m, f->offset);
    const size_t size = slot_size(f);

    if (!(*n & (*n - 1))) *array = td_realloc(*array, (*n ? 2 * *n : 1) * size);
    memset((char *)*array + *n * size, 0, size);
    (*n)++; /* before it is parsed: what a failed message holds is freed with the rest */
    return parse_value(p, f, (char *)*array + (*n - 1) * size);
}

static td_status parse_list(parser *p, const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
    TD_TRY(expect_symbol(p, '['));
    for (bool is_first = true; !td_lexer_is(&p->lex, ']'); is_first = false) {
        if (!is_first) TD_TRY(expect_symbol(p, ','));
        TD_TRY(parse_element(p, f, m));
    }
    return expect_symbol(p, ']');
}

static bool is_pointer(const ProtobufCFieldDescriptor *f)
{
    return f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING;
}

static td_status claim_oneof(parser *p, const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
    uint32_t *const which = member(m, f->quantifier_offset);
    const ProtobufCFieldDescriptor *const other =
        protobuf_c_message_descriptor_get_field(m->descriptor, *which);

    if (*which && *which != f->id)
        return TD_LEX_ERR(&p->lex,
                          "Field \"%s\" is specified along with field \"%s\", another member of its oneof.",
                          f->name, other ? other->name : "?");
    if (*which && f->type != PROTOBUF_C_TYPE_MESSAGE)
        return TD_LEX_ERR(&p->lex, "Non-repeated field \"%s\" is specified multiple times.", f->name);
    if (!*which) memset(member(m, f->offset), 0, slot_size(f));
    *which = f->id;
    return NULL;
}

static td_status parse_singular(parser *p, const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
    void *const slot = member(m, f->offset);

    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        TD_TRY(claim_oneof(p, f, m));
    } else if (f->type == PROTOBUF_C_TYPE_STRING) {
        char *const old = *(char **)slot;

        if (old && old != f->default_value)
            return TD_LEX_ERR(&p->lex, "Non-repeated field \"%s\" is specified multiple times.", f->name);
    } else if (f->type == PROTOBUF_C_TYPE_BYTES && ((const ProtobufCBinaryData *)slot)->len) {
        return TD_LEX_ERR(&p->lex, "Non-repeated field \"%s\" is specified multiple times.", f->name);
    }
    TD_TRY(parse_value(p, f, slot));
    if (f->label == PROTOBUF_C_LABEL_OPTIONAL && !is_pointer(f) && !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        *(protobuf_c_boolean *)member(m, f->quantifier_offset) = 1;
    return NULL;
}

/* Walks over a message whose type is not known here. */
static td_status skip_message(parser *p)
{
    int depth = 0;

    do {
        if (td_lexer_is(&p->lex, '{') || td_lexer_is(&p->lex, '<')) depth++;
        if (td_lexer_is(&p->lex, '}') || td_lexer_is(&p->lex, '>')) depth--;
        if (p->lex.kind == TD_TOKEN_END)
            return TD_LEX_ERR(&p->lex, "%s", "Expected \"}\", found end of text.");
        TD_TRY(td_lexer_next(&p->lex));
    } while (depth > 0);
    return NULL;
}

/* [type.googleapis.com/x.Y] { ... } inside an Any: the type goes to type_url. */
static td_status parse_any(parser *p, ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *const url =
        strcmp(m->descriptor->name, "google.protobuf.Any") != 0
            ? NULL
            : protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "type_url");
    td_strbuf name = { 0 };

    if (!url) return TD_LEX_ERR(&p->lex, "Message type \"%s\" has no extensions.", m->descriptor->name);
    TD_TRY(expect_symbol(p, '['));
    while (!td_lexer_is(&p->lex, ']') && p->lex.kind != TD_TOKEN_END) {
        td_strbuf_add(&name, p->lex.start, p->lex.size);
        const td_status error = td_lexer_next(&p->lex);

        if (!error) continue;
        td_strbuf_fini(&name);
        return error;
    }
    char **const slot = member(m, url->offset);

    if (*slot && *slot != url->default_value) free(*slot);
    *slot = td_strbuf_take(&name);
    TD_TRY(expect_symbol(p, ']'));
    if (td_lexer_is(&p->lex, ':')) TD_TRY(td_lexer_next(&p->lex));
    return skip_message(p);
}

static td_status parse_field(parser *p, ProtobufCMessage *m)
{
    char name[256];

    if (td_lexer_is(&p->lex, '[')) return parse_any(p, m);
    if (p->lex.kind != TD_TOKEN_IDENT)
        return TD_LEX_ERR(&p->lex, "Expected identifier, got: %.*s", SHOW(&p->lex));
    TD_TRY(take_text(p, name, sizeof name));
    const ProtobufCFieldDescriptor *const f =
        protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);

    if (!f)
        return TD_LEX_ERR(&p->lex, "Message type \"%s\" has no field named \"%s\".", m->descriptor->name,
                          name);
    TD_TRY(td_lexer_next(&p->lex));
    if (td_lexer_is(&p->lex, ':'))
        TD_TRY(td_lexer_next(&p->lex));
    else if (f->type != PROTOBUF_C_TYPE_MESSAGE)
        return TD_LEX_ERR(&p->lex, "Expected \":\", found \"%.*s\".", SHOW(&p->lex));
    if (f->label != PROTOBUF_C_LABEL_REPEATED) return parse_singular(p, f, m);
    return td_lexer_is(&p->lex, '[') ? parse_list(p, f, m) : parse_element(p, f, m);
}

static bool is_end(const parser *p, char close)
{
    return close ? td_lexer_is(&p->lex, close) : p->lex.kind == TD_TOKEN_END;
}

/* Up to close (not taken), or to the end of the text for '\0'. */
static td_status parse_fields(parser *p, ProtobufCMessage *m, char close)
{
    while (!is_end(p, close)) {
        TD_TRY(parse_field(p, m));
        if (td_lexer_is(&p->lex, ',') || td_lexer_is(&p->lex, ';')) TD_TRY(td_lexer_next(&p->lex));
    }
    return NULL;
}

td_status td_textproto_parse(const char *text, size_t size, const ProtobufCMessageDescriptor *type,
                             ProtobufCMessage **out)
{
    parser p = { .depth = 0 };
    ProtobufCMessage *const m = td_alloc(type->sizeof_message);

    type->message_init(m);
    td_status error = td_lexer_init(&p.lex, text, size);
    if (!error) error = parse_fields(&p, m, '\0');
    td_lexer_fini(&p.lex);
    if (error) {
        protobuf_c_message_free_unpacked(m, NULL);
        return error;
    }
    *out = m;
    return NULL;
}
