/* SPDX-License-Identifier: Apache-2.0 */
/* slice.h -- a rectangular part of a tensor: how it is written, what it is called in a bundle, and copying.
 *
 * A partitioned variable is one index entry for the whole, that lists its slices, and one for each slice. */
#ifndef TD_FORMATS_SAVEDMODEL_SLICE_H
#define TD_FORMATS_SAVEDMODEL_SLICE_H

#include "tensord/tensor.h"

#include "base/strbuf.h"
#include "base/wire.h"

typedef struct td_slice {
    int32_t rank;
    int64_t start[TD_MAX_RANK];
    int64_t length[TD_MAX_RANK]; /* of the dim: never "to the end" */
    bool is_full[TD_MAX_RANK];   /* written as "to the end", which its key remembers */
} td_slice;

/* All of a tensor. */
td_slice td_slice_whole(const td_shape *shape);
/* "0,17:-": start,length or - for every dim of shape. INVALID_ARGUMENT when it is no slice of it. */
TD_MUST_USE td_status td_slice_parse(td_string text, const td_shape *shape, td_slice *out);
/* A TensorSliceProto. */
TD_MUST_USE td_status td_slice_proto_read(const td_wire_field *f, const td_shape *shape, td_slice *out);

td_shape td_slice_shape(const td_slice *s);
bool td_slice_equal(const td_slice *a, const td_slice *b);                    /* the same part */
bool td_slice_intersect(const td_slice *a, const td_slice *b, td_slice *out); /* false: nothing in common */

/* Adds the index key of slice s of the variable called name: TensorFlow's OrderedCode. */
void td_slice_key(td_string name, const td_slice *s, td_strbuf *out);

/* Copies part, which lies in both, from the elements of slice `from` to those of slice `to`. */
void td_slice_copy(const td_slice *part, const td_slice *from, const void *from_data, const td_slice *to,
                   void *to_data, size_t element);

#endif
