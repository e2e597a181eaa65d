/* SPDX-License-Identifier: Apache-2.0 */
/* load.h -- what a session is made of. */
#ifndef TD_EXEC_LOAD_H
#define TD_EXEC_LOAD_H

#include <stdatomic.h>

#include "base/file_map.h"
#include "exec/entry.h"
#include "formats/model.h"
#include "obs/loads.h"
#include "passes/pass.h"
#include "tensord/session.h"

/* Immutable once td_session_load() has returned, but for its counts and what its state is in. */
struct td_session {
    atomic_uint refs;
    td_model_file *file;
    td_pass pass;
    td_env env;
    td_budget budget;
    td_share share;        /* of core time */
    td_account account;    /* what it has of the process's memory */
    size_t constant_bytes; /* of that */
    td_file_map *assets;   /* by index into file->assets; kept mapped, so that a change of one is seen */
    td_load_series series; /* of its load */
    td_entry *entries;     /* by index into file->signatures */
};

void td_session_free(td_session *s);

#endif
