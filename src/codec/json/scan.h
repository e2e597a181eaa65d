/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h -- reading JSON text in place: white space, strings, values to be passed over.
 *
 * What is accepted and how faults are worded follows the reader of TensorFlow Serving (rapidjson with NaN and
 * Infinity): nesting may be as deep as the text is long, UTF-8 is not checked, bytes behind the root do not
 * matter. A NUL byte ends the text wherever it stands.
 *
 * Every text must be followed by TD_JSON_PAD readable zero bytes: loops then need no check for its end.
 */
#ifndef TD_CODEC_JSON_SCAN_H
#define TD_CODEC_JSON_SCAN_H

#include "base/arena.h"
#include "tensord/tensor.h"

enum { TD_JSON_PAD = 32 };

typedef struct td_json_fault {
    const char *text; /* "Invalid value." */
    const char *at;
} td_json_fault;

/* A string as it stands in the text, without its quotes. */
typedef struct td_json_raw {
    const char *data;
    size_t size;
    bool has_escapes;
} td_json_raw;

static inline bool td_json_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *td_json_skip_space(const char *p)
{
    while (td_json_is_space(*p))
        p++;
    return p;
}

/* Each reads one thing at p, where it must start, and returns the first byte behind it;
 * NULL: *fault says why. */
const char *td_json_skip(const char *p, const char *end, td_json_fault *fault); /* any value; iterative */
/* p is at the quote */
const char *td_json_skip_string(const char *p, td_json_raw *raw, td_json_fault *fault);

/* NaN, Infinity, Inf, -Infinity, -Inf, -NaN at p; NULL: none of them. */
const char *td_json_read_special(const char *p, double *out);

/* Behind the byte order mark, if there is one, and behind white space. */
const char *td_json_start(const char *text);

/* The string's bytes: the text itself, or without escapes in the arena; data is NULL without memory. raw must
 * be one that was skipped without a fault. */
td_string td_json_unescape(const td_json_raw *raw, td_arena *arena);
bool td_json_raw_is(const td_json_raw *raw, td_string want);

#endif
