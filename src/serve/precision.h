/* SPDX-License-Identifier: Apache-2.0 */
/* precision.h -- what a log says of --mixed_precision, and of a model's own. */
#ifndef TD_SERVE_PRECISION_H
#define TD_SERVE_PRECISION_H

/* Whether bfloat16, which was asked for, is what this CPU computes in. model NULL: for all of them. */
void td_precision_say(const char *model);

#endif
