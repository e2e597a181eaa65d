/* SPDX-License-Identifier: Apache-2.0 */
/* state.h -- the manager's insides: models, their versions, and who may touch what.
 *
 * One mutex guards all of it; nothing slow happens under it. Records of versions are made by the watcher and
 * live until the manager ends, so a pointer to one stays good without the lock.
 *
 *             watcher: wanted          loader: begins        loader: done
 *   (nothing) --------------> START ------------> LOADING ------------> AVAILABLE
 *                               ^                  |  ^ retry               | not wanted, and another serves
 *                 wanted again, |           failed v  |                     v
 *                 or changed    +------------------- END <------------- UNLOADING
 *                                                          last reference came back
 *
 * A version that serves and whose model is to compute in another precision is loaded beside itself, and stays AVAILABLE
 * (precision.c).
 *
 * A version whose files are written to in place while it is AVAILABLE goes the same way, with an error, and
 * is loaded again when they have been left alone (check.c).
 *
 * 1. A version has a servable exactly while it is AVAILABLE or UNLOADING; the record holds a reference only
 *    while AVAILABLE, the table likewise.
 * 2. due_ns is set exactly while the version waits for a time: in START until its files are settled, in
 *    LOADING between two tries. Without it, a task on `loaders` owns the next step of START and LOADING.
 * 3. Whoever changes a state calls td_life_settle_locked() for the model and leaves through td_life_unlock(),
 * which publishes a new table.
 */
#ifndef TD_SERVE_STATE_H
#define TD_SERVE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mutex.h"
#include "batch/threads.h"
#include "device/pool.h"
#include "obs/metrics.h"
#include "serve/discover.h"
#include "serve/manager.h"
#include "serve/rcu.h"
#include "serve/table.h"
#include "serve/watch.h"

typedef struct td_model td_model;

typedef struct td_version {
    td_model *model;
    int64_t number;
    char *path; /* changes only while nothing loads it */
    td_state state;
    td_code code; /* of the last failed try */
    char *text;
    bool is_wanted;  /* by the policy, as of the last scan */
    bool was_wanted; /* as of the scan before (the watcher's own) */
    bool has_failed; /* a try of the present load has failed */
    int tries;       /* that have failed */
    int64_t due_ns;
    int64_t since_ns; /* when its files were first seen as they are (START), when the load began (LOADING) */
    int64_t load_ns;  /* what the last load took that succeeded */
    td_precision precision; /* as which it was loaded, or is being; so is the next */
    double max_error;
    bool is_replacing; /* it is being loaded beside itself */
    char *
        kept; /* why that failed, so that it stays what it is until there is another list; NULL: it did not */
    td_servable *servable; /* inv. 1 */
    td_series *tf_load;    /* NULL until its first load has ended, or where nobody asked for it */

    /* The watcher's own, for files that are still being written. */
    td_print seen;        /* at the last look */
    td_print tried;       /* before the last try; set by its loader under mu */
    int64_t next_look_ns; /* END after a failure: when to look again */
    int64_t look_gap_ns;
} td_version;

/* One label of the options. It keeps naming the version it named before
 * until the one it should name is there. */
typedef struct td_label_state {
    int64_t version;
    bool is_set;
} td_label_state;

struct td_model {
    td_manager *manager;
    td_model_options *options; /* owned, a list of one; replaced by the watcher */
    td_label_state *labels;    /* one per label of the options */
    bool is_removed;           /* no longer configured; what was loaded goes, its states stay */
    td_version **versions;     /* highest first */
    size_t n_versions;
    bool is_scanned;          /* at least once */
    bool is_round_over;       /* every version of the first scan has ended, one way or the other */
    char *problem;            /* why there is no version to load; NULL: there is one */
    td_request_set *requests; /* of those that find no version */
    td_series *loads;
    td_request_log *log;

    /* The watcher's own. */
    int64_t next_complaint_ns, complaint_gap_ns;
    bool has_warned_doubles, has_warned_missing;
};

struct td_manager {
    td_rcu rcu;
    _Atomic(td_table *) table; /* read inside of rcu, swapped under mu */

    td_serve_options options; /* without the models */

    td_mutex mu; /* guards the models and all below */
    td_cond changed;
    td_model **models; /* the watcher alone adds to the list; models live until the manager ends */
    size_t n_models;
    td_model_options *pending; /* a list that the watcher has yet to take over; NULL: none */
    size_t n_pending;
    bool is_scan_asked; /* all directories are to be looked at */
    /* Lists of models, counted: those given, the one in force, and whether its directories have been looked at. */
    uint64_t n_given, n_taken, n_looked_at;
    bool is_dirty; /* a new table is due */
    bool is_stopping;
    size_t n_loads;     /* on the pool, waiting or running */
    size_t n_servables; /* not unloaded yet */

    td_watch *watch;
    td_pool *loaders, *unloaders;
    td_request_logs *logs;
    td_batch_threads *batch_threads; /* NULL: no batch has rules */
    pthread_t watcher;
    bool has_watcher;
};

/* lifecycle.c. The caller holds the manager's mu (asserted: clang cannot follow v->model->manager). */
void td_life_settle_locked(td_model *model);
void td_life_start_locked(td_version *v, int64_t due_ns); /* due_ns 0: now */
void td_life_submit_locked(td_version *v);
/* No wanted version is on its way, but for those that have failed already and will be tried again. */
bool td_life_is_settled_locked(const td_model *model);
/* Makes and swaps in a table if one is due, wakes waiters, unlocks, gives up the old table. */
void td_life_unlock(td_manager *m) TD_RELEASE(m->mu);

/* One load of v, whose files are at path, as td_life_options_locked() says. *out has the only reference. */
TD_MUST_USE td_status td_life_load(td_version *v, const char *path, td_session_options *options,
                                   td_servable **out);
td_session_options td_life_options_locked(const td_version *v);
void td_life_step_back(void); /* loading gives way to serving; this thread is for nothing else */
void td_life_drop(td_manager *m, td_servable *s); /* it never served; NULL is fine */
void td_life_count_try(td_version *v, td_code code, int64_t ns);
/* What is to be kept of v's session; NULL: nothing. For td_life_save(), without the lock. */
td_session *td_life_to_save_locked(const td_version *v);
void td_life_save(td_manager *m, td_session *session); /* takes it */

/* An AVAILABLE version is no longer what was loaded: it goes, and shows why. */
void td_life_lose_locked(td_version *v, td_status why);

/* precision.c: versions that serve become what their model's options say now. */
void td_precision_settle_locked(td_model *model);
td_precision td_precision_of(const td_model *model); /* never TD_PRECISION_OF_FLAG */
double td_precision_max_error(const td_model *model);
/* Of a load in fewer bits: *layers, which the load is to have, are made, and measured with the warm-up file where that is asked for.
 * NULL: nothing of it. Blocks, as a load does. */
TD_MUST_USE td_status td_precision_begin(const td_version *v, const char *path,
                                         const td_session_options *options, int64_t deadline_ns,
                                         struct td_layers **layers);
/* Says in the log what became of them. */
void td_precision_end(const td_version *v, const struct td_layers *layers);

/* configure.c */
void td_configure_add(td_manager *m, const td_model_options *options);
td_model *td_configure_find(const td_manager *m, const char *name); /* NULL: there was never one */
/* The watcher: takes over `pending`; true when directories are to be looked at for it, or as somebody asked. */
bool td_configure_take(td_manager *m);
void td_configure_done(td_manager *m); /* the watcher has looked at them */
void td_configure_free(td_manager *m); /* models and what is pending */

/* status.c: the version that says most of why a model has none that serves: on its way, else failed; NULL: none is. */
const td_version *td_model_telling_locked(const td_model *model);
bool td_model_is_ready_locked(const td_model *model); /* one of its versions serves */

/* check.c: the watcher looks at the files of all that serves. */
void td_check_files(td_manager *m);

/* scan.c */
void *td_scan_loop(void *manager);

#endif
