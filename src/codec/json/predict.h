/* SPDX-License-Identifier: Apache-2.0 */
/* predict.h -- the body of a REST :predict, and the answer to it.
 *
 *   open    what comes before the tensors: usually nothing, or the signature's name
 *   (the model is found, td_predict_open()ed on the signature)
 *   fill    the tensors, parsed in one pass straight to td_predict's inputs; the rest is checked
 *   put     the answer
 *
 * What is unusual (the signature's name behind the tensors, names given twice) and whatever is wrong makes a
 * step fail; then
 *
 *   survey  looks at all of the text. Its own error is what the client must hear: bad JSON comes before an
 *           unknown model, whatever failed first. Without one, the steps are taken again from the model on,
 *           and now their errors are final, with TensorFlow Serving's texts (tfserving.md 2.8).
 */
#ifndef TD_CODEC_JSON_PREDICT_H
#define TD_CODEC_JSON_PREDICT_H

#include "api/predict.h"
#include "codec/json/out.h"
#include "codec/json/scan.h"

typedef struct td_json_predict {
    const char *start, *end; /* the text, TD_JSON_PAD zero bytes behind it */
    td_arena *arena;
    td_string signature; /* size 0: none */
    const char *rows;    /* the value of "instances"; NULL: none seen yet */
    const char *columns; /* of "inputs" */
    bool has_signature;
    bool is_surveyed; /* all members are known */
} td_json_predict;

/* text must live until the request is over, or p->inputs are filled and none of them is of strings. Fails only when a survey is due; free the status, take it. */
TD_MUST_USE td_status td_json_predict_open(const char *text, size_t size, td_arena *arena,
                                           td_json_predict *out);
/* INVALID_ARGUMENT: "JSON Parse error: ...", no object, a signature's name that is no string. */
TD_MUST_USE td_status td_json_predict_survey(td_json_predict *r);
/* Fills p->inputs; elements may lie in the text. Without a survey any error only means that one is due. */
TD_MUST_USE td_status td_json_predict_fill(td_json_predict *r, td_predict *p);

/* Row form answers row form. INVALID_ARGUMENT: outputs whose types JSON has no words for, or that are no
 * rows. RESOURCE_EXHAUSTED without memory. */
TD_MUST_USE td_status td_json_predict_put(const td_json_predict *r, const td_predict *p, td_json_out *out);

#endif
