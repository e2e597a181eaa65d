/* SPDX-License-Identifier: Apache-2.0 */
/* precision.h -- the names of precisions, as flags and files say them. */
#ifndef TD_CONFIG_PRECISION_H
#define TD_CONFIG_PRECISION_H

#include "tensord/precision.h"
#include "tensord/status.h"

/* "fp32", "bf16", ...; TD_PRECISION_OF_FLAG for "" or NULL. INVALID_ARGUMENT begins with `what` and names those that there are. */
TD_MUST_USE td_status td_precision_parse(const char *what, const char *name, td_precision *out);
const char *td_precision_name(td_precision p); /* "fp32" where nothing is said */

#endif
