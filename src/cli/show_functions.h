/* SPDX-License-Identifier: Apache-2.0 */
/* show_functions.h -- a model's Python functions, as `saved_model_cli show --all` prints them. */
#ifndef TD_CLI_SHOW_FUNCTIONS_H
#define TD_CLI_SHOW_FUNCTIONS_H

#include "formats/model.h"

/* Adds nothing for a model that was not written by TensorFlow 2. */
void td_show_functions(const td_model_file *m, td_strbuf *out);

#endif
