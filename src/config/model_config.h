/* SPDX-License-Identifier: Apache-2.0 */
/* model_config.h -- --model_config_file, or --model_name and --model_base_path, to a list of models. */
#ifndef TD_CONFIG_MODEL_CONFIG_H
#define TD_CONFIG_MODEL_CONFIG_H

#include <stdbool.h>

#include "config/models.h"
#include "tensord/status.h"

/* Which models are there already, when a list replaces another. */
typedef struct td_known_models {
    bool (*has)(void *ctx, const char *name);
    void *ctx;
} td_known_models;

/* Reads a text ModelServerConfig. td_models_free() the list. INVALID_ARGUMENT with TensorFlow Serving's
 * texts; text that does not parse is also logged, because its place in the file is not part of the status. */
TD_MUST_USE td_status td_model_config_read(const char *path, td_model_options **out, size_t *n);
TD_MUST_USE td_status td_model_config_parse(const char *text, size_t size, const char *path,
                                            const td_known_models *known, td_model_options **out, size_t *n);
/* The same of a serialized one, as a reload brings it; of models only. known may be NULL, here and above. */
TD_MUST_USE td_status td_model_config_unpack(const void *bytes, size_t size, const td_known_models *known,
                                             td_model_options **out, size_t *n);
/* A list of one. */
TD_MUST_USE td_status td_model_config_single(const char *name, const char *base_path, td_model_options **out,
                                             size_t *n);

#endif
