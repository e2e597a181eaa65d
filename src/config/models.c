/* SPDX-License-Identifier: Apache-2.0 */
/* models.c -- owning lists of models. */
#include "config/models.h"

#include <string.h>

#include "base/mem.h"

static void copy_model(const td_model_options *from, td_model_options *to)
{
    *to = *from;
    to->name = td_strdup(from->name);
    to->base_path = td_strdup(from->base_path);
    to->log_prefix = from->log_prefix ? td_strdup(from->log_prefix) : NULL;
    to->versions = TD_NEW_N(int64_t, from->n_versions);
    if (from->n_versions) memcpy(to->versions, from->versions, from->n_versions * sizeof *from->versions);
    to->labels = TD_NEW_N(td_label, from->n_labels);
    for (size_t i = 0; i < from->n_labels; i++)
        to->labels[i] = (td_label){ td_strdup(from->labels[i].name), from->labels[i].version };
}

td_model_options *td_models_copy(const td_model_options *models, size_t n)
{
    td_model_options *const copy = TD_NEW_N(td_model_options, n);

    for (size_t i = 0; i < n; i++)
        copy_model(&models[i], &copy[i]);
    return copy;
}

void td_models_free(td_model_options *models, size_t n)
{
    if (!models) return;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < models[i].n_labels; k++)
            td_free(models[i].labels[k].name);
        td_free(models[i].labels);
        td_free(models[i].versions);
        td_free(models[i].base_path);
        td_free(models[i].log_prefix);
        td_free(models[i].name);
    }
    td_free(models);
}
