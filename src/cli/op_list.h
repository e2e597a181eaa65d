/* SPDX-License-Identifier: Apache-2.0 */
/* op_list.h -- which ops a model needs to be served, and which of them tensord lacks. */
#ifndef TD_CLI_OP_LIST_H
#define TD_CLI_OP_LIST_H

#include "formats/model.h"

typedef struct td_needed_op {
    const char *name;
    const char *node; /* the first one that was met */
    size_t count;     /* nodes */
    bool is_missing;
} td_needed_op;

/* Ops that the signatures, the restoring of variables and the init op reach, through functions, too; sorted
 * by name, in m's arena. Each graph on the way is shown to `see`, "signature" and its name for instance; NULL
 * is fine. */
TD_MUST_USE td_status td_op_list_needed(td_model_file *m,
                                        void (*see)(const char *what, const char *name, const td_graph *g),
                                        td_needed_op **out, size_t *n);

/* The same of what one signature reaches, a constant condition's other branch too. */
TD_MUST_USE td_status td_op_list_of(td_model_file *m, const td_signature *sig, td_needed_op **out, size_t *n);

#endif
