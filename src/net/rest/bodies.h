/* SPDX-License-Identifier: Apache-2.0 */
/* bodies.h -- the verbs that a POST to a model may become, by what its body is written in. predict.c picks one. */
#ifndef TD_NET_REST_BODIES_H
#define TD_NET_REST_BODIES_H

#include "net/rest/server.h"

extern const td_flow_verb td_rest_predict_json, td_rest_classify_json, td_rest_regress_json; /* body_json.c */
extern const td_flow_verb td_rest_predict_message, td_rest_classify_message,
    td_rest_regress_message;                     /* body_message.c */
extern const td_flow_verb td_rest_predict_array; /* body_array.c */

/* What they share. Of an opened and filled p: to the output that the client names, as its form of reply needs. */
TD_MUST_USE td_status td_rest_predict_narrow(td_rest_request *r, td_predict *p);
td_status td_rest_predict_write(td_flow *f);
td_status td_rest_classify_write(td_flow *f); /* body_message.c */
td_status td_rest_regress_write(td_flow *f);

#endif
