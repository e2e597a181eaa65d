/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h -- what a server shows to those who come encrypted: certificates, which may be replaced while it serves. By OpenSSL,
 * TLS 1.2 and newer. */
#ifndef TD_NET_TLS_H
#define TD_NET_TLS_H

#include <stdint.h>

#include <openssl/ssl.h>

#include "tensord/status.h"

typedef struct td_tls td_tls;

/* path: a text SSLConfig (config/ssl_config.h). protocol: what is spoken inside, as ALPN names it: "h2". Clients that
 * offer others only are refused. INVALID_ARGUMENT: a key or certificate that is none, or not of each other. */
TD_MUST_USE td_status td_tls_make(const char *path, const char *protocol, td_tls **out);
void td_tls_free(td_tls *t); /* NULL is fine */
/* Reads the file again: what has changed is what later connections get. An error (also logged, once) changes nothing. */
void td_tls_look(td_tls *t); /* NULL is fine */

/* A connection's, to be freed by SSL_free(); NULL without memory. Any thread. */
SSL *td_tls_connection(td_tls *t);

#endif
