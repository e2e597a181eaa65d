/* SPDX-License-Identifier: Apache-2.0 */
/* ssl_config.c -- see ssl_config.h. */
#include "config/ssl_config.h"

#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/text_config.h"
#include "tensorflow_serving/config/ssl_config.pb-c.h"

enum { PEM_LIMIT = 4 << 20 };

/* The text, or what the file holds. */
static td_status take_pem(const char *text, const char *file, const char *what, const char *path, char **out)
{
    size_t size;

    if (text[0] && file[0])
        return TD_ERR(INVALID_ARGUMENT, "%s: both %s and %s_file are given", path, what, what);
    if (!file[0]) {
        *out = td_strdup(text);
        return NULL;
    }
    return td_file_read(file, PEM_LIMIT, out, &size);
}

static td_status check(const td_ssl_config *c, const char *path)
{
    if (!c->key[0] || !c->cert[0])
        return TD_ERR(INVALID_ARGUMENT, "%s: there is no %s", path, c->key[0] ? "server_cert" : "server_key");
    if (c->client_verify && !c->ca[0])
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: client_verify needs custom_ca, which says whose certificates clients may show",
                      path);
    return NULL;
}

static uint64_t hash_text(const char *text, uint64_t seed)
{
    return td_hash_bytes(text, strlen(text) + 1, seed);
}

td_status td_ssl_config_read(const char *path, td_ssl_config *out)
{
    ProtobufCMessage *message;
    td_ssl_config c = { 0 };

    TD_TRY(td_text_config_read(path, &tensorflow__serving__sslconfig__descriptor, &message));
    const Tensorflow__Serving__SSLConfig *const m = (const void *)message;

    td_status error = take_pem(m->server_key, m->server_key_file, "server_key", path, &c.key);
    if (!error) error = take_pem(m->server_cert, m->server_cert_file, "server_cert", path, &c.cert);
    if (!error) error = take_pem(m->custom_ca, m->custom_ca_file, "custom_ca", path, &c.ca);
    c.client_verify = m->client_verify;
    explicit_bzero(m->server_key, strlen(m->server_key));
    protobuf_c_message_free_unpacked(message, NULL);
    if (!error) error = check(&c, path);
    if (error) {
        td_ssl_config_fini(&c);
        return error;
    }
    c.hash = hash_text(c.key, hash_text(c.cert, hash_text(c.ca, c.client_verify)));
    *out = c;
    return NULL;
}

void td_ssl_config_fini(td_ssl_config *c)
{
    if (c->key) explicit_bzero(c->key, strlen(c->key));
    td_free(c->key);
    td_free(c->cert);
    td_free(c->ca);
    *c = (td_ssl_config){ 0 };
}
