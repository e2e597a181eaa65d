/* SPDX-License-Identifier: Apache-2.0 */
/* vocabulary.h -- the entries of a lookup table from a text file, one a line.
 *
 * A column of the line, the whole line (-2) or its number (-1) is the key, another the value. What TensorFlow
 * refuses is refused with its words: a table with an entry too few answers, but wrongly. */
#ifndef TD_OPS_VOCABULARY_H
#define TD_OPS_VOCABULARY_H

#include "tensord/tensor.h"

#include "base/arena.h"

enum { TD_VOCABULARY_LINE = -2, TD_VOCABULARY_NUMBER = -1 };

typedef struct td_vocabulary {
    int64_t key_index, value_index;
    int64_t size;   /* how many lines are read; -1: all */
    int64_t offset; /* the first line's number */
    char delimiter;
    const char *name; /* the file's, for texts */
} td_vocabulary;

/* Can tables of these types be filled so? INVALID_ARGUMENT. */
TD_MUST_USE td_status td_vocabulary_check(const td_vocabulary *v, td_dtype key, td_dtype value);

/* Vectors of keys and values, whose types are set, from a file's text; in arena, strings in text.
 * INVALID_ARGUMENT: a line that is none, or too few of them; OUT_OF_RANGE: nothing to read. */
TD_MUST_USE td_status td_vocabulary_read(const td_vocabulary *v, td_string text, td_arena *arena,
                                         td_tensor *keys, td_tensor *values);

#endif
