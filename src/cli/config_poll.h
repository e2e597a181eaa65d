/* SPDX-License-Identifier: Apache-2.0 */
/* config_poll.h -- --model_config_file_poll_wait_seconds: looks at the file again, and tells the manager. */
#ifndef TD_CLI_CONFIG_POLL_H
#define TD_CLI_CONFIG_POLL_H

#include "serve/manager.h"

typedef struct td_config_poll {
    const char *path;
    uint64_t hash; /* of the text last seen */
} td_config_poll;

/* A file that has changed and is right replaces the list of models; one that is wrong is logged, once, and
 * changes nothing. */
void td_config_poll_look(td_config_poll *p, td_manager *manager);

#endif
