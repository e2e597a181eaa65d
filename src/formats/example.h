/* SPDX-License-Identifier: Apache-2.0 */
/* example.h -- serialized tf.Example and tf.SequenceExample messages, walked where they lie. */
#ifndef TD_FORMATS_EXAMPLE_H
#define TD_FORMATS_EXAMPLE_H

#include "tensord/tensor.h"

#include "base/wire.h"

/* One feature of an Example: its kind and its list, still encoded. */
typedef struct td_feature {
    td_dtype kind;  /* TD_STRING, TD_F32, TD_I64; TD_DTYPE_NONE: not there, or empty */
    td_string list; /* the BytesList, FloatList or Int64List message */
} td_feature;

/* Finds features by name: out[i] for names[i]; those not there are cleared. The last of two of one name
 * counts. False when the bytes are no Example. */
bool td_example_find(td_string example, const td_string *names, size_t n, td_feature *out);

/* One FeatureList of a SequenceExample: a feature a step, still encoded. */
typedef struct td_feature_list {
    bool is_there;
    td_string bytes;
} td_feature_list;

/* The same of a SequenceExample: features of its context, and lists. */
bool td_sequence_find(td_string example, const td_string *names, size_t n, td_feature *out,
                      const td_string *lists, size_t n_lists, td_feature_list *out_lists);
/* The next step of w, which begins as td_wire_of(list bytes); false at the end, and when it is damaged (w->bad). */
bool td_feature_list_next(td_wire *w, td_feature *out);

/* How many values the list has; -1 when it is damaged. */
int64_t td_feature_count(const td_feature *f);
/* Writes them to out, which has room for td_feature_count(): td_string views, float, int64_t. */
void td_feature_read(const td_feature *f, void *out);

#endif
