/* SPDX-License-Identifier: Apache-2.0 */
/* monitoring.c -- MonitoringConfig to the one thing it says. */
#include "config/monitoring.h"

#include <string.h>

#include "base/mem.h"
#include "config/text_config.h"
#include "tensorflow_serving/config/monitoring_config.pb-c.h"

static const char default_path[] = "/monitoring/prometheus/metrics";

static td_status take_path(const Tensorflow__Serving__PrometheusConfig *p, char **out)
{
    const char *const path = p && p->path[0] ? p->path : default_path;

    if (!p || !p->enable) return NULL;
    if (path[0] != '/' || strpbrk(path, "?# "))
        return TD_ERR(
            INVALID_ARGUMENT,
            "prometheus_config.path is \"%s\", which is no path of a URL: one begins with / and has no "
            "question mark, hash or blank, as in %s",
            path, default_path);
    *out = td_strdup(path);
    return NULL;
}

td_status td_monitoring_read(const char *path, char **prometheus_path)
{
    ProtobufCMessage *message;

    TD_TRY(td_text_config_read(path, &tensorflow__serving__monitoring_config__descriptor, &message));
    *prometheus_path = NULL;
    const td_status error =
        take_path(((const Tensorflow__Serving__MonitoringConfig *)(const void *)message)->prometheus_config,
                  prometheus_path);

    protobuf_c_message_free_unpacked(message, NULL);
    return error;
}
