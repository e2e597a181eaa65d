/* SPDX-License-Identifier: Apache-2.0 */
/* examples.h -- the body of a REST :classify or :regress, and the answers to it (tfserving.md 2.7).
 *
 * Examples come as JSON objects of features and are turned into serialized tf.Examples: strings become a
 * bytes_list, decimals a float_list, integers and booleans an int64_list; the first element of a list
 * decides. A context's features stand before those of each example. */
#ifndef TD_CODEC_JSON_EXAMPLES_H
#define TD_CODEC_JSON_EXAMPLES_H

#include "api/examples.h"
#include "codec/json/out.h"

typedef struct td_json_examples {
    td_string signature; /* size 0: none */
    td_string *items;    /* serialized, in the arena */
    size_t n;
} td_json_examples;

/* text has TD_JSON_PAD zero bytes behind it.
 * method is "classify" or "regress", for texts. INVALID_ARGUMENT. */
TD_MUST_USE td_status td_json_examples_parse(const char *text, size_t size, const char *method,
                                             td_arena *arena, td_json_examples *out);

void td_json_put_classes(const td_classes *classes, td_json_out *out);
void td_json_put_regressions(const float *values, size_t n, td_json_out *out);

#endif
