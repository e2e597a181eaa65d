/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h -- which of the versions found are wanted. */
#ifndef TD_SERVE_POLICY_H
#define TD_SERVE_POLICY_H

#include "config/models.h"
#include "serve/discover.h"

/* Sets wanted[i] for each found[i] (lowest version first). Returns how many are wanted. */
size_t td_policy_choose(const td_model_options *model, const td_found *found, size_t n, bool *wanted);

#endif
