/* SPDX-License-Identifier: Apache-2.0 */
/* monitoring.h -- --monitoring_config_file, a text MonitoringConfig. */
#ifndef TD_CONFIG_MONITORING_H
#define TD_CONFIG_MONITORING_H

#include "tensord/status.h"

/* *prometheus_path: where TensorFlow Serving's metrics are to be shown (td_free() it); NULL: nowhere.
 * INVALID_ARGUMENT: no such message (td_text_config_read()), or a path that is none. */
TD_MUST_USE td_status td_monitoring_read(const char *path, char **prometheus_path);

#endif
