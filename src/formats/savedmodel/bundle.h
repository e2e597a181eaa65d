/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h -- the tensor bundle: variables.index (a LevelDB table) and its data shards.
 *
 * The index is read and checked whole; shards are mapped on first use and never read whole.
 * Thread-safe once open. */
#ifndef TD_FORMATS_SAVEDMODEL_BUNDLE_H
#define TD_FORMATS_SAVEDMODEL_BUNDLE_H

#include "tensord/tensor.h"

#include "base/arena.h"
#include "device/team.h"

typedef struct td_bundle td_bundle;

/* prefix: "<dir>/variables/variables". DATA_LOSS with file and offset for damage,
 * NOT_FOUND without an index. */
TD_MUST_USE td_status td_bundle_open(const char *prefix, td_bundle **out);
td_bundle *td_bundle_ref(td_bundle *b);
void td_bundle_unref(td_bundle *b);

/* Reads one tensor, or the slice of it that slice_spec names ("" or NULL: whole; "50 8 0,17:0,8"
 * as in RestoreV2's shape_and_slices). Whole fixed-size tensors that lie aligned in the file
 * come back as views of the mapping (their buffer holds the bundle); others are copied. The CRC
 * is checked. NOT_FOUND as TensorFlow words it. */
TD_MUST_USE td_status td_bundle_read(td_bundle *b, const char *key, const char *slice_spec, td_tensor *out);

/* Looks at the checksums of those that will be read soon, by all of team; reading them tells what it found. Any key, and no
 * team, are fine. */
void td_bundle_check_ahead(td_bundle *b, const td_string *keys, size_t n, td_team *team);

/* Somebody knows that its checksums are right: they are not compared any more. Before it is read. */
void td_bundle_trust(td_bundle *b);

/* What a bundle holds under one name. */
typedef struct td_bundle_item {
    const char *name;
    td_dtype dtype; /* TD_DTYPE_NONE: a type unknown here */
    td_shape shape;
    uint64_t bytes;
    const char *same_as; /* an item before it that is the same, byte by byte; NULL: there is none */
} td_bundle_item;

/* All of them, largest first; names live as long as the bundle, the array as the arena. DATA_LOSS. */
TD_MUST_USE td_status td_bundle_list(td_bundle *b, td_arena *arena, td_bundle_item **out, size_t *n);

#endif
