/* SPDX-License-Identifier: Apache-2.0 */
/* models.h -- what is told of all models: readiness, and the list. */
#ifndef TD_CODEC_JSON_MODELS_H
#define TD_CODEC_JSON_MODELS_H

#include "codec/json/out.h"
#include "serve/manager.h"

/* {"ready": false, "draining": true, "models": {"m": {"ready": false, "reason": "..."}}} */
TD_MUST_USE td_status td_json_put_health(td_json_out *o, const td_model_health *health, size_t n,
                                         bool is_draining, bool is_ready);
/* {"models": [{"name": "m", "ready": true, "versions": [{"version": "3", "state": "AVAILABLE", "status": {"error_code":
 * "OK", "error_message": ""}, "labels": ["stable"]}]}]}: of a version, what its status has. */
TD_MUST_USE td_status td_json_put_models(td_json_out *o, const td_model_report *reports, size_t n);

#endif
