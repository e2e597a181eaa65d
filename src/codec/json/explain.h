/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h -- why the tensors of a :predict do not fit its signature, in TensorFlow Serving's words. */
#ifndef TD_CODEC_JSON_EXPLAIN_H
#define TD_CODEC_JSON_EXPLAIN_H

#include "codec/json/predict.h"

/* r was surveyed, has rows or columns, and could not be read. Never NULL. */
TD_MUST_USE td_status td_json_explain(const td_json_predict *r, const td_predict *p);

#endif
