/* SPDX-License-Identifier: Apache-2.0 */
/* record.h -- a run and the request for it, whatever protocol it came by, into the log of its model: a PredictionLog, framed
 * as a record of a TFRecord file. For td_flow_verb's record. */
#ifndef TD_CODEC_GRPC_RECORD_H
#define TD_CODEC_GRPC_RECORD_H

#include "api/flow.h"

void td_record_predict(const td_flow *f);
void td_record_classify(const td_flow *f);
void td_record_regress(const td_flow *f);

#endif
