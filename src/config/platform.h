/* SPDX-License-Identifier: Apache-2.0 */
/* platform.h -- files about sessions: --tensorflow_session_config_file, a text ConfigProto, and --platform_config_file, a text
 * PlatformConfigMap, which takes the place of all flags about sessions, batches and warm-up. Fields that mean
 * nothing here are passed over. */
#ifndef TD_CONFIG_PLATFORM_H
#define TD_CONFIG_PLATFORM_H

#include <stdbool.h>

#include "config/batching.h"
#include "tensord/status.h"

typedef struct td_platform {
    td_batching *batching; /* NULL: requests are not joined by rules */
    char *tags;            /* "a,b" */
    int threads;           /* of a run; 0: one per core */
    bool enable_model_warmup;
    int warmup_iterations; /* 0: one */
} td_platform;

/* td_platform_fini() it. INVALID_ARGUMENT: no such file, nothing in it about the platform "tensorflow", or wrong parameters. */
TD_MUST_USE td_status td_platform_read(const char *path, td_platform *out);
void td_platform_fini(td_platform *p);

/* Threads of a run, as a ConfigProto says; 0: it does not. */
TD_MUST_USE td_status td_session_config_read(const char *path, int *threads);

#endif
