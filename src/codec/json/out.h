/* SPDX-License-Identifier: Apache-2.0 */
/* out.h -- JSON being written: one buffer that grows.
 *
 * Without memory it takes no more and says so at the end (is_broken), so that writers need not look after
 * each piece.
 */
#ifndef TD_CODEC_JSON_OUT_H
#define TD_CODEC_JSON_OUT_H

#include <string.h>

#include "base/macros.h"
#include "tensord/tensor.h"

typedef struct td_json_out {
    char *data; /* NULL while empty */
    size_t size, capacity;
    bool is_broken;
} td_json_out;

/* Room for `more` bytes at data + size; false without memory. */
bool td_json_out_grow(td_json_out *o, size_t more);
void td_json_out_fini(td_json_out *o);
TD_MUST_USE td_status td_json_out_check(const td_json_out *o); /* RESOURCE_EXHAUSTED when it is broken */

static inline bool td_json_out_reserve(td_json_out *o, size_t more)
{
    return TD_LIKELY(more <= o->capacity - o->size) || td_json_out_grow(o, more);
}

static inline void td_json_put_bytes(td_json_out *o, const char *data, size_t size)
{
    if (!td_json_out_reserve(o, size)) return;
    if (size) memcpy(o->data + o->size, data, size);
    o->size += size;
}

/* As it is. */
#define TD_JSON_PUT(o, literal) td_json_put_bytes((o), "" literal, sizeof(literal) - 1)
void td_json_put_text(td_json_out *o, const char *text);
void td_json_put_format(td_json_out *o, const char *fmt, ...) TD_PRINTF(2, 3); /* at most 256 bytes */

/* In quotes and escaped; bytes that are not ASCII as they are: what is no UTF-8 can be no string of JSON. */
void td_json_put_string(td_json_out *o, td_string s);
bool td_json_is_utf8(td_string s);
/* Likewise, with U+FFFD for what is no UTF-8: texts of ours may hold a client's bytes, and be cut anywhere. */
void td_json_put_c_string(td_json_out *o, const char *s);
void td_json_put_base64(td_json_out *o, td_string s); /* {"b64": "..."} */

/* The value at p again, pretty-printed and cut, as texts of errors show it. The value was skipped without a
 * fault. Returns buf. */
enum { TD_JSON_DUMP = 256 + 1 };
char *td_json_dump(const char *p, char buf[TD_JSON_DUMP]);

#endif
