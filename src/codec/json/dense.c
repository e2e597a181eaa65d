/* SPDX-License-Identifier: Apache-2.0 */
/* dense.c -- the inner loop of REST: an image is 150,000 numbers, three to a list.
 *
 * A list of the innermost level is a run: values and commas up to the bracket. Each type has a run of its
 * own, made from one body by the compiler.
 */
#include "codec/json/dense.h"

#include <math.h>
#include <string.h>

#include "codec/json/base64.h"
#include "codec/json/run.h"
#include "tensor/half.h"
#include "tensor/limits.h"
#include "tensor/parse_number.h"
#include "tensor/type_sets.h"

/* ---- one element ---- */

static const char *read_f64(const char *p, const char *end, double *out)
{
    const char *const behind = td_parse_f64(p, end, out);

    if (TD_UNLIKELY(!behind)) return td_json_read_special(p, out);
    return TD_LIKELY(!isinf(*out)) ? behind : NULL; /* "Number too big" */
}

static __attribute__((noinline)) const char *read_rare_f32(const char *p, const char *end, float *out)
{
    double v;
    const char *const behind = read_f64(p, end, &v);

    if (behind) *out = (float)v; /* too large for a float: infinity */
    return behind;
}

static __attribute__((noinline)) const char *read_half(const char *p, const char *end, td_dtype dtype,
                                                       void *out)
{
    double v;

    p = read_f64(p, end, &v);
    if (!p) return NULL;
    if (dtype == TD_F16)
        *(td_f16 *)out = td_f32_to_f16(td_f64_to_f32_odd(v));
    else
        *(td_bf16 *)out = td_f32_to_bf16(td_f64_to_f32_odd(v));
    return p;
}

static inline const char *read_f32(const char *p, const char *end, float *out)
{
    const char *const behind = td_parse_f32(p, end, out);

    return TD_LIKELY(behind && !isinf(*out)) ? behind : read_rare_f32(p, end, out);
}

static inline const char *read_i64_in(const char *p, const char *end, int64_t min, int64_t max, int64_t *out)
{
    int64_t v;
    const char *const behind = td_parse_i64(p, end, &v);

    if (TD_UNLIKELY(!behind || v < min || v > max)) return NULL;
    *out = v;
    return behind;
}

static const char *read_bool(const char *p, bool *out)
{
    *out = *p == 't';
    if (*out) return strncmp(p, "true", 4) ? NULL : p + 4;
    return strncmp(p, "false", 5) ? NULL : p + 5;
}

const char *td_json_read_b64(const char *p, td_json_raw *text)
{
    td_json_raw name;
    td_json_fault fault;

    if (*p != '{') return NULL;
    p = td_json_skip_space(p + 1);
    if (*p != '"') return NULL;
    p = td_json_skip_string(p, &name, &fault);
    if (!p || !td_json_raw_is(&name, (td_string){ "b64", 3 })) return NULL;
    p = td_json_skip_space(p);
    if (*p != ':') return NULL;
    p = td_json_skip_space(p + 1);
    if (*p != '"') return NULL;
    p = td_json_skip_string(p, text, &fault);
    if (!p) return NULL;
    p = td_json_skip_space(p);
    return *p == '}' ? p + 1 : NULL;
}

static bool read_base64(td_json_reader *r, const td_json_raw *raw, td_string *out)
{
    const td_string text = td_json_unescape(raw, r->arena);
    unsigned char *const bytes = text.data ? td_arena_try_alloc(r->arena, text.size / 4 * 3 + 3, 1) : NULL;
    size_t size;

    r->is_out_of_memory |= !bytes;
    if (!bytes || !td_base64_decode(text.data, text.size, bytes, &size)) return false;
    *out = (td_string){ (const char *)bytes, size };
    return true;
}

static const char *read_string(td_json_reader *r, const char *p, td_string *out)
{
    td_json_fault fault;
    td_json_raw raw;

    if (TD_LIKELY(*p == '"')) {
        p = td_json_skip_string(p, &raw, &fault);
        if (!p) return NULL;
        *out = td_json_unescape(&raw, r->arena);
        r->is_out_of_memory |= !out->data;
        return out->data ? p : NULL;
    }
    p = td_json_read_b64(p, &raw);
    return p && read_base64(r, &raw, out) ? p : NULL;
}

/* Elements of 8 and 16 bits take what fits in 32, and keep its low bits, as TensorFlow Serving does. */
static inline __attribute__((always_inline)) const char *read_element(td_json_reader *r, const char *p,
                                                                      td_dtype dtype, void *out)
{
    int64_t whole;

    switch (dtype) {
    case TD_F32:
        return read_f32(p, r->end, out);
    case TD_F64:
        return read_f64(p, r->end, out);
    case TD_I64:
        return td_parse_i64(p, r->end, out);
    case TD_U64:
        return td_parse_u64(p, r->end, out);
    case TD_I32:
        p = read_i64_in(p, r->end, INT32_MIN, INT32_MAX, &whole);
        if (p) *(int32_t *)out = (int32_t)whole;
        return p;
    case TD_U32:
        p = read_i64_in(p, r->end, 0, UINT32_MAX, &whole);
        if (p) *(uint32_t *)out = (uint32_t)whole;
        return p;
    case TD_I16:
    case TD_U16:
        p = read_i64_in(p, r->end, INT32_MIN, INT32_MAX, &whole);
        if (p) *(uint16_t *)out = (uint16_t)whole;
        return p;
    case TD_I8:
    case TD_U8:
        p = read_i64_in(p, r->end, INT32_MIN, INT32_MAX, &whole);
        if (p) *(uint8_t *)out = (uint8_t)whole;
        return p;
    case TD_BOOL:
        return read_bool(p, out);
    case TD_F16:
    case TD_BF16:
        return read_half(p, r->end, dtype, out);
    case TD_STRING:
        return read_string(r, p, out);
    default:
        return NULL;
    }
}

bool td_json_dense_takes(td_dtype dtype)
{
    const uint64_t good = TD_REAL_TYPES | TD_BOOL_TYPE | TD_DTYPE_BIT(TD_STRING);

    return (unsigned)dtype < 64 && (good & TD_DTYPE_BIT(dtype)) != 0;
}

/* ---- room ---- */

enum { DENSE_FIRST = 64 };

/* How many elements the text at p will have filled in at its end:
 * as dense as so far, but never more than one to two bytes. */
static size_t guess(const td_json_reader *r, const char *p, const td_json_dense *d)
{
    const double rate = (double)d->count / (double)(p - r->start + 1);
    const size_t left = (size_t)(r->end - p), at_most = d->count + left / 2 + 1;
    const double total = (double)d->count + rate * (double)left * 1.05;

    return TD_MIN((size_t)total + DENSE_FIRST, at_most);
}

static __attribute__((noinline)) bool make_room(td_json_reader *r, const char *p, td_json_dense *d)
{
    const size_t elem = td_dtype_size(d->dtype), most = (size_t)td_limits_elements();
    const size_t wish = d->count ? TD_MAX(guess(r, p, d), d->count * 2) : DENSE_FIRST;
    const size_t want = TD_MIN(wish, most + 1); /* one more, to see whether it comes */

    if (d->count > most) {
        r->is_too_much = true;
        return false;
    }
    char *const data = td_arena_try_alloc(r->arena, want * elem, TD_ALIGN);

    if (!data) {
        r->is_out_of_memory = true;
        return false;
    }
    if (d->count) memcpy(data, d->data, d->count * elem);
    d->data = data;
    d->capacity = want;
    return true;
}

/* ---- runs ---- */

/* p is at the first element of a list without lists; *n counts them. Returns what is behind the bracket. */
static inline __attribute__((always_inline)) const char *
read_run_of(td_json_reader *r, const char *p, td_json_dense *d, td_dtype dtype, size_t elem, size_t *n)
{
    const size_t first = d->count;

    if (!d->data && !make_room(r, p, d)) return NULL;
    char *out = d->data + first * elem;
    char *limit = d->data + d->capacity * elem;

    for (;;) {
        if (TD_UNLIKELY(out == limit)) {
            d->count = d->capacity;
            if (!make_room(r, p, d)) return NULL;
            out = d->data + d->count * elem;
            limit = d->data + d->capacity * elem;
        }
        p = read_element(r, p, dtype, out);
        if (TD_UNLIKELY(!p)) return NULL;
        out += elem;
        if (TD_UNLIKELY(td_json_is_space(*p))) p = td_json_skip_space(p);
        if (*p != ',') break;
        p++;
        p += *p == ' ';
        if (TD_UNLIKELY(td_json_is_space(*p))) p = td_json_skip_space(p);
    }
    d->count = (size_t)(out - d->data) / elem;
    *n = d->count - first;
    return *p == ']' ? p + 1 : NULL;
}

/* Floats, mostly by quick runs, which may pass over the ends of lists:
 * *lists counts them. n is of the last. */
static const char *read_run_f32(td_json_reader *r, const char *p, td_json_dense *d, size_t width, size_t *n,
                                size_t *lists)
{
    td_json_run run = { .p = p, .width = width };

    for (;;) {
        if (d->count == d->capacity && !make_room(r, run.p, d)) return NULL;
        float *const data = (float *)(void *)d->data;

        run.out = data + d->count;
        run.limit = data + d->capacity;
        td_json_run_f32(&run, r->end);
        d->count = (size_t)(run.out - data);
        if (!run.is_behind) {
            if (d->count == d->capacity) continue;
            run.p = read_f32(td_json_skip_space(run.p), r->end, run.out);
            if (TD_UNLIKELY(!run.p)) return NULL;
            d->count++;
            run.column++;
        }
        run.p = td_json_skip_space(run.p);
        if (*run.p != ',') break;
        run.p = td_json_skip_space(run.p + 1);
    }
    *n = run.column;
    *lists = run.lists;
    return *run.p == ']' ? run.p + 1 : NULL;
}

/* width: numbers of a list if others may follow that must be as long, else SIZE_MAX. */
static const char *read_run(td_json_reader *r, const char *p, td_json_dense *d, size_t width, size_t *n,
                            size_t *lists)
{
    if (TD_LIKELY(d->dtype == TD_F32)) return read_run_f32(r, p, d, width, n, lists);
#define RUN(type, size)                                                                                      \
    case type:                                                                                               \
        return read_run_of(r, p, d, type, size, n)
    switch (d->dtype) {
        RUN(TD_F64, 8);
        RUN(TD_I32, 4);
        RUN(TD_I64, 8);
        RUN(TD_U8, 1);
    default:
        return read_run_of(r, p, d, d->dtype, td_dtype_size(d->dtype), n);
    }
#undef RUN
}

static const char *read_scalar(td_json_reader *r, const char *p, td_json_dense *d)
{
    if (d->rank > 0) return NULL;
    d->rank = 0;
    if (d->count == d->capacity && !make_room(r, p, d)) return NULL;
    p = read_element(r, p, d->dtype, d->data + d->count * td_dtype_size(d->dtype));
    d->count += p != NULL;
    return p;
}

/* ---- lists ---- */

/* The list of a level has ended with so many values; the first one of each level decides. */
static inline bool take_size(td_json_dense *d, int level, size_t n)
{
    if (d->dims[level] < 0) d->dims[level] = (int64_t)n;
    return d->dims[level] == (int64_t)n;
}

/* p is behind a '['. A list without lists, the innermost level; *lists:
 * how many of them were read before the last. */
static inline const char *read_innermost(td_json_reader *r, const char *p, td_json_dense *d, int level,
                                         size_t *lists)
{
    size_t n = 0;

    *lists = 0;
    if (TD_UNLIKELY(d->rank != level + 1)) {
        if (d->rank >= 0) return NULL;
        d->rank = level + 1;
    }
    if (*p == ']') return take_size(d, level, 0) ? p + 1 : NULL;
    p = read_run(r, p, d, level && d->dims[level] > 0 ? (size_t)d->dims[level] : SIZE_MAX, &n, lists);
    return p && take_size(d, level, n) ? p : NULL;
}

const char *td_json_read_dense(td_json_reader *r, const char *p, td_json_dense *d)
{
    size_t n[TD_MAX_RANK];
    int level = 0; /* of the list that is open */
    size_t lists;

    if (*p != '[') return read_scalar(r, p, d);
    if (d->rank < 0)
        for (int i = 0; i < TD_MAX_RANK; i++)
            d->dims[i] = -1;
    for (;;) {
        p = td_json_skip_space(p + 1); /* behind a '[' */
        if (*p == '[') {
            n[level] = 0;
            if (++level == TD_MAX_RANK) return NULL;
            continue;
        }
        p = read_innermost(r, p, d, level, &lists);
        if (TD_UNLIKELY(!p)) return NULL;
        if (level) n[level - 1] += lists;

        for (;;) { /* a list of this level has ended: to the next one, or upward */
            if (!level) return p;
            n[level - 1]++;
            if (td_json_is_space(*p)) p = td_json_skip_space(p);
            if (*p == ',') {
                p++;
                if (td_json_is_space(*p)) p = td_json_skip_space(p);
                if (*p != '[') return NULL;
                break;
            }
            if (*p != ']' || !take_size(d, level - 1, n[level - 1])) return NULL;
            p++;
            level--;
        }
    }
}
