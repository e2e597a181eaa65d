/* SPDX-License-Identifier: Apache-2.0 */
/* ssl_config.h -- a text SSLConfig: key, certificate and who may ask, as PEM. Where it names files (server_key_file and its
 * like, tensord's own), what they hold. */
#ifndef TD_CONFIG_SSL_CONFIG_H
#define TD_CONFIG_SSL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "tensord/status.h"

typedef struct td_ssl_config {
    char *key, *cert; /* PEM; cert: the server's, and behind it those that lead to its root */
    char *ca;         /* PEM; "": none */
    bool client_verify;
    uint64_t hash; /* of all of it */
} td_ssl_config;

/* td_ssl_config_fini() it. INVALID_ARGUMENT: no such message, or one that is incomplete. */
TD_MUST_USE td_status td_ssl_config_read(const char *path, td_ssl_config *out);
void td_ssl_config_fini(td_ssl_config *c); /* the key is overwritten */

#endif
