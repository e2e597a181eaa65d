/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_model_config.c -- any bytes as a model_config_file; what is taken keeps its promises. */
#include "base/macros.h"
#include "config/model_config.h"
#include "driver.h"
#include "obs/log.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    td_model_options *models;
    size_t n;

    td_log_set_level(TD_LOG_ERROR + 1);
    if (!fuzz_end(td_model_config_parse((const char *)data, size, "models.config", &models, &n))) return;
    for (size_t i = 0; i < n; i++) {
        TD_ASSERT(models[i].name && models[i].base_path && models[i].base_path[0]);
        TD_ASSERT(models[i].policy != TD_POLICY_LATEST || models[i].latest >= 0);
    }
    td_models_free(models, n);
}
