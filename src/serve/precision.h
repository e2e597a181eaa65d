/* SPDX-License-Identifier: Apache-2.0 */
/* precision.h -- what a log says of --precision and --mixed_precision, and of a model's own. */
#ifndef TD_SERVE_PRECISION_H
#define TD_SERVE_PRECISION_H

#include "tensord/precision.h"

/* What was asked for, and of bfloat16 whether this CPU computes in it; nothing of fp32. model NULL: for all of them. */
void td_precision_say(const char *model, td_precision p);

#endif
