/* SPDX-License-Identifier: Apache-2.0 */
/* strings.h -- what ops on strings share. */
#ifndef TD_OPS_STRINGS_H
#define TD_OPS_STRINGS_H

#include "formats/tensor_proto.h"
#include "ops/op.h"

static inline const td_string *td_strings_in(const td_call *c, uint32_t i)
{
    return td_in(c, i)->data;
}

/* td_string_alloc(), or the status that says it failed. */
TD_MUST_USE td_status td_text_alloc(td_call *c, size_t size, char **out);
/* td_arena_try_alloc() of n items, likewise; *out is a pointer to any type. */
TD_MUST_USE td_status td_text_rooms(td_call *c, size_t n, size_t size, void *out);
/* An array of such rooms that grows: *items, of which n are used, has room for one more. */
TD_MUST_USE td_status td_text_grow(td_call *c, size_t n, size_t size, size_t *room, void *items);
/* The only element of a string input; INVALID_ARGUMENT: "WHAT must be a scalar, but received [2]". */
TD_MUST_USE td_status td_text_scalar(const td_call *c, uint32_t i, const char *what, td_string *out);

/* t as a serialized TensorProto. */
TD_MUST_USE td_status td_text_of_tensor(td_call *c, const td_tensor *t, td_proto_strings how, td_string *out);

/* Where the first part that is `what`, of 1 byte or more, begins in s; NULL: there is none. */
const char *td_text_find(td_string s, td_string what);

/* Text, in white space, as a float, double, int32, int64, uint32 or uint64. Floats may be hexadecimal, infinite or NaN,
 * and those too large are infinities; integers are decimal and must fit. *ok: it is one. */
TD_MUST_USE td_status td_text_number(td_call *c, td_dtype dtype, td_string text, void *out, bool *ok);

/* The alphabet that is safe in URLs. */
extern const char td_base64_letters[];
/* What it says, padded or not. INVALID_ARGUMENT when it is none. */
TD_MUST_USE td_status td_text_of_base64(td_call *c, td_string text, td_string *out);

#endif
