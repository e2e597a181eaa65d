/* SPDX-License-Identifier: Apache-2.0 */
/* load.h -- what a session is made of. */
#ifndef TD_EXEC_LOAD_H
#define TD_EXEC_LOAD_H

#include <stdatomic.h>

#include "base/file_map.h"
#include "exec/entry.h"
#include "exec/stash.h"
#include "exec/turn.h"
#include "formats/model.h"
#include "obs/loads.h"
#include "passes/pass.h"
#include "tensord/session.h"

/* The joint signature (joint.h) that one is part of, and where its outputs begin there. sig NULL: none. */
typedef struct td_join {
    const td_signature *sig;
    size_t first;
    bool is_looked_at;
} td_join;

/* Immutable once td_session_load() has returned, but for its counts and what its state is in. */
struct td_session {
    atomic_uint refs;
    td_model_file *file;
    td_pass pass;
    td_env env;
    td_budget budget;
    td_turn turn;          /* of runs that change its state */
    td_share share;        /* of core time */
    td_account account;    /* what it has of the process's memory */
    size_t constant_bytes; /* of that */
    td_file_map *assets;   /* by index into file->assets; kept mapped, so that a change of one is seen */
    td_stash *stash;       /* NULL: none */
    uint64_t stash_bytes;
    td_load_series series;    /* of its load */
    td_signature *signatures; /* the file's, and behind them joint ones */
    size_t n_signatures;      /* of both */
    td_entry *entries;        /* by index into signatures */
    td_join *joins;           /* by index into file->signatures */
};

void td_session_free(td_session *s);

/* Compiles what sig says into *e, while s is loaded. On failure what was made of it is the caller's all the same. */
TD_MUST_USE td_status td_load_entry(td_session *s, const td_signature *sig, td_entry *e);

#endif
