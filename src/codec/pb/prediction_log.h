/* SPDX-License-Identifier: Apache-2.0 */
/* prediction_log.h -- tensorflow.serving.PredictionLog: a request that was recorded, and its answer. */
#ifndef TD_CODEC_GRPC_PREDICTION_LOG_H
#define TD_CODEC_GRPC_PREDICTION_LOG_H

#include "base/wire.h"
#include "tensord/status.h"

/* By their field's number. */
typedef enum td_log_kind {
    TD_LOG_NONE = 0,
    TD_LOG_CLASSIFY = 2,
    TD_LOG_REGRESS = 3,
    TD_LOG_MULTI_INFERENCE = 4,
    TD_LOG_SESSION_RUN = 5,
    TD_LOG_PREDICT = 6,
    TD_LOG_PREDICT_STREAMED = 7,
} td_log_kind;

typedef struct td_prediction_log {
    td_log_kind kind;
    td_string request; /* serialized: a view of the record */
} td_prediction_log;

/* INVALID_ARGUMENT: damaged. */
TD_MUST_USE td_status td_prediction_log_read(td_string record, td_prediction_log *out);

#endif
