/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.h -- lookup tables: keys of one type to values of another, each value a small tensor.
 *
 * A resource (td_resources). Static tables are filled once, at load;
 * mutable ones at any time, under their lock. */
#ifndef TD_OPS_LOOKUP_H
#define TD_OPS_LOOKUP_H

#include "tensord/tensor.h"

#include "tensor/object.h"

typedef struct td_lookup td_lookup;

typedef struct td_lookup_kind {
    td_dtype key, value;
    td_shape value_shape; /* of one value */
    bool is_mutable;
    bool is_own; /* of one run, with which it goes */
} td_lookup_kind;

extern const td_object_class td_lookup_class;

td_lookup *td_lookup_make(const td_lookup_kind *kind, const char *name);
const td_lookup_kind *td_lookup_kind_of(const td_lookup *t);

/* The table behind element 0 of a resource tensor. */
TD_MUST_USE td_status td_lookup_of(const td_tensor *handle, td_lookup **out);

/* values[i] = the value of keys[i], or the i-th (or only) fallback; static tables use the first. String bytes of mutable tables are copied
 * by `copy(ctx, size)`. FAILED_PRECONDITION: a static table that nobody filled. */
TD_MUST_USE td_status td_lookup_find(td_lookup *t, const td_tensor *keys, const td_tensor *fallback,
                                     void *values, char *(*copy)(void *ctx, size_t size), void *ctx);
/* Is it a static table that is filled and outlives the run? Then nothing changes it any more. */
bool td_lookup_is_settled(td_lookup *t);
/* Keys [begin, end) of a settled table; any thread, without a lock. String bytes stay the table's. */
void td_lookup_find_settled(const td_lookup *t, const td_tensor *keys, const td_tensor *fallback,
                            void *values, size_t begin, size_t end);
/* Puts keys into a mutable table; `replace` empties it first, and passes over reserved keys. UNIMPLEMENTED: it is a static
 * one. */
TD_MUST_USE td_status td_lookup_put(td_lookup *t, const td_tensor *keys, const td_tensor *values,
                                    bool replace);
/* INVALID_ARGUMENT: a mutable table, which no initializer fills. */
TD_MUST_USE td_status td_lookup_fillable(const td_lookup *t);
/* Fills a static table, all or nothing; again with as many keys is no error and changes nothing.
 * FAILED_PRECONDITION: another number of them, or one key with two values. */
TD_MUST_USE td_status td_lookup_fill(td_lookup *t, const td_tensor *keys, const td_tensor *values);
/* UNIMPLEMENTED: a static table. */
TD_MUST_USE td_status td_lookup_remove(td_lookup *t, const td_tensor *keys);
/* From now on these two keys are refused by all of the above, but where keys replace others: INVALID_ARGUMENT. INVALID_ARGUMENT, too: they are no two
 * different keys of the table's type, or others were reserved before. */
TD_MUST_USE td_status td_lookup_reserve(td_lookup *t, const td_tensor *empty, const td_tensor *deleted);
int64_t td_lookup_size(td_lookup *t);
/* Writes the first n keys and values. ABORTED: there are no longer so many. */
TD_MUST_USE td_status td_lookup_export(td_lookup *t, void *keys, void *values, int64_t n,
                                       char *(*copy)(void *ctx, size_t size), void *ctx);
bool td_lookup_is_filled(td_lookup *t); /* a static table that was initialised */

#endif
