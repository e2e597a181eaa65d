/* SPDX-License-Identifier: Apache-2.0 */
/* models.h -- what a configuration says about models: names, places, which versions, labels. */
#ifndef TD_CONFIG_MODELS_H
#define TD_CONFIG_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/precision.h"

typedef enum td_policy_kind { TD_POLICY_LATEST = 0, TD_POLICY_ALL, TD_POLICY_SPECIFIC } td_policy_kind;

typedef struct td_label {
    char *name;
    int64_t version;
} td_label;

typedef struct td_model_options {
    char *name;
    char *base_path;
    td_policy_kind policy;
    int64_t latest;    /* TD_POLICY_LATEST: how many; below 1 is 1 */
    int64_t *versions; /* TD_POLICY_SPECIFIC */
    size_t n_versions;
    bool is_flat; /* base_path is no directory of versions, but version 1 itself */
    td_label *labels;
    size_t n_labels;
    int64_t batch_slo_ns; /* 0: nothing is said of it */
    char *log_prefix;     /* of files that requests are recorded in; NULL: they are not */
    double log_rate;      /* the part of them that is */
    double weight;        /* how many times the core time of others it gets where they compete; 0: 1 */
    td_precision precision;
    double max_error; /* of a layer; 0: nothing is said of it */
} td_model_options;

td_model_options *td_models_copy(const td_model_options *models, size_t n);
void td_models_free(td_model_options *models, size_t n); /* the array, too; NULL is fine */

#endif
