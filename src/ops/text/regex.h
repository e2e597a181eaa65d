/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h -- regular expressions for string ops, by PCRE2.
 * TensorFlow's RE2 syntax is nearly a subset of PCRE2's. */
#ifndef TD_OPS_REGEX_H
#define TD_OPS_REGEX_H

#include "tensord/tensor.h"

typedef struct td_regex td_regex;

/* INVALID_ARGUMENT "Invalid pattern: ..., error: ..." */
TD_MUST_USE td_status td_regex_make(td_string pattern, td_regex **out);
void td_regex_free(td_regex *r); /* NULL is fine */

/* Does all of text match? Any number of threads may use one td_regex. */
TD_MUST_USE td_status td_regex_full_match(const td_regex *r, td_string text, bool *out);

typedef struct td_regex_match {
    size_t end;     /* of all that matched */
    td_string part; /* what its first group did; data NULL: nothing */
} td_regex_match;

/* The first match in text. *found stays false, too, where the pattern has no group. */
TD_MUST_USE td_status td_regex_find(const td_regex *r, td_string text, bool *found, td_regex_match *out);

/* The text with the first match, or every one, replaced by `rewrite` (\0 to \9 are groups, \\ a backslash).
 * The bytes come from alloc(ctx, size). */
TD_MUST_USE td_status td_regex_replace(const td_regex *r, td_string text, td_string rewrite, bool all,
                                       char *(*alloc)(void *ctx, size_t size), void *ctx, td_string *out);

#endif
