/* SPDX-License-Identifier: Apache-2.0 */
/* dense.h -- nested lists of one type, from text straight to rows.
 *
 * One pass, no tree: elements are put where the tensor will have them, and the first list of each level says
 * how long the others must be. A dense can be read in pieces (the rows of an object list), each of which must
 * have the shape of the first. What does not fit is only said to be wrong; json_explain.c finds the words.
 */
#ifndef TD_CODEC_JSON_DENSE_H
#define TD_CODEC_JSON_DENSE_H

#include "base/arena.h"
#include "codec/json/scan.h"

typedef struct td_json_dense {
    td_dtype dtype;
    int rank; /* of a piece; -1: not known yet */
    int64_t dims[TD_MAX_RANK];
    char *data;             /* in the arena; NULL: no element yet */
    size_t count, capacity; /* elements */
} td_json_dense;

typedef struct td_json_reader {
    td_arena *arena;
    const char *start, *end; /* the text in which tensors lie, for guessing how many elements will come */
    bool is_out_of_memory;
    bool is_too_much; /* more elements than there may be: tensor/limits.h */
} td_json_reader;

/* Reads one value at p. NULL: it does not fit, or there is no memory; d is of no use then. Strings without
 * escapes stay where they are. */
const char *td_json_read_dense(td_json_reader *r, const char *p, td_json_dense *d);

/* Whether the value at p is {"b64": "..."} and nothing else; *text is then the string, the result the first
 * byte behind the object. NULL: something else. */
const char *td_json_read_b64(const char *p, td_json_raw *text);

bool td_json_dense_takes(td_dtype dtype); /* a type that JSON can carry */

#endif
