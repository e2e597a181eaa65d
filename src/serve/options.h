/* SPDX-License-Identifier: Apache-2.0 */
/* options.h -- what the serve room is told; made from flags and the model config file by cli. */
#ifndef TD_SERVE_OPTIONS_H
#define TD_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/session.h"

#include "batch/batcher.h"
#include "config/models.h"

struct td_servable;

typedef struct td_serve_options {
    const td_model_options *models; /* copied by td_manager_start() */
    size_t n_models;
    const char *tags;                   /* --saved_model_tags; must outlive the manager */
    int threads;                        /* compute threads a run may use; 0: one per core */
    int num_load_threads;               /* 0: chosen */
    int num_unload_threads;             /* 0: one */
    int max_num_load_retries;           /* 5 */
    int64_t load_retry_interval_micros; /* 60 000 000; negative: no wait */
    int file_system_poll_wait_seconds;  /* 1; 0: scan once; negative: never */
    bool allow_version_labels_for_unavailable_models;
    bool prefers_tflite;    /* as td_session_options has it */
    td_precision precision; /* of models that say none */
    double max_error;       /* likewise; 0: any */
    bool enable_model_warmup;
    bool synthetic_warmup;      /* by rows of zeros, for versions without a warm-up file */
    int warmup_iterations;      /* runs of each record of a warm-up file; below 1: one */
    size_t request_log_bytes;   /* of a file of recorded requests */
    const char *plan_cache_dir; /* "": none; must outlive the manager */
    uint64_t plan_cache_bytes;
    int64_t max_load_nodes, max_load_bodies, max_load_bytes,
        max_load_seconds;   /* as td_session_options has them */
    td_batch_options batch; /* but for the rules and their threads */
    /* The rules, and whose threads run by them; NULL: none. Must outlive the manager. */
    const td_batching *batching;
    bool reads_batching; /* only the threads: a version brings its rules (TD_BATCHING_FILE), or has none */

    /* Runs what a warm-up file holds; *records: how many of them. NULL: such files are not read. */
    td_status (*replay)(struct td_servable *s, const char *path, int iterations, int64_t deadline_ns,
                        size_t *records);

    /* How sessions come and go; NULL: td_session_load() and td_session_unref(). For tests. */
    td_status (*load)(const char *path, const td_session_options *options, td_session **out);
    void (*unload)(td_session *session);
    /* NULL: td_session_signatures(), or none if load is set */
    const td_signature *(*signatures)(const td_session *session, size_t *n);
    td_status (*check)(td_session *session); /* NULL: td_session_check(), or nothing if load is set */
    /* Bytes. NULL: what its account has, or nobody knows if load is set */
    size_t (*memory)(td_session *session);
} td_serve_options;

#endif
