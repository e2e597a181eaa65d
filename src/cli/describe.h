/* SPDX-License-Identifier: Apache-2.0 */
/* describe.h -- documents of the verbs: signatures, and how they are printed. */
#ifndef TD_CLI_DESCRIBE_H
#define TD_CLI_DESCRIBE_H

#include "obs/document.h"
#include "tensord/session.h"

/* Adds "name", "method", "inputs" and "outputs": of each "name", "dtype", "shape", "tensor". */
void td_describe_signature(const td_signature *s, cJSON *into);
/* Adds "batchable", and "not_batchable": why, if it is not. loaded: s, as session has it. */
void td_describe_batchable(const td_session *session, const td_signature *loaded, cJSON *into);
/* Takes both, and prints d unless there is an error, which is returned. RESOURCE_EXHAUSTED: no memory for d. */
TD_MUST_USE td_status td_describe_print(cJSON *d, td_status error);

#endif
