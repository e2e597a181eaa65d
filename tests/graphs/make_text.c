/* SPDX-License-Identifier: Apache-2.0 */
/* make_text.c -- strings: their bytes, and the ops that make, cut, join, read and look up strings. */
#include <stdio.h>
#include <string.h>

#include "make.h"
#include "number.h"

#define STRINGS TD_DTYPE_BIT(TD_STRING)

/* One of n texts. */
#define ONE_OF(m, list) ((list)[fz_below(&(m)->r, (unsigned)TD_COUNT(list))])

/* ---------------------------------------------------------------- bytes */

static size_t put_letters(fz_random *r, char *out, size_t n, unsigned letters)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (char)((fz_chance(r, 20) ? 'A' : 'a') + fz_below(r, letters));
    return n;
}

static size_t put_spaced(fz_random *r, char *out)
{
    static const char *const between[] = { " ", "  ", "-", ",", "\t", "\xe3\x80\x80", "" };
    size_t at = 0;

    for (unsigned words = fz_below(r, 6); words-- > 0;) {
        const char *const sep = between[fz_below(r, TD_COUNT(between))];
        if (fz_chance(r, 90)) at += put_letters(r, out + at, fz_below(r, 5), 3);
        memcpy(out + at, sep, strlen(sep));
        at += strlen(sep);
    }
    return at;
}

static size_t put_digits(fz_random *r, char *out, size_t size)
{
    const char *const sign = fz_chance(r, 50) ? "-" : "";
    int n = 0;

    switch (fz_below(r, 5)) {
    case 0:
        n = snprintf(out, size, "%s%u.5", sign, fz_below(r, 30));
        break;
    case 1:
        n = snprintf(out, size, "%s%ue2", sign, fz_below(r, 30));
        break;
    case 2:
        n = snprintf(out, size, " %s%u ", sign, fz_below(r, 30));
        break;
    default:
        n = snprintf(out, size, "%s%u", sign, fz_below(r, 300));
    }
    return (size_t)n;
}

static size_t put_unicode(fz_random *r, char *out)
{
    static const char *const letters[] = { "a",
                                           "Z",
                                           " ",
                                           "\xc3\x9f",
                                           "\xc3\x89",
                                           "e\xcc\x81",
                                           "\xce\xa3",
                                           "\xd0\x96",
                                           "\xe4\xbd\xa0",
                                           "\xe3\x82\xa2",
                                           "\xef\xac\x81",
                                           "\xf0\x9f\x98\x80",
                                           "\xc7\x85",
                                           "\xe2\x84\xab" };
    size_t at = 0;

    for (unsigned n = fz_below(r, 9); n-- > 0;) {
        const char *const c = letters[fz_below(r, TD_COUNT(letters))];
        memcpy(out + at, c, strlen(c));
        at += strlen(c);
    }
    return at;
}

static size_t put_bytes(fz_random *r, char *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = fz_chance(r, 15) ? 0 : (char)fz_below(r, 256);
    return n;
}

enum { LONGEST = 3000 };

td_string fz_string(fz_maker *m, fz_text text)
{
    fz_random *const r = &m->r;
    char bytes[LONGEST + 64];
    size_t n = 0;

    if (fz_chance(r, 4)) text = (fz_text)fz_below(r, FZ_TEXTS);
    switch (text) {
    case FZ_WORDS:
        n = put_letters(r, bytes, fz_below(r, 4), 3);
        break;
    case FZ_SPACED:
        n = put_spaced(r, bytes);
        break;
    case FZ_DIGITS:
        n = put_digits(r, bytes, sizeof bytes);
        break;
    case FZ_UNICODE:
        n = put_unicode(r, bytes);
        break;
    case FZ_BYTES:
        n = put_bytes(r, bytes, fz_below(r, 40));
        break;
    default:
        n = put_letters(r, bytes, fz_below(r, fz_chance(r, 10) ? LONGEST : 120), 26);
    }
    return (td_string){ n ? td_arena_strndup(m->model->arena, bytes, n) : NULL, n };
}

static td_tensor strings_of(fz_maker *m, fz_text text, const td_shape *shape)
{
    td_tensor t = fz_alloc(m, TD_STRING, shape);

    for (int64_t i = 0; i < td_shape_count(shape); i++)
        ((td_string *)t.data)[i] = fz_string(m, text);
    return t;
}

fz_id fz_strings(fz_maker *m, fz_text text, const td_shape *shapes)
{
    td_tensor data[FZ_FEEDS];
    bool same = true;

    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        data[feed] = strings_of(m, text, &shapes[feed]);
        same = same && td_shape_equal(&shapes[0], &shapes[feed]);
    }
    return same && (m->is_body || fz_chance(&m->r, 25)) ? fz_const(m, &data[0]) : fz_arg(m, data);
}

/* ---------------------------------------------------------------- picking */

static fz_id any(fz_maker *m, int lo, int hi)
{
    return fz_pick(m, STRINGS, lo, hi);
}

/* Strings of this kind, in rows as the batch has them. */
static fz_id some(fz_maker *m, fz_text text, int lo, int hi)
{
    td_shape s[FZ_FEEDS];

    s[0] = s[1] = s[2] = fz_any_shape(m, lo, hi);
    for (unsigned feed = 0; feed < FZ_FEEDS && s[0].rank > 0 && !m->is_body; feed++)
        s[feed].dims[0] = m->batch[feed];
    return fz_strings(m, text, s);
}

/* Mostly of this kind, sometimes whatever there is. */
static fz_id mostly(fz_maker *m, fz_text text, int lo, int hi)
{
    const fz_id old = fz_chance(&m->r, 50) ? fz_find(m, STRINGS, lo, hi) : -1;

    return old >= 0 ? old : some(m, text, lo, hi);
}

static fz_id one_string(fz_maker *m, const char *s)
{
    td_tensor t = fz_alloc(m, TD_STRING, &(td_shape){ 0 });

    *(td_string *)t.data = (td_string){ td_arena_strdup(m->model->arena, s), strlen(s) };
    return fz_const(m, &t);
}

/* ---------------------------------------------------------------- one string to one */

static void change(fz_maker *m)
{
    static const char *const forms[] = { "StringLower",
                                         "StringUpper",
                                         "StringLower encoding='utf-8",
                                         "StringUpper encoding='utf-8",
                                         "StringStrip",
                                         "EncodeBase64",
                                         "EncodeBase64 pad=true",
                                         "CaseFoldUTF8",
                                         "NormalizeUTF8 normalization_form='NFC",
                                         "NormalizeUTF8 normalization_form='NFKD",
                                         "UnicodeTranscode input_encoding='UTF-8 output_encoding='UTF-16-BE",
                                         "UnicodeTranscode input_encoding='UTF-8 output_encoding='UTF-8" };
    const fz_id x = fz_chance(&m->r, 30) ? mostly(m, FZ_UNICODE, 0, 3) : any(m, 0, 4);
    const char *const form = ONE_OF(m, forms);

    if (x < 0) return;
    const fz_id y = FZ_ADD(m, 0, ((fz_id[]){ x }), "%s", form);
    if (y >= 0 && form[0] == 'E' && fz_chance(&m->r, 50))
        (void)FZ_ADD(m, 0, ((fz_id[]){ y }), "DecodeBase64");
}

static const char *const patterns[] = { "a",     "[a-c]+", "(a|b)(c*)", "^.",    "\\s+",       "b*",
                                        "\\w+$", ".*",     "[^a]",      "x|y|z", "(?i)[A-C]+", "a{2,3}" };
static const char *const rewrites[] = { "", "x", "\\0\\0", "<\\0>", "-" };

static void regex(fz_maker *m)
{
    const fz_id x = mostly(m, fz_chance(&m->r, 50) ? FZ_WORDS : FZ_SPACED, 0, 3);
    const char *const pattern = ONE_OF(m, patterns), *const rewrite = ONE_OF(m, rewrites);
    const char *const global = fz_chance(&m->r, 70) ? "true" : "false";

    switch (x < 0 ? 4 : fz_below(&m->r, 4)) {
    case 0:
        (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "StaticRegexReplace pattern='%s rewrite='%s replace_global=%s",
                     pattern, rewrite, global);
        break;
    case 1:
        (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "StaticRegexFullMatch pattern='%s", pattern);
        break;
    case 2:
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, one_string(m, pattern), one_string(m, rewrite) }),
                     "RegexReplace replace_global=%s", global);
        break;
    case 3:
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, one_string(m, pattern) }), "RegexFullMatch");
        break;
    default:
        break;
    }
}

static void substr(fz_maker *m)
{
    const fz_id x = any(m, 0, 3);
    int64_t pos[FZ_FEEDS][TD_MAX_RANK * 2], len[FZ_FEEDS][TD_MAX_RANK * 2];
    const bool starts = fz_chance(&m->r, 60);

    if (x < 0) return;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        pos[feed][0] = starts ? 0 : feed && fz_chance(&m->r, 70) ? pos[0][0] : fz_between(&m->r, -2, 2);
        len[feed][0] = feed && fz_chance(&m->r, 70) ? len[0][0] : fz_between(&m->r, 0, 9);
    }
    const fz_id p = fz_ints_of(m, TD_I32, 0, 1, (const int64_t(*)[TD_MAX_RANK * 2]) pos);
    fz_id n = fz_ints_of(m, TD_I32, 0, 1, (const int64_t(*)[TD_MAX_RANK * 2]) len), at = p;
    if (p < 0 || n < 0) return;
    if (fz_chance(&m->r, 30)) { /* as many as x has: of each half its length */
        const fz_id length = FZ_ADD(m, 0, ((fz_id[]){ x }), "StringLength");
        n = FZ_ADD(m, 0, ((fz_id[]){ length, fz_int(m, 2) }), "FloorDiv T=%%int32");
        at = fz_binary(m, "Mul", n, fz_int(m, 0));
        if (fz_chance(&m->r, 50)) at = n;
    }
    (void)FZ_ADD(m, 0, ((fz_id[]){ x, at, n }), "Substr T=%%int32 unit='%s",
                 fz_chance(&m->r, 70) ? "BYTE" : "UTF8_CHAR");
}

/* ---------------------------------------------------------------- several to one */

/* An attribute's text ends at a space. */
static const char *separator(fz_maker *m)
{
    static const char *const separators[] = { "", "-", "ab", "\xc3\xa9" };

    return ONE_OF(m, separators);
}

static void join(fz_maker *m)
{
    fz_id in[4];
    const unsigned n = 1 + fz_below(&m->r, 4);

    in[0] = any(m, 0, 4);
    if (in[0] < 0) return;
    for (unsigned k = 1; k < n; k++) {
        const fz_id old = fz_chance(&m->r, 20) ? fz_find(m, STRINGS, 0, 0) : -1;
        in[k] = old >= 0 ? old : fz_chance(&m->r, 20) ? in[0] : fz_noise_like(m, TD_STRING, in[0]);
    }
    (void)fz_add(m, 0, in, n, "StringJoin N=%u separator='%s", n, separator(m));
}

static void reduce_join(fz_maker *m)
{
    const fz_id x = any(m, 1, 4);
    int64_t axes[4];
    size_t n = 0;

    if (x < 0) return;
    for (int d = 0; d < fz_rank(m, x); d++)
        if (fz_chance(&m->r, 50)) axes[n++] = fz_chance(&m->r, 50) ? d : d - fz_rank(m, x);
    const fz_id by = fz_const_ints(m, 1, n, axes);
    (void)FZ_ADD(m, 0, ((fz_id[]){ x, by }), "ReduceJoin keep_dims=%s separator='%s",
                 fz_chance(&m->r, 50) ? "true" : "false", separator(m));
}

static void segment_join(fz_maker *m)
{
    const fz_id x = any(m, 1, 2);
    int64_t ids[24];

    if (x < 0 || fz_dim_varies(m, x, 0) || fz_dim(m, x, 0) > 24) return;
    for (int i = 0; i < fz_dim(m, x, 0); i++)
        ids[i] = fz_below(&m->r, 4);
    const fz_id at = fz_same_ints(m, 1, (size_t)fz_dim(m, x, 0), ids);
    if (at >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, at, fz_int(m, 4) }),
                     "UnsortedSegmentJoin Tindices=%%%s separator='%s", fz_type_name(m, at), separator(m));
}

/* ---------------------------------------------------------------- one to several */

/* indices, values and shape of a sparse tensor, made dense. */
static void make_dense(fz_maker *m, fz_id sparse)
{
    const char *const words[] = { "", "x", "none" };
    const fz_id fallback = one_string(m, ONE_OF(m, words));

    if (sparse < 0 || fallback < 0) return;
    const fz_id in[] = { sparse, sparse + 2, sparse + 1, fallback };
    (void)FZ_ADD(m, 0, in, "SparseToDense T=%%string Tindices=%%int64");
}

static void split(fz_maker *m)
{
    const char *const seps[] = { "", " ", "-", "a", "ab" };
    const fz_id x = mostly(m, FZ_SPACED, 1, 1), sep = one_string(m, ONE_OF(m, seps));

    if (x < 0 || sep < 0) return;
    const fz_id out = fz_chance(&m->r, 70) ? FZ_ADD(m, 0, ((fz_id[]){ x, sep }), "StringSplitV2 maxsplit=%d",
                                                    (int)fz_between(&m->r, -1, 2))
                                           : FZ_ADD(m, 0, ((fz_id[]){ x, sep }), "StringSplit skip_empty=%s",
                                                    fz_chance(&m->r, 50) ? "true" : "false");
    if (fz_chance(&m->r, 70)) make_dense(m, out);
}

/* TensorFlow Text's: characters to words, words to n-grams. */
static void tokenize(fz_maker *m)
{
    const fz_id x = mostly(m, fz_chance(&m->r, 60) ? FZ_SPACED : FZ_UNICODE, 1, 1);
    const char *const pattern = fz_chance(&m->r, 50) ? "-" : "";
    const int width = (int)fz_between(&m->r, 1, 3);

    if (x < 0) return;
    if (fz_chance(&m->r, 40)) {
        const fz_id chars =
            FZ_ADD(m, 0, ((fz_id[]){ x }), "UnicodeDecode input_encoding='UTF-8 errors='replace");
        if (chars < 0) return;
        const fz_id words = FZ_ADD(m, 0, ((fz_id[]){ chars + 1, chars }), "%s Tsplits=%%int64",
                                   fz_chance(&m->r, 50) ? "WhitespaceTokenizeWithOffsets"
                                                        : "UnicodeScriptTokenizeWithOffsets");
        if (words >= 0)
            (void)FZ_ADD(m, 0, ((fz_id[]){ words, words + 1 }), "UnicodeEncode output_encoding='UTF-8");
        return;
    }
    const fz_id words = FZ_ADD(m, 0, ((fz_id[]){ x, one_string(m, "[ -]+"), one_string(m, pattern) }),
                               "RegexSplitWithOffsets");
    if (words >= 0 && fz_chance(&m->r, 50))
        (void)FZ_ADD(m, 0, ((fz_id[]){ words, words + 3 }),
                     "TFText>NgramsStringJoin width=%d axis=-1 string_separator='%s RAGGED_RANK=1", width,
                     separator(m));
}

static void ngrams(fz_maker *m)
{
    const fz_id x = mostly(m, FZ_WORDS, 1, 1);
    const char *const widths[] = { "[1]", "[2]", "[1,2]", "[3]" };
    int64_t splits[5] = { 0 };

    if (x < 0 || fz_dim_varies(m, x, 0)) return;
    const int64_t n = fz_dim(m, x, 0);
    for (int i = 1; i < 4; i++)
        splits[i] = fz_between(&m->r, splits[i - 1], n);
    splits[4] = n;
    const fz_id s = fz_same_ints(m, 1, 5, splits);
    if (s >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, s }),
                     "StringNGrams separator='%s ngram_widths=%s left_pad='%s right_pad='%s pad_width=%d "
                     "preserve_short_sequences=%s Tsplits=%%%s",
                     separator(m), ONE_OF(m, widths), fz_chance(&m->r, 50) ? "<" : "",
                     fz_chance(&m->r, 50) ? ">" : "", (int)fz_between(&m->r, -1, 2),
                     fz_chance(&m->r, 50) ? "true" : "false", fz_type_name(m, s));
}

static void unicode(fz_maker *m)
{
    const fz_id x = mostly(m, FZ_UNICODE, 1, 1);
    const char *const splits = fz_chance(&m->r, 60) ? "int64" : "int32";
    const char *const encodings[] = { "UTF-8", "UTF-16-BE", "UTF-32-BE" };

    if (x < 0) return;
    const fz_id out = FZ_ADD(m, 0, ((fz_id[]){ x }), "%s input_encoding='UTF-8 errors='replace Tsplits=%%%s",
                             fz_chance(&m->r, 50) ? "UnicodeDecode" : "UnicodeDecodeWithOffsets", splits);
    if (out < 0) return;
    if (fz_chance(&m->r, 30)) (void)FZ_ADD(m, 0, ((fz_id[]){ out + 1 }), "UnicodeScript");
    if (fz_chance(&m->r, 60))
        (void)FZ_ADD(m, 0, ((fz_id[]){ out + 1, out }), "UnicodeEncode output_encoding='%s Tsplits=%%%s",
                     ONE_OF(m, encodings), splits);
}

/* ---------------------------------------------------------------- strings to numbers, and back */

static void measure(fz_maker *m)
{
    static const char *const forms[] = { "StringLength",
                                         "StringLength unit='UTF8_CHAR",
                                         "StringToHashBucketFast num_buckets=%d",
                                         "StringToHashBucket num_buckets=%d",
                                         "StringToHashBucketStrong num_buckets=%d key=[7,-9]",
                                         "SdcaFprint" };
    const char *const form = ONE_OF(m, forms);
    const fz_id x = any(m, form[1] == 'd', form[1] == 'd' ? 1 : 4);
    char text[96];

    if (x < 0) return;
    const char *const number = strchr(form, '%');
    if (number)
        (void)snprintf(text, sizeof text, "%.*s%d%s", (int)(number - form), form,
                       (int)fz_between(&m->r, 1, 50), number + 2);
    else
        (void)snprintf(text, sizeof text, "%s", form);
    (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "%s", text);
}

static void numbers(fz_maker *m)
{
    static const char *const types[] = { "float", "double", "int32", "int64" };

    if (fz_chance(&m->r, 40)) {
        const fz_id x = some(m, FZ_DIGITS, 0, 3);
        if (x >= 0) (void)FZ_ADD(m, 0, ((fz_id[]){ x }), "StringToNumber out_type=%%%s", ONE_OF(m, types));
        return;
    }
    const fz_id x = fz_pick(m, TD_INT_TYPES | TD_BOOL_TYPE, 0, 3);
    if (x < 0) return;
    const fz_id y =
        FZ_ADD(m, 0, ((fz_id[]){ x }), "AsString T=%%%s width=%d fill='%s", fz_type_name(m, x),
               fz_chance(&m->r, 50) ? -1 : (int)fz_below(&m->r, 9), fz_chance(&m->r, 30) ? "0" : "");
    if (y >= 0 && fz_type(m, x) != TD_BOOL && fz_chance(&m->r, 40))
        (void)FZ_ADD(m, 0, ((fz_id[]){ y }), "StringToNumber out_type=%%int64");
}

static void format(fz_maker *m)
{
    const fz_id x = any(m, 0, 2), y = fz_pick(m, TD_INT_TYPES | TD_BOOL_TYPE, 0, 2);

    if (x >= 0 && y >= 0)
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, y }),
                     "StringFormat T={%%string%%%s} template='a{}b{} placeholder='{} summarize=%d",
                     fz_type_name(m, y), (int)fz_between(&m->r, -1, 3));
}

/* ---------------------------------------------------------------- comparing, choosing */

static void compare(fz_maker *m)
{
    const fz_id x = mostly(m, FZ_WORDS, 0, 3);

    if (x < 0) return;
    const fz_id old = fz_find(m, STRINGS, 0, 0);
    const fz_id y = old >= 0 && fz_chance(&m->r, 40) ? old : fz_noise_like(m, TD_STRING, x);
    const fz_id is = y < 0 ? -1 : fz_binary(m, fz_chance(&m->r, 60) ? "Equal" : "NotEqual", x, y);
    if (is < 0) return;
    if (fz_chance(&m->r, 50))
        (void)FZ_ADD(m, 0, ((fz_id[]){ is, x, y }), "%s T=%%string",
                     fz_chance(&m->r, 60) ? "SelectV2" : "Select");
    if (fz_chance(&m->r, 30)) {
        const fz_id at = FZ_ADD(m, 0, ((fz_id[]){ is }), "Where T=%%bool");
        if (at >= 0) (void)FZ_ADD(m, 0, ((fz_id[]){ x, at }), "GatherNd Tparams=%%string Tindices=%%int64");
    }
}

static void unique(fz_maker *m)
{
    const fz_id x = mostly(m, FZ_WORDS, 1, 1);

    if (x < 0) return;
    const fz_id out = fz_chance(&m->r, 50)
                          ? FZ_ADD(m, 0, ((fz_id[]){ x }), "Unique T=%%string out_idx=%%int32")
                          : FZ_ADD(m, 0, ((fz_id[]){ x }), "UniqueWithCounts T=%%string out_idx=%%int64");
    if (out >= 0 && fz_chance(&m->r, 60))
        (void)FZ_ADD(m, 0, ((fz_id[]){ out, out + 1, fz_int(m, 0) }),
                     "GatherV2 Tparams=%%string Tindices=%%%s Taxis=%%int32", fz_type_name(m, out + 1));
}

/* ---------------------------------------------------------------- tables */

/* Keys that differ, as a table asks for. */
static td_tensor table_keys(fz_maker *m, td_dtype type, int64_t n)
{
    td_tensor t = fz_alloc(m, type, &(td_shape){ 1, { n } });

    for (int64_t i = 0; i < n; i++) {
        if (type != TD_STRING) {
            fz_set(&t, (size_t)i, (double)(i * 3 - 9));
            continue;
        }
        char word[16];
        size_t size = 0;
        for (int64_t k = i; k > 0; k = (k - 1) / 3)
            word[size++] = "abc"[(k - 1) % 3];
        ((td_string *)t.data)[i] = (td_string){ td_arena_strndup(m->model->arena, word, size), size };
    }
    return t;
}

static td_tensor table_values(fz_maker *m, td_dtype type, int64_t n)
{
    td_tensor t = fz_alloc(m, type, &(td_shape){ 1, { n } });

    if (type == TD_STRING) return strings_of(m, FZ_WORDS, &t.shape);
    for (int64_t i = 0; i < n; i++)
        fz_set(&t, (size_t)i, (double)fz_between(&m->r, -1, 20));
    return t;
}

static void table(fz_maker *m)
{
    static const td_dtype types[] = { TD_STRING, TD_I64, TD_STRING };
    const td_dtype key = ONE_OF(m, types), value = ONE_OF(m, types);
    const int64_t n = fz_between(&m->r, 0, 30);
    const td_shape one = { 0 };

    if (m->is_body || (key == TD_I64 && value == TD_I64)) return;
    const td_tensor keys = table_keys(m, key, n), values = table_values(m, value, n);
    const fz_id handle = fz_table(m, &keys, &values);
    const fz_id x = key == TD_STRING ? mostly(m, FZ_WORDS, 0, 3) : fz_pick(m, TD_DTYPE_BIT(TD_I64), 0, 3);
    const fz_id fallback = fz_noise_const(m, value, &one, FZ_USUAL);
    if (handle < 0 || x < 0) return;
    const fz_id found =
        FZ_ADD(m, 0, ((fz_id[]){ handle, x, fallback }), "LookupTableFindV2 Tin=%%%s Tout=%%%s",
               td_dtype_name(key), td_dtype_name(value));
    if (fz_chance(&m->r, 20)) (void)FZ_ADD(m, 0, ((fz_id[]){ handle }), "LookupTableSizeV2");
    if (key == TD_STRING && value == TD_I64 && fz_rank(m, x) == 1 && fz_chance(&m->r, 60))
        (void)FZ_ADD(m, 0, ((fz_id[]){ x, handle }),
                     "WordpieceTokenizeWithOffsets suffix_indicator='%s max_bytes_per_word=100 "
                     "use_unknown_token=%s unknown_token='?",
                     fz_chance(&m->r, 50) ? "##" : "", fz_chance(&m->r, 50) ? "true" : "false");
    if (found >= 0 && key == value && fz_chance(&m->r, 30)) /* again */
        (void)FZ_ADD(m, 0, ((fz_id[]){ handle, found, fallback }), "LookupTableFindV2 Tin=%%%s Tout=%%%s",
                     td_dtype_name(key), td_dtype_name(value));
}

const fz_production fz_text_ops[] = {
    { "change", 4, change },
    { "regex", 3, regex },
    { "substr", 3, substr },
    { "join", 5, join },
    { "reduce_join", 2, reduce_join },
    { "segment_join", 1, segment_join },
    { "split", 3, split },
    { "tokenize", 2, tokenize },
    { "ngrams", 1, ngrams },
    { "unicode", 2, unicode },
    { "measure", 3, measure },
    { "numbers", 3, numbers },
    { "format", 1, format },
    { "compare", 4, compare },
    { "unique", 2, unique },
    { "table", 3, table },
    { 0 },
};
