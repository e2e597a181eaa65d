/* SPDX-License-Identifier: Apache-2.0 */
/* flex.h -- FlexBuffers, as far as TFLite files have them: a map from names to texts and whole numbers. */
#ifndef TD_FORMATS_TFLITE_FLEX_H
#define TD_FORMATS_TFLITE_FLEX_H

#include "tensord/tensor.h"

#include "base/arena.h"

typedef struct td_flex_entry {
    td_string key;
    td_string text; /* of texts; data NULL: a number, or something else */
    int64_t number; /* of numbers, bools too */
} td_flex_entry;

/* The entries, in arena; keys and texts stay in bytes. DATA_LOSS: it is no map, or is damaged. */
TD_MUST_USE td_status td_flex_map(td_string bytes, td_arena *arena, td_flex_entry **out, size_t *n);

#endif
