/* SPDX-License-Identifier: Apache-2.0 */
/* mistakes.h -- second sentences of errors: what there is, nearest to what was asked for first, and what the
 * signature says of an input. TensorFlow Serving's own text stays in front as it is. */
#ifndef TD_API_MISTAKES_H
#define TD_API_MISTAKES_H

#include "api/predict.h"
#include "base/strbuf.h"

/* "x, y, z" */
void td_list_aliases(td_string wanted, const td_tensor_info *infos, size_t n, td_strbuf *out);
/* Those that serve something: without "__saved_model_init_op" and its like. */
void td_list_signatures(td_string wanted, const td_session *s, td_strbuf *out);

/* "input x (float [?,8])": the words for one input in all these sentences. */
void td_describe_input(const td_tensor_info *info, td_strbuf *out);

/* A failed run: names the inputs whose shape is not what the signature declares, and strings that look like
 * base64 text. Shapes are never refused for it: many models take others than they declare. Takes error, returns
 * it or a longer one. */
TD_MUST_USE td_status td_explain_run(const td_predict *p, td_status error);

#endif
