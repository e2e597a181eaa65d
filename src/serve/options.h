/* options.h -- what the serve room is told; made from flags and the model config file by src/config. */
#ifndef TD_SERVE_OPTIONS_H
#define TD_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum td_policy_kind { TD_POLICY_LATEST = 0, TD_POLICY_ALL, TD_POLICY_SPECIFIC } td_policy_kind;

typedef struct td_label {
    char *name;
    int64_t version;
} td_label;

typedef struct td_model_options {
    char *name;
    char *base_path;
    td_policy_kind policy;
    int64_t latest;    /* TD_POLICY_LATEST: how many, at least 1 */
    int64_t *versions; /* TD_POLICY_SPECIFIC */
    size_t n_versions;
    td_label *labels;
    size_t n_labels;
} td_model_options;

typedef struct td_serve_options {
    td_model_options *models;
    size_t n_models;
    const char *tags; /* --saved_model_tags */
    int threads;      /* compute threads a run may use; 0: one per core */
    bool prefer_bf16;
    int num_load_threads;               /* 0: chosen */
    int max_num_load_retries;           /* 5 */
    int64_t load_retry_interval_micros; /* 60 000 000; negative: no wait */
    int file_system_poll_wait_seconds;  /* 1; 0: scan once; negative: never */
    bool allow_version_labels_for_unavailable_models;
    bool enable_model_warmup;
} td_serve_options;

#endif
