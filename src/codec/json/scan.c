/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c -- the scanner. */
#include "codec/json/scan.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "tensor/parse_number.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static const char *fail(td_json_fault *fault, const char *text, const char *at)
{
    *fault = (td_json_fault){ text, at };
    return NULL;
}

const char *td_json_start(const char *text)
{
    static const char mark[] = "\xef\xbb\xbf";

    for (size_t i = 0; i < sizeof mark - 1 && *text == mark[i]; i++)
        text++; /* a piece of a mark is passed over, too */
    return td_json_skip_space(text);
}

/* ---- strings ---- */

/* The first quote, backslash or control character (NUL, too) from p on. */
static const char *find_stop(const char *p)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);

    for (;; p += 16) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        const __m128i stops = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)),
                                           _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
        const int mask = _mm_movemask_epi8(stops);

        if (mask) return p + __builtin_ctz((unsigned)mask);
    }
#else
    while (*p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    return p;
#endif
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hex digits at p; -1: they are not. */
static int32_t read_hex(const char *p)
{
    int32_t v = 0;

    for (int i = 0; i < 4; i++) {
        const int digit = hex_digit(p[i]);

        if (digit < 0) return -1;
        v = v << 4 | digit;
    }
    return v;
}

static bool is_high_surrogate(int32_t c)
{
    return c >= 0xd800 && c <= 0xdbff;
}

/* p is at "\u". */
static const char *skip_unicode(const char *p, td_json_fault *fault)
{
    const int32_t c = read_hex(p + 2);

    if (c < 0) return fail(fault, "Incorrect hex digit after \\u escape in string.", p);
    if (!is_high_surrogate(c)) return p + 6;
    if (p[6] != '\\' || p[7] != 'u') return fail(fault, "The surrogate pair in string is invalid.", p);
    const int32_t low = read_hex(p + 8);

    if (low < 0) return fail(fault, "Incorrect hex digit after \\u escape in string.", p);
    if (low < 0xdc00 || low > 0xdfff) return fail(fault, "The surrogate pair in string is invalid.", p);
    return p + 12;
}

const char *td_json_skip_string(const char *p, td_json_raw *raw, td_json_fault *fault)
{
    const char *const start = ++p;
    bool has_escapes = false;

    for (;;) {
        p = find_stop(p);
        if (*p == '"') {
            *raw = (td_json_raw){ start, (size_t)(p - start), has_escapes };
            return p + 1;
        }
        if (!*p) return fail(fault, "Missing a closing quotation mark in string.", p);
        if (*p != '\\')
            return fail(fault, "Invalid escape character in string.", p); /* a control character */
        has_escapes = true;
        if (p[1] == 'u') {
            p = skip_unicode(p, fault);
            if (!p) return NULL;
        } else if (p[1] && strchr("\"\\/bfnrt", p[1])) {
            p += 2;
        } else {
            return fail(fault, "Invalid escape character in string.", p);
        }
    }
}

static char *put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/* The escape at *p, which moves behind it. */
static char *put_escape(char *out, const char **p)
{
    static const char codes[] = "bfnrt", values[] = "\b\f\n\r\t";
    const char code = (*p)[1];

    if (code == 'u') {
        uint32_t c = (uint32_t)read_hex(*p + 2);

        *p += 6;
        if (is_high_surrogate((int32_t)c)) {
            c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)read_hex(*p + 2) - 0xdc00);
            *p += 6;
        }
        return put_utf8(out, c);
    }
    const char *const known = strchr(codes, code);

    *out = known ? values[known - codes] : code;
    *p += 2;
    return out + 1;
}

td_string td_json_unescape(const td_json_raw *raw, td_arena *arena)
{
    const char *p = raw->data;
    const char *const end = p + raw->size;

    if (!raw->has_escapes) return (td_string){ raw->data, raw->size };
    char *const text = td_arena_try_alloc(arena, raw->size, 1); /* escapes only shrink */
    char *out = text;

    if (!text) return (td_string){ 0 };
    while (p < end) {
        const char *const slash = memchr(p, '\\', (size_t)(end - p));
        const size_t plain = (size_t)((slash ? slash : end) - p);

        memcpy(out, p, plain);
        out += plain;
        p += plain;
        if (slash) out = put_escape(out, &p);
    }
    return (td_string){ text, (size_t)(out - text) };
}

bool td_json_raw_is(const td_json_raw *raw, td_string want)
{
    if (TD_LIKELY(!raw->has_escapes))
        return raw->size == want.size && (!want.size || !memcmp(raw->data, want.data, want.size));

    /* Byte by byte: at most four come of one escape. */
    const char *p = raw->data, *w = want.data;
    const char *const end = p + raw->size, *const w_end = w + want.size;

    while (p < end) {
        char bytes[4] = { *p };
        const size_t n = *p == '\\' ? (size_t)(put_escape(bytes, &p) - bytes) : (p++, (size_t)1);

        if ((size_t)(w_end - w) < n || memcmp(w, bytes, n) != 0) return false;
        w += n;
    }
    return w == w_end;
}

/* ---- numbers ---- */

const char *td_json_read_special(const char *p, double *out)
{
    const bool is_negative = *p == '-';

    p += is_negative;
    if (!strncmp(p, "NaN", 3)) {
        *out = NAN;
        return p + 3;
    }
    if (strncmp(p, "Inf", 3) != 0) return NULL;
    *out = is_negative ? -INFINITY : INFINITY;
    if (!strncmp(p, "Infinity", 8)) return p + 8;
    return p[3] == 'i' ? NULL : p + 3;
}

/* What the reader that stopped at a number would say. */
static const char *fail_number(const char *p, td_json_fault *fault)
{
    static const char invalid[] = "Invalid value.";
    const char *word;

    p += *p == '-';
    if (*p == 'N' || *p == 'I') {
        for (word = *p == 'N' ? "NaN" : "Infinity"; *word && *p == *word; word++)
            p++;
        return fail(fault, invalid, p);
    }
    if (*p < '0' || *p > '9') return fail(fault, invalid, p);
    for (p += *p == '0' ? 1 : 0; *p >= '0' && *p <= '9'; p++)
        continue;
    if (*p == '.') {
        p++;
        if (*p < '0' || *p > '9') return fail(fault, "Miss fraction part in number.", p);
        while (*p >= '0' && *p <= '9')
            p++;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (*p < '0' || *p > '9') return fail(fault, "Miss exponent in number.", p);
    }
    return fail(fault, invalid, p);
}

static const char *skip_number(const char *p, const char *end, td_json_fault *fault)
{
    enum { MAX_SAFE = 300 }; /* so many bytes without an exponent stay below 10^308 */
    bool is_integer = true;
    const char *const behind = td_scan_number(p, end, &is_integer);
    double v;

    if (behind) {
        if (is_integer && behind - p <= MAX_SAFE) return behind;
        if (!td_parse_f64(p, end, &v) || isinf(v))
            return fail(fault, "Number too big to be stored in double.", p);
        return behind;
    }
    const char *const special = td_json_read_special(p, &v);
    return special ? special : fail_number(p, fault);
}

/* ---- values ---- */

static const char *skip_literal(const char *p, const char *word, td_json_fault *fault)
{
    for (; *word; word++, p++)
        if (*p != *word) return fail(fault, "Invalid value.", p);
    return p;
}

/* The lists and objects that are open, one bit each, the innermost last. */
typedef struct nesting {
    uint8_t few[64]; /* nearly all texts need no more */
    uint8_t *bits;   /* few, or from the heap */
    size_t depth, capacity;
} nesting;

static void push(nesting *n, bool is_object)
{
    if (TD_UNLIKELY(n->depth == n->capacity)) {
        uint8_t *const more = td_realloc(n->bits == n->few ? NULL : n->bits, n->capacity / 4);

        if (n->bits == n->few) memcpy(more, n->few, sizeof n->few);
        n->bits = more;
        n->capacity *= 2;
    }
    const uint8_t bit = (uint8_t)(1u << n->depth % 8);
    uint8_t *const byte = &n->bits[n->depth++ / 8];

    *byte = (uint8_t)(is_object ? *byte | bit : *byte & ~bit);
}

static bool is_in_object(const nesting *n)
{
    return n->bits[(n->depth - 1) / 8] >> (n->depth - 1) % 8 & 1;
}

/* "name": up to the value. */
static const char *skip_name(const char *p, td_json_fault *fault)
{
    td_json_raw name;

    if (*p != '"') return fail(fault, "Missing a name for object member.", p);
    p = td_json_skip_string(p, &name, fault);
    if (!p) return NULL;
    p = td_json_skip_space(p);
    if (*p != ':') return fail(fault, "Missing a colon after a name of object member.", p);
    return td_json_skip_space(p + 1);
}

/* One value that is neither a list nor an object with members. */
static const char *skip_plain(const char *p, const char *end, td_json_fault *fault)
{
    td_json_raw string;

    switch (*p) {
    case '"':
        return td_json_skip_string(p, &string, fault);
    case 't':
        return skip_literal(p, "true", fault);
    case 'f':
        return skip_literal(p, "false", fault);
    case 'n':
        return skip_literal(p, "null", fault);
    default:
        return skip_number(p, end, fault);
    }
}

/* Opens lists and objects until a value has ended: a plain one, or something empty. */
static const char *skip_first(const char *p, const char *end, nesting *n, td_json_fault *fault)
{
    while (*p == '[' || *p == '{') {
        const bool is_object = *p == '{';

        p = td_json_skip_space(p + 1);
        if (*p == (is_object ? '}' : ']')) return p + 1;
        push(n, is_object);
        if (is_object) p = skip_name(p, fault);
        if (!p) return NULL;
    }
    return skip_plain(p, end, fault);
}

/* Behind a value: to the next one, or (*is_over) behind the end of the outermost. */
static const char *skip_behind(const char *p, nesting *n, bool *is_over, td_json_fault *fault)
{
    for (; n->depth; n->depth--) {
        const bool is_object = is_in_object(n);

        p = td_json_skip_space(p);
        if (*p == ',') {
            p = td_json_skip_space(p + 1);
            return is_object ? skip_name(p, fault) : p;
        }
        if (*p != (is_object ? '}' : ']'))
            return fail(fault,
                        is_object ? "Missing a comma or '}' after an object member."
                                  : "Missing a comma or ']' after an array element.",
                        p);
        p++;
    }
    *is_over = true;
    return p;
}

const char *td_json_skip(const char *p, const char *end, td_json_fault *fault)
{
    nesting n = { .capacity = sizeof n.few * 8 };
    bool is_over = false;

    n.bits = n.few;
    do {
        p = skip_first(p, end, &n, fault);
        if (p) p = skip_behind(p, &n, &is_over, fault);
    } while (p && !is_over);
    if (n.bits != n.few) td_free(n.bits);
    return p;
}
