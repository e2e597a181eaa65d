/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_entry.h -- what the files that read a bundle share: an entry of its index. */
#ifndef TD_FORMATS_SAVEDMODEL_BUNDLE_ENTRY_H
#define TD_FORMATS_SAVEDMODEL_BUNDLE_ENTRY_H

#include "base/wire.h"
#include "formats/savedmodel/bundle.h"
#include "formats/savedmodel/slice.h"

enum { TD_ENTRY_SLICES = 7 }; /* BundleEntryProto.slices */

typedef struct td_bundle_entry {
    td_dtype dtype; /* TD_DTYPE_NONE: a type unknown here */
    td_shape shape;
    uint64_t shard, offset, size;
    uint32_t crc;
    bool is_sound;   /* the bytes are known to have that checksum */
    td_string bytes; /* for the slices */
    size_t n_slices;
} td_bundle_entry;

/* bundle.c. NOT_FOUND as TensorFlow words it. */
TD_MUST_USE td_status td_bundle_find(const td_bundle *b, td_string key, td_bundle_entry *out);
/* The bytes of an entry, inside a shard for certain. They stay mapped while the bundle lives. */
TD_MUST_USE td_status td_bundle_map(td_bundle *b, const td_bundle_entry *e, const uint8_t **out);

/* Names: for (size_t i = 0; td_bundle_next(b, &i, &key);) */
bool td_bundle_next(const td_bundle *b, size_t *i, td_string *key);

/* bundle_whole.c: a tensor that is stored in one piece. */
TD_MUST_USE td_status td_bundle_read_whole(td_bundle *b, const td_bundle_entry *e, td_tensor *out);

/* bundle_slices.c: a part of a tensor that is stored whole, and any part of one that is stored in slices. */
TD_MUST_USE td_status td_bundle_read_part(td_bundle *b, const td_bundle_entry *e, const td_slice *want,
                                          td_tensor *out);
TD_MUST_USE td_status td_bundle_read_partitioned(td_bundle *b, td_string key, const td_bundle_entry *full,
                                                 const td_slice *want, td_tensor *out);

#endif
