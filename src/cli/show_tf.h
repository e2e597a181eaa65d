/* SPDX-License-Identifier: Apache-2.0 */
/* show_tf.h -- what `saved_model_cli show` prints, word for word: scripts read it. */
#ifndef TD_CLI_SHOW_TF_H
#define TD_CLI_SHOW_TF_H

#include "formats/model.h"

typedef struct td_show_tf {
    const char *dir;
    const char *tag_set, *signature; /* NULL: not said */
    bool is_all, has_ops;
} td_show_tf;

/* To standard output. NOT_FOUND: no such file or tag set. INVALID_ARGUMENT: no such signature. */
TD_MUST_USE td_status td_show_tf_print(const td_show_tf *what);

/* Inputs, outputs and method, each line behind `indent`. says_more: than saved_model_cli does. */
void td_show_signature(const td_signature *s, const char *indent, bool says_more);

/* The meta graph of those tags; "": the one without any. td_model_file_free() it before budget goes. */
TD_MUST_USE td_status td_show_read(const char *dir, const char *tags, td_budget *budget, td_model_file **out);

#endif
