/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h -- the columns that a model was trained with (dataset.proto.DataSpecification), and fields that its other files
 * have, too. */
#ifndef TD_FORMATS_YDF_SPEC_H
#define TD_FORMATS_YDF_SPEC_H

#include "base/wire.h"
#include "formats/ydf/ydf.h"

/* As the protocol counts. */
typedef enum td_ydf_type {
    TD_YDF_NUMERICAL = 1,
    TD_YDF_CATEGORICAL = 4,
    TD_YDF_CATEGORICAL_SET = 5,
    TD_YDF_BOOLEAN = 7,
    TD_YDF_DISCRETIZED = 9,
} td_ydf_type;

#define TD_YDF_NO_CELL UINT32_MAX

typedef struct td_ydf_column {
    uint64_t type;
    td_string name;
    double mean;    /* of numbers */
    uint64_t usual; /* the most frequent category */
    uint64_t n_true, n_false;
    uint32_t n_values;       /* categories: from 0 up to these */
    bool is_integerized;     /* they have no words */
    td_wire categories;      /* CategoricalSpec, whole */
    const float *boundaries; /* DISCRETIZED; in the arena */
    size_t n_boundaries;
    uint32_t cell; /* of a row; TD_YDF_NO_CELL: it is no input */
} td_ydf_column;

typedef struct td_ydf_spec {
    td_ydf_column *columns;
    size_t n;
} td_ydf_spec;

TD_MUST_USE td_status td_ydf_spec_read(td_string bytes, td_arena *arena, td_ydf_spec *out);

/* The words of categories 1 and on of a column, in the arena. */
TD_MUST_USE td_status td_ydf_spec_words(const td_ydf_column *c, td_arena *arena, const td_string **out);

/* ---------------------------------------------------------------- fields */

TD_MUST_USE td_status td_ydf_damaged(const char *what);
/* Memory for n elements. RESOURCE_EXHAUSTED. */
TD_MUST_USE td_status td_ydf_alloc(td_arena *arena, size_t n, size_t elem, void *out);

float td_ydf_float(const td_wire_field *f);   /* of a FIXED32 */
double td_ydf_double(const td_wire_field *f); /* of a FIXED64 */

/* Numbers of a repeated field, packed or not, one after another. False at the end, and when it is damaged (bad). */
typedef struct td_ydf_list {
    td_wire w, packed;
    uint32_t number;
    td_wire_type type; /* of one element */
} td_ydf_list;

td_ydf_list td_ydf_list_of(td_wire w, uint32_t number, td_wire_type type);
bool td_ydf_list_next(td_ydf_list *l, uint64_t *bits);
static inline bool td_ydf_list_is_bad(const td_ydf_list *l)
{
    return l->w.bad || l->packed.bad;
}
/* How many there are. */
TD_MUST_USE td_status td_ydf_list_count(td_ydf_list l, size_t *n);
float td_ydf_bits_float(uint64_t bits);
double td_ydf_bits_double(uint64_t bits);

#endif
