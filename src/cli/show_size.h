/* SPDX-License-Identifier: Apache-2.0 */
/* show_size.h -- where a model's bytes are. */
#ifndef TD_CLI_SHOW_SIZE_H
#define TD_CLI_SHOW_SIZE_H

#include <stdbool.h>

#include "tensord/status.h"

/* Prints the variables of the SavedModel at dir, largest first, which of them are there twice, and what its weights take in each
 * precision, for which it is loaded. */
TD_MUST_USE td_status td_show_size(const char *dir, const char *tags, bool is_json);

#endif
