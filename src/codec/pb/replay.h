/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h -- recorded requests, run once more on a version that is to be warm. Nobody wants the answers. */
#ifndef TD_CODEC_GRPC_REPLAY_H
#define TD_CODEC_GRPC_REPLAY_H

#include "api/predict.h"

enum { TD_REPLAY_RECORDS = 1000 };

/* Runs each record of a TFRecord file of PredictionLogs `iterations` times (less than 1: once), as the server would, through
 * the batcher, too; whatever model and version it names. *records: how many have been run, on failure, too. The first that
 * fails ends it; UNIMPLEMENTED: of a kind that cannot be run. So do damage (DATA_LOSS; INVALID_ARGUMENT) and a record
 * beyond the most there may be (INVALID_ARGUMENT), with TensorFlow Serving's texts. Blocks. */
TD_MUST_USE td_status td_replay_file(td_servable *s, const char *path, int iterations, int64_t deadline_ns,
                                     size_t *records);

/* The same, but that each request is handed to a visitor, open and filled, instead of being run. */
typedef td_status td_replay_visit_fn(void *ctx, td_predict *p);
TD_MUST_USE td_status td_replay_visit(td_servable *s, const char *path, td_replay_visit_fn *visit, void *ctx,
                                      size_t *records);

#endif
