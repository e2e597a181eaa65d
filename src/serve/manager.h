/* SPDX-License-Identifier: Apache-2.0 */
/* manager.h -- which versions of which models exist, which of them serve, and how they come and go.
 *
 * A version moves START -> LOADING -> AVAILABLE -> UNLOADING -> END. Loading happens on threads of the
 * manager's own; readers take a reference from an atomically swapped snapshot and never wait for a writer. A
 * version that fails to load never disturbs the one that serves.
 */
#ifndef TD_SERVE_MANAGER_H
#define TD_SERVE_MANAGER_H

#include "tensord/session.h"

#include "batch/batcher.h"

#include "obs/page.h"
#include "obs/request_log.h"
#include "obs/requests.h"
#include "serve/options.h"

typedef struct td_manager td_manager;
typedef struct td_servable td_servable; /* one AVAILABLE version, reference counted */

/* How a request names what it wants. Views; nothing is kept. */
typedef struct td_model_spec {
    td_string name;
    bool has_version;
    int64_t version;
    td_string label; /* size 0: none */
} td_model_spec;

/* TensorFlow Serving's numbers. */
typedef enum td_state {
    TD_STATE_UNKNOWN = 0,
    TD_STATE_START = 10,
    TD_STATE_LOADING = 20,
    TD_STATE_AVAILABLE = 30,
    TD_STATE_UNLOADING = 40,
    TD_STATE_END = 50,
} td_state;

const char *td_state_name(td_state s); /* "AVAILABLE" */

typedef struct td_version_status {
    int64_t version;
    td_state state;
    td_code code; /* of the load that failed last, also while the next try waits; TD_OK otherwise */
    char *text;
} td_version_status;

typedef struct td_model_health {
    char *name;
    bool is_ready; /* at least one version AVAILABLE */
    char *reason; /* why not: "loading version 3", the load error, "no version in /models/m"; "" when ready */
} td_model_health;

/* Starts loading what options say, on its own threads, and returns at once. */
TD_MUST_USE td_status td_manager_start(const td_serve_options *options, td_manager **out);
/* Blocks until the first load round has ended: every configured model is AVAILABLE, has failed, or has no
 * version. False: deadline_ns (td_now_ns() time) came first, or the manager stops. */
bool td_manager_wait_first_round(td_manager *m, int64_t deadline_ns);
/* The end is near: requests no longer wait for others to join them. NULL is fine. */
void td_manager_hurry(td_manager *m);
/* No more loads; waits for references to come back, at most until deadline_ns (td_now_ns() time), and a
 * moment for loads that run; then frees. False: some are left, and the manager with them; only the process's
 * end helps. NULL is fine. */
bool td_manager_stop(td_manager *m, int64_t deadline_ns);

/* Replaces the list of models, soon: the watcher does it. Models that stay keep their versions; those that
 * are gone are unloaded when their requests are answered. models is copied. The result is the list's number. */
uint64_t td_manager_configure(td_manager *m, const td_model_options *models, size_t n);

/* How long somebody waits: until deadline_ns (td_now_ns() time; 0: for as long as it takes), or until is_unwanted says
 * so, which is asked now and then (NULL: it never does). */
typedef struct td_patience {
    int64_t deadline_ns;
    bool (*is_unwanted)(void *ctx);
    void *ctx;
} td_patience;

/* The same, and blocks until each listed model has a version that serves or cannot have one, at the first try, and its
 * labels are set. The list stays replaced whatever the result is: UNKNOWN "1 model(s) did not become available:
 * {{name: m version: 1} due to error: ...}, }"; FAILED_PRECONDITION "Request to assign label to version 2 of model m,
 * which is not currently available for inference"; DEADLINE_EXCEEDED, CANCELLED: patience ended, and what
 * is still on its way; UNAVAILABLE: the manager stops. */
TD_MUST_USE td_status td_manager_reload(td_manager *m, const td_model_options *models, size_t n,
                                        const td_patience *patience);

/* Has all directories looked at for versions soon, also where nothing is polled. */
void td_manager_rescan(td_manager *m);
bool td_manager_has_model(td_manager *m, const char *name); /* is it configured? */

/* Takes a reference to the version that spec names; td_servable_release() it.
 * NOT_FOUND "Servable not found for request: Latest(m)" / "Specific(m, 9)" / INVALID_ARGUMENT "Unrecognized
 * servable version label: x". When the model is configured and its first version is still on its way:
 * *must_wait is set, nothing is returned in *out, and the result is NULL; the caller then goes where it may
 * block and calls td_manager_acquire_wait(). Never blocks. */
TD_MUST_USE td_status td_manager_acquire(td_manager *m, const td_model_spec *spec, td_servable **out,
                                         bool *must_wait);
/* The same, but waits for a first version at most until deadline_ns (0: 24 days): then UNAVAILABLE, saying
 * what is awaited. */
TD_MUST_USE td_status td_manager_acquire_wait(td_manager *m, const td_model_spec *spec, int64_t deadline_ns,
                                              td_servable **out);
void td_servable_release(td_servable *s); /* NULL is fine */

const char *td_servable_name(const td_servable *s);
int64_t td_servable_version(const td_servable *s);
td_session *td_servable_session(const td_servable *s);
td_batcher *td_servable_batcher(const td_servable *s);      /* NULL: none */
td_request_set *td_servable_requests(const td_servable *s); /* lives as long as s is held */
td_request_log *td_servable_log(const td_servable *s);      /* the same; NULL: none */

/* What counts a request that found no version: the model's that spec names, or nobody's. Lives as long as m. Never
 * blocks. */
td_request_set *td_manager_requests(td_manager *m, const td_model_spec *spec);

/* Every version ever seen of spec's model, or the one it names, highest first; td_manager_free_status() them.
 * NOT_FOUND "Could not find any versions of model m" / "Could not find version 5 of model m". Labels are
 * ignored, as TensorFlow Serving does. */
TD_MUST_USE td_status td_manager_status(td_manager *m, const td_model_spec *spec, td_version_status **out,
                                        size_t *n);
void td_manager_free_status(td_version_status *s, size_t n);

/* All configured models, by name. td_manager_free_health() them. */
void td_manager_health(td_manager *m, td_model_health **out, size_t *n);
void td_manager_free_health(td_model_health *h, size_t n);

typedef struct td_model_report {
    td_model_health health;
    td_version_status *versions; /* all that were ever seen, highest first */
    size_t n_versions;
    td_label *labels; /* those that name a version now */
    size_t n_labels;
} td_model_report;

/* All configured models, by name. td_manager_free_reports() them. */
void td_manager_reports(td_manager *m, td_model_report **out, size_t *n);
void td_manager_free_reports(td_model_report *r, size_t n);

/* Tells a page of metrics which models are ready, and the state of each version. */
void td_manager_tell(td_manager *m, td_page *p);

#endif
