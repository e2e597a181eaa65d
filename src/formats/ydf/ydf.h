/* SPDX-License-Identifier: Apache-2.0 */
/* ydf.h -- models of Yggdrasil Decision Forests, which TensorFlow Decision Forests leaves among a SavedModel's assets.
 *
 * A model is a few files whose names begin alike:
 *
 *     header.pb                what kind of model it is, its task, its label and its input columns
 *     data_spec.pb             the columns: their types, and words of categories
 *     <kind>_header.pb         how many trees, and what is done with what they say
 *     nodes-00000-of-00001     a protocol buffer for each node, trees one after another, each from its root, the
 *                              negative branch of a node before the positive one
 *
 * Random forests (of which a lone tree is one), gradient boosted trees and isolation forests are read. Nothing of the
 * files is believed: what is made of them is bounded by their bytes.
 */
#ifndef TD_FORMATS_YDF_H
#define TD_FORMATS_YDF_H

#include "tensord/tensor.h"

#include "base/arena.h"
#include "kernels/forest/forest.h"

/* Kinds of input columns. In a row of the forest's cells they come in this order; a set has two cells. */
typedef enum td_ydf_bank {
    TD_YDF_NUMBERS = 0,
    TD_YDF_FLAGS,
    TD_YDF_CATEGORIES,
    TD_YDF_SETS,
    TD_YDF_BANKS
} td_ydf_bank;

/* What is made of the sums of a row. */
typedef enum td_ydf_end {
    TD_YDF_MEAN = 0, /* s / trees */
    TD_YDF_SHARES,   /* each but the first, of all of them */
    TD_YDF_PLAIN,    /* s + start */
    TD_YDF_EXP,      /* e^(s + start), within bounds */
    TD_YDF_SIGMOID,  /* 1 - p and p */
    TD_YDF_SOFTMAX,
    TD_YDF_ISOLATION, /* 2^-(s / trees / start) */
} td_ydf_end;

typedef struct td_ydf_model {
    td_forest forest;
    size_t columns[TD_YDF_BANKS];
    const uint32_t
        *values[TD_YDF_BANKS]; /* CATEGORIES, SETS: of each column, how many categories there are */
    td_ydf_end end;
    const float *start;     /* n_sums; SHARES, MEAN: NULL */
    const td_string *names; /* of outputs; views of the arena */
    size_t n_outputs;
} td_ydf_model;

/* Where the files are: file() gives the bytes of one, good until the model is read, by its name without the prefix. */
typedef struct td_ydf_source {
    td_status (*file)(void *ctx, const char *name, td_string *bytes);
    void *ctx;
    /* A missing value answers as each node says. Else as the library does, which has rules of its own where there are
     * oblique nodes, as long as nobody asks for leaves. */
    bool asks_each_node;
} td_ydf_source;

/* Reads a model; *out and all it has is in the arena. INVALID_ARGUMENT: it is damaged; UNIMPLEMENTED: of a kind, or with
 * a condition, that is not known, which the text names; RESOURCE_EXHAUSTED. */
TD_MUST_USE td_status td_ydf_read(const td_ydf_source *from, td_arena *arena, const td_ydf_model **out);

/* The same, of files in a folder whose names begin with prefix. NOT_FOUND: one is not there. */
TD_MUST_USE td_status td_ydf_load(const char *dir, td_string prefix, bool asks_each_node, td_arena *arena,
                                  const td_ydf_model **out);

#endif
