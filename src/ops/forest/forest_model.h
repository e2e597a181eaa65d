/* SPDX-License-Identifier: Apache-2.0 */
/* forest_model.h -- a model of decision forests as a resource: made empty, loaded once, then asked by any thread. */
#ifndef TD_OPS_FOREST_MODEL_H
#define TD_OPS_FOREST_MODEL_H

#include "formats/ydf/ydf.h"
#include "ops/op.h"
#include "tensor/object.h"

extern const td_object_class td_forest_class;

td_object *td_forest_make(const char *name);

/* Where a model comes from, and what it is to answer. */
typedef struct td_forest_place {
    const char *dir;
    td_string prefix;
    bool has_leaves; /* numbers of leaves, too */
} td_forest_place;

/* Loads o. Once it has a model, it keeps that one: the same place again is fine, FAILED_PRECONDITION another. */
TD_MUST_USE td_status td_forest_load(td_object *o, const td_forest_place *from);

/* What o has; good as long as o is. FAILED_PRECONDITION: nothing so far. */
TD_MUST_USE td_status td_forest_of(td_object *o, const td_ydf_model **out, bool *has_leaves);

/* What a model answers, out [n, n_outputs], to sums [n, n_sums]. */
void td_forest_answer(const td_ydf_model *m, const double *sums, size_t n, float *out);

#endif
