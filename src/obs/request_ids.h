/* SPDX-License-Identifier: Apache-2.0 */
/* request_ids.h -- what tells one request from all others, in logs of several machines: x-request-id, and W3C's
 * traceparent. An answer has those that its request had. */
#ifndef TD_OBS_REQUEST_IDS_H
#define TD_OBS_REQUEST_IDS_H

#include "tensord/tensor.h"

enum { TD_REQUEST_ID_MOST = 128, TD_TRACE_ID_SIZE = 32, TD_TRACEPARENT_MOST = 128 };

typedef struct td_request_ids {
    char request[TD_REQUEST_ID_MOST + 1]; /* the client's, or one that is made; "": none */
    char parent[TD_TRACEPARENT_MOST + 1]; /* traceparent, as it came; "": none */
    char trace[TD_TRACE_ID_SIZE + 1];     /* the trace id in it */
} td_request_ids;

/* From the values of both headers (NULL data: not sent). A request id with anything but visible ASCII, or more than
 * TD_REQUEST_ID_MOST bytes, is none; nor is a traceparent that is malformed or longer. makes: a request id where there
 * is none. */
void td_request_ids_take(td_request_ids *ids, td_string request_id, td_string traceparent, bool makes);

#endif
