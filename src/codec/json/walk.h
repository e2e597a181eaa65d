/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h -- walking objects member by member, without a DOM. */
#ifndef TD_CODEC_JSON_WALK_H
#define TD_CODEC_JSON_WALK_H

#include "base/strbuf.h"
#include "codec/json/scan.h"

bool td_json_raw_says(const td_json_raw *raw, const char *want);

/* "name": at p, which is at the quote; the result is at the value. NULL: something else stands there. */
const char *td_json_read_name(const char *p, td_json_raw *name);
/* Behind a value: at the next name, or NULL with *is_over set behind the last one. */
const char *td_json_read_comma(const char *p, bool *is_over);

/* Is the whole text JSON? INVALID_ARGUMENT "JSON Parse error: ... at offset: N". */
TD_MUST_USE td_status td_json_check(const char *start, const char *end);

/* The names in the object at p, of a text that is known to be good, for error texts: "a, b, c"; "none". The first
 * 8, and of each the first 100 bytes. */
void td_json_list_keys(const char *p, const char *end, td_strbuf *out);

#endif
