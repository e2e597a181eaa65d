/* SPDX-License-Identifier: Apache-2.0 */
/* config_poll.h -- what names the models, looked at again: --model_config_file now and then, if so told, or --models_dir;
 * either when SIGHUP asks for it. */
#ifndef TD_CLI_CONFIG_POLL_H
#define TD_CLI_CONFIG_POLL_H

#include "serve/manager.h"

typedef struct td_config_poll {
    const char *file, *directory; /* "": none; not both */
    uint64_t hash;                /* of what was last seen there */
} td_config_poll;

/* What has changed and is right replaces the list of models; what is wrong is logged, once, and changes nothing. */
void td_config_poll_look(td_config_poll *p, td_manager *manager);
/* The same whether it has changed or not, and all directories are looked at for versions. */
void td_config_poll_force(td_config_poll *p, td_manager *manager);

#endif
