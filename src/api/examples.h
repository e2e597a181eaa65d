/* SPDX-License-Identifier: Apache-2.0 */
/* examples.h -- the verbs classify and regress: tf.Examples in, classes or numbers out, through a td_predict:
 *
 *   open    -> a td_predict whose only input is the [n] vector of serialized Examples
 *   td_predict_run()
 *   result  -> views of the outputs, checked
 *   td_predict_close()
 */
#ifndef TD_API_EXAMPLES_H
#define TD_API_EXAMPLES_H

#include "api/predict.h"
#include "obs/requests.h"

/* Is sig meant for Classify, or Regress, and has it the inputs and outputs for it? INVALID_ARGUMENT: what is not as it should be. */
TD_MUST_USE td_status td_examples_check(const td_signature *sig, td_method verb);

/* The indices of the outputs that verb answers with -> want, which has room for all of sig's; how many. What it does not
 * answer with is not computed. */
size_t td_examples_want(const td_signature *sig, td_method verb, size_t *want);

/* The one input of p: n examples, borrowed. */
td_tensor td_examples_input(const td_string *examples, size_t n);

/* Opens for td_classify_result() or td_regress_result(). examples are borrowed until p
 * is closed, p owns servable as in td_predict_open(). INVALID_ARGUMENT: no examples, no
 * such signature, or one of another form. */
TD_MUST_USE td_status td_examples_open(td_servable *servable, td_method verb, td_string signature_name,
                                       const td_string *examples, size_t n, td_arena *arena, td_predict *p);

/* [n, per_row], row-major; labels or scores may be NULL (then "" and 0 are meant), not both. */
typedef struct td_classes {
    size_t n, per_row;
    const td_string *labels;
    const float *scores;
} td_classes;

/* Of a p that was run; INVALID_ARGUMENT when an output has another type or shape than the verb needs. */
TD_MUST_USE td_status td_classify_result(const td_predict *p, td_classes *out);
TD_MUST_USE td_status td_regress_result(const td_predict *p, const float **values, size_t *n);

#endif
