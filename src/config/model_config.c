/* SPDX-License-Identifier: Apache-2.0 */
/* model_config.c -- ModelServerConfig to td_model_options, with TensorFlow Serving's checks. */
#include "config/model_config.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "config/batching.h"
#include "config/precision.h"
#include "config/text_config.h"
#include "config/unpack.h"
#include "obs/log.h"
#include "tensorflow_serving/config/model_server_config.pb-c.h"

typedef Tensorflow__Serving__ModelConfig model_config;
typedef Tensorflow__Serving__ModelServerConfig server_config;

/* ---------------------------------------------------------------- checks */

static const char file_scheme[] = "file://", platform[] = "tensorflow", log_to_files[] = "file";

/* The path of "file:///a", or path itself. */
static const char *local_part(const char *path)
{
    const size_t size = sizeof file_scheme - 1;

    return strncmp(path, file_scheme, size) == 0 ? path + size : path;
}

static td_status check_path(const char *name, const char *path)
{
    const char *const local = local_part(path);

    if (local != path && local[0] != '/')
        return TD_ERR(INVALID_ARGUMENT,
                      "Expected model %s to have an absolute path or URI; got base_path()=%s, which names no "
                      "directory of this machine: a file URI has three slashes, as in file:///models/%s",
                      name, path, name);
    if (local[0] != '/' && !strstr(local, "://"))
        return TD_ERR(INVALID_ARGUMENT,
                      "Expected model %s to have an absolute path or URI; got base_path()=%s", name, path);
    return NULL;
}

/* Of a model that is there: all are of the one platform. */
static td_status check_platform_change(const model_config *m, const td_known_models *known)
{
    const char *const asked = m->model_platform;

    if (!known || !asked[0] || !strcmp(asked, platform) || !known->has(known->ctx, m->name)) return NULL;
    return TD_ERR(
        INVALID_ARGUMENT,
        "Illegal to change a model's platform. For model %s platform was %s and new platform requested is %s",
        m->name, platform, asked);
}

static td_status check_platform(const model_config *m)
{
    const bool has_type = m->model_type != TENSORFLOW__SERVING__MODEL_TYPE__MODEL_TYPE_UNSPECIFIED;
    const bool has_platform = m->model_platform[0] != '\0';

    if (has_type && has_platform)
        return TD_ERR(INVALID_ARGUMENT,
                      "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                      "ModelServerConfig::model_platform, model name is %s",
                      m->name);
    if (!has_type && !has_platform)
        return TD_ERR(INVALID_ARGUMENT,
                      "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
                      "ModelServerConfig::model_platform, model name is %s",
                      m->name);
    if (has_type && m->model_type != TENSORFLOW__SERVING__MODEL_TYPE__TENSORFLOW)
        return TD_ERR(INVALID_ARGUMENT,
                      "ModelServerConfig::model_type choice %d not supported. It is that of model %s",
                      (int)m->model_type, m->name);
    if (has_platform && strcmp(m->model_platform, platform) != 0)
        return TD_ERR(INVALID_ARGUMENT, "Model %s requests unsupported platform %s", m->name,
                      m->model_platform);
    return NULL;
}

static td_status check_slo(const model_config *m)
{
    if (m->batch_latency_slo_ms >= 0.0f) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "batch_latency_slo_ms of model %s is %g, which is no time", m->name,
                  (double)m->batch_latency_slo_ms);
}

static td_status check_weight(const model_config *m)
{
    const double least = 0.01, most = 100;

    if (m->compute_weight == 0.0f || (m->compute_weight >= least && m->compute_weight <= most)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "compute_weight of model %s is %g; there are %g to %g", m->name,
                  (double)m->compute_weight, least, most);
}

static const char *const precisions[] = {
    [TD_PRECISION_OF_FLAG] = "", [TD_PRECISION_FLOAT32] = "float32", [TD_PRECISION_BFLOAT16] = "bfloat16"
};

/* TD_COUNT(precisions): it is none. */
static size_t mixed_precision_of(const model_config *m)
{
    size_t i = 0;

    while (i < TD_COUNT(precisions) && strcmp(m->mixed_precision, precisions[i]) != 0)
        i++;
    return i;
}

/* By either of two fields. */
static td_status read_precision(const model_config *m, td_precision *out)
{
    const size_t mixed = mixed_precision_of(m);
    char what[256];

    (void)snprintf(what, sizeof what, "precision of model %.200s", m->name);
    if (mixed == TD_COUNT(precisions))
        return TD_ERR(INVALID_ARGUMENT,
                      "mixed_precision of model %s is \"%s\"; there are bfloat16 and float32", m->name,
                      m->mixed_precision);
    TD_TRY(td_precision_parse(what, m->precision, out));
    if (mixed != TD_PRECISION_OF_FLAG && *out != TD_PRECISION_OF_FLAG && *out != (td_precision)mixed)
        return TD_ERR(INVALID_ARGUMENT, "precision of model %s is %s, and its mixed_precision %s", m->name,
                      m->precision, m->mixed_precision);
    if (*out == TD_PRECISION_OF_FLAG) *out = (td_precision)mixed;
    return NULL;
}

static td_status check_precision(const model_config *m)
{
    td_precision any;

    if (!(m->max_error >= 0.0f))
        return TD_ERR(INVALID_ARGUMENT, "max_error of model %s is %g, which is no error", m->name,
                      (double)m->max_error);
    return read_precision(m, &any);
}

/* A folder is no beginning of a file's name. */
static bool is_file_prefix(const char *prefix)
{
    const size_t size = strlen(prefix);

    return size > 0 && prefix[size - 1] != '/';
}

static td_status check_logging(const model_config *m)
{
    const Tensorflow__Serving__LoggingConfig *const c = m->logging_config;
    const Tensorflow__Serving__LogCollectorConfig *const to = c ? c->log_collector_config : NULL;
    const double rate = c && c->sampling_config ? c->sampling_config->sampling_rate : 0;

    if (!(rate >= 0 && rate <= 1))
        return TD_ERR(INVALID_ARGUMENT, "sampling_rate of model %s is %g; there are 0 to 1", m->name, rate);
    if (!to || !to->type[0]) return NULL;
    if (strcmp(to->type, log_to_files) != 0)
        return TD_ERR(
            INVALID_ARGUMENT,
            "log_collector_config of model %s has type \"%s\"; there are \"file\", and \"\" for none",
            m->name, to->type);
    if (!is_file_prefix(to->filename_prefix))
        return TD_ERR(
            INVALID_ARGUMENT,
            "log_collector_config of model %s has filename_prefix \"%s\", which begins no file's name",
            m->name, to->filename_prefix);
    return NULL;
}

static td_status check_models(model_config *const *models, size_t n, const td_known_models *known)
{
    td_map names = { 0 };
    td_status error = NULL;

    for (size_t i = 0; i < n && !error; i++) {
        if (td_map_put(&names, models[i]->name, models[i]))
            error = TD_ERR(INVALID_ARGUMENT, "Illegal to list model %s multiple times in config list",
                           models[i]->name);
        if (!error) error = check_path(models[i]->name, models[i]->base_path);
        if (!error) error = check_platform_change(models[i], known);
        if (!error) error = check_platform(models[i]);
        if (!error) error = check_slo(models[i]);
        if (!error) error = check_weight(models[i]);
        if (!error) error = check_precision(models[i]);
        if (!error) error = check_logging(models[i]);
    }
    td_map_fini(&names);
    return error;
}

/* ---------------------------------------------------------------- copies */

static void copy_policy(const model_config *from, td_model_options *to)
{
    const Tensorflow__Serving__FileSystemStoragePathSourceConfig__ServableVersionPolicy *const policy =
        from->model_version_policy;

    to->policy = TD_POLICY_LATEST;
    to->latest = 1;
    if (!policy) return;
    switch (policy->policy_choice_case) {
    case TENSORFLOW__SERVING__FILE_SYSTEM_STORAGE_PATH_SOURCE_CONFIG__SERVABLE_VERSION_POLICY__POLICY_CHOICE_ALL:
        to->policy = TD_POLICY_ALL;
        break;
    case TENSORFLOW__SERVING__FILE_SYSTEM_STORAGE_PATH_SOURCE_CONFIG__SERVABLE_VERSION_POLICY__POLICY_CHOICE_SPECIFIC:
        to->policy = TD_POLICY_SPECIFIC;
        to->n_versions = policy->specific->n_versions;
        to->versions = TD_NEW_N(int64_t, to->n_versions);
        for (size_t i = 0; i < to->n_versions; i++)
            to->versions[i] = policy->specific->versions[i];
        break;
    case TENSORFLOW__SERVING__FILE_SYSTEM_STORAGE_PATH_SOURCE_CONFIG__SERVABLE_VERSION_POLICY__POLICY_CHOICE_LATEST:
        to->latest = TD_MAX((int64_t)policy->latest->num_versions, 1);
        break;
    default:
        break;
    }
}

static void copy_labels(const model_config *from, td_model_options *to)
{
    to->labels = TD_NEW_N(td_label, from->n_version_labels);
    for (size_t i = 0; i < from->n_version_labels; i++) {
        const char *const key = from->version_labels[i]->key;
        size_t at = 0;

        while (at < to->n_labels && strcmp(to->labels[at].name, key) != 0)
            at++;
        if (at == to->n_labels) to->labels[to->n_labels++].name = td_strdup(key);
        to->labels[at].version = from->version_labels[i]->value; /* a map: the last one counts */
    }
}

static void copy_logging(const model_config *from, td_model_options *to)
{
    const Tensorflow__Serving__LoggingConfig *const c = from->logging_config;

    if (!c || !c->log_collector_config || strcmp(c->log_collector_config->type, log_to_files) != 0) return;
    to->log_prefix = td_strdup(c->log_collector_config->filename_prefix);
    to->log_rate = c->sampling_config ? c->sampling_config->sampling_rate : 0;
}

static td_status copy_models(model_config *const *models, size_t n, const td_known_models *known,
                             td_model_options **out)
{
    TD_TRY(check_models(models, n, known));
    td_model_options *const list = TD_NEW_N(td_model_options, n);

    for (size_t i = 0; i < n; i++) {
        list[i].name = td_strdup(models[i]->name);
        list[i].base_path = td_strdup(local_part(models[i]->base_path));
        copy_policy(models[i], &list[i]);
        copy_labels(models[i], &list[i]);
        list[i].batch_slo_ns = td_batch_slo_ns(models[i]->batch_latency_slo_ms);
        list[i].weight = models[i]->compute_weight;
        td_status_free(read_precision(models[i], &list[i].precision)); /* it was checked */
        list[i].max_error = (double)models[i]->max_error;
        copy_logging(models[i], &list[i]);
    }
    *out = list;
    return NULL;
}

/* ---------------------------------------------------------------- */

static td_status take_config(const server_config *config, const td_known_models *known,
                             td_model_options **out, size_t *n)
{
    const Tensorflow__Serving__ModelConfigList *list = NULL;

    if (config->config_case == TENSORFLOW__SERVING__MODEL_SERVER_CONFIG__CONFIG_CUSTOM_MODEL_CONFIG)
        return TD_ERR(INVALID_ARGUMENT, "ModelServer does not support custom model config.");
    if (config->config_case == TENSORFLOW__SERVING__MODEL_SERVER_CONFIG__CONFIG_MODEL_CONFIG_LIST)
        list = config->model_config_list;
    const size_t count = list ? list->n_config : 0;

    TD_TRY(copy_models(list ? list->config : NULL, count, known, out));
    *n = count;
    return NULL;
}

/* Takes config. */
static td_status end_config(ProtobufCMessage *config, const td_known_models *known, td_model_options **out,
                            size_t *n)
{
    const td_status error = take_config((const server_config *)(const void *)config, known, out, n);

    protobuf_c_message_free_unpacked(config, NULL);
    return error;
}

td_status td_model_config_parse(const char *text, size_t size, const char *path, const td_known_models *known,
                                td_model_options **out, size_t *n)
{
    ProtobufCMessage *config;

    TD_TRY(td_text_config_parse(text, size, path, &tensorflow__serving__model_server_config__descriptor,
                                &config));
    return end_config(config, known, out, n);
}

td_status td_model_config_read(const char *path, td_model_options **out, size_t *n)
{
    ProtobufCMessage *config;

    TD_TRY(td_text_config_read(path, &tensorflow__serving__model_server_config__descriptor, &config));
    return end_config(config, NULL, out, n);
}

td_status td_model_config_unpack(const void *bytes, size_t size, const td_known_models *known,
                                 td_model_options **out, size_t *n)
{
    ProtobufCMessage *message;

    TD_TRY(td_message_unpack(&tensorflow__serving__model_server_config__descriptor, bytes, size, &message));
    const server_config *const config = (const server_config *)(const void *)message;

    if (config->config_case == TENSORFLOW__SERVING__MODEL_SERVER_CONFIG__CONFIG_MODEL_CONFIG_LIST)
        return end_config(message, known, out, n);
    protobuf_c_message_free_unpacked(message, NULL);
    return TD_ERR(INVALID_ARGUMENT, "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
                                    "ModelConfigList is currently supported");
}

td_status td_model_config_single(const char *name, const char *base_path, td_model_options **out, size_t *n)
{
    TD_TRY(check_path(name, base_path));
    td_model_options *const list = TD_NEW(td_model_options);

    list->name = td_strdup(name);
    list->base_path = td_strdup(local_part(base_path));
    list->latest = 1;
    *out = list;
    *n = 1;
    return NULL;
}
