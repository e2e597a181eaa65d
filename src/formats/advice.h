/* SPDX-License-Identifier: Apache-2.0 */
/* advice.h -- what is at a path where a SavedModel was looked for in vain, and what to give instead. */
#ifndef TD_FORMATS_ADVICE_H
#define TD_FORMATS_ADVICE_H

#include "base/strbuf.h"

typedef enum td_path_use {
    TD_PATH_VERSION, /* a directory with a saved_model.pb: what `tensord run` and `tensord show` take */
    TD_PATH_BASE,    /* a directory of such directories, named by numbers: what --model_base_path takes */
} td_path_use;

/* Adds sentences, each with a blank before it; nothing when there is nothing to say. Reads directories. */
void td_path_advise(const char *path, td_path_use use, td_strbuf *out);

#endif
