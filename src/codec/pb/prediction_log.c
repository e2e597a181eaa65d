/* SPDX-License-Identifier: Apache-2.0 */
/* prediction_log.c -- PredictionLog { log_metadata = 1, oneof: see td_log_kind }, each of them { request = 1,
 * response = 2 }. */
#include "codec/pb/prediction_log.h"

enum { REQUEST = 1 };

static bool read_request(const td_wire_field *log, td_string *out)
{
    td_wire w = td_wire_inside(log);
    td_wire_field f;

    *out = (td_string){ 0 };
    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, REQUEST, TD_WIRE_BYTES)) *out = td_wire_text(&f);
    return !w.bad;
}

td_status td_prediction_log_read(td_string record, td_prediction_log *out)
{
    td_wire w = td_wire_of(record.data, record.size);
    td_wire_field f;

    *out = (td_prediction_log){ TD_LOG_NONE, { 0 } };
    while (td_wire_next(&w, &f)) {
        if (f.type != TD_WIRE_BYTES || f.number < TD_LOG_CLASSIFY || f.number > TD_LOG_PREDICT_STREAMED)
            continue;
        out->kind = (td_log_kind)f.number; /* a oneof: the last one counts */
        if (!read_request(&f, &out->request)) return TD_ERR(INVALID_ARGUMENT, "Damaged PredictionLog");
    }
    return w.bad ? TD_ERR(INVALID_ARGUMENT, "Damaged PredictionLog") : NULL;
}
