/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c -- see tls.h. */
#include "net/tls/tls.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "base/mutex.h"
#include "config/ssl_config.h"
#include "obs/log.h"

struct td_tls {
    char *path;
    const char *protocol;
    td_mutex mu;
    SSL_CTX *now;        /* guarded by mu, as what follows */
    uint64_t hash;       /* of the configuration that it was made of */
    bool has_complained; /* of the present file */
};

/* The oldest error that OpenSSL has to tell; it forgets all. */
static const char *reason(void)
{
    const unsigned long code = ERR_get_error();
    const char *const text = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return text ? text : "unknown reason";
}

/* ---- a context ---- */

static BIO *open_text(const char *text)
{
    BIO *const b = BIO_new_mem_buf(text, -1);

    TD_ASSERT(b);
    return b;
}

/* Nobody is there to be asked for a key's password. */
static int no_password(char *to, int size, int is_writing, void *ctx)
{
    (void)to;
    (void)size;
    (void)is_writing;
    (void)ctx;
    return -1;
}

static td_status use_key(SSL_CTX *ctx, const char *pem)
{
    BIO *const b = open_text(pem);
    EVP_PKEY *const key = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
    const bool is_good = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;

    EVP_PKEY_free(key);
    BIO_free(b);
    return is_good ? NULL : TD_ERR(INVALID_ARGUMENT, "server_key is no private key: %s", reason());
}

/* The first certificate is the server's, others lead to its root. */
static td_status use_certificates(SSL_CTX *ctx, const char *pem)
{
    BIO *const b = open_text(pem);
    X509 *const own = PEM_read_bio_X509_AUX(b, NULL, no_password, NULL);
    bool is_good = own && SSL_CTX_use_certificate(ctx, own) == 1;

    X509_free(own);
    for (X509 *more; is_good && (more = PEM_read_bio_X509(b, NULL, no_password, NULL));) {
        is_good = SSL_CTX_add0_chain_cert(ctx, more) == 1;
        if (!is_good) X509_free(more);
    }
    BIO_free(b);
    if (!is_good) return TD_ERR(INVALID_ARGUMENT, "server_cert is no certificate: %s", reason());
    ERR_clear_error(); /* the end of the text is one */
    return NULL;
}

static td_status use_roots(SSL_CTX *ctx, const char *pem, bool is_needed)
{
    BIO *const b = open_text(pem);
    X509_STORE *const store = SSL_CTX_get_cert_store(ctx);
    size_t n = 0;

    for (X509 *one; (one = PEM_read_bio_X509(b, NULL, no_password, NULL)); X509_free(one))
        n += X509_STORE_add_cert(store, one) == 1 && SSL_CTX_add_client_CA(ctx, one) == 1;
    BIO_free(b);
    ERR_clear_error();
    if (pem[0] && !n) return TD_ERR(INVALID_ARGUMENT, "custom_ca holds no certificate");
    if (is_needed) SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return NULL;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *offered, unsigned size, void *protocol)
{
    const size_t want = strlen(protocol);

    (void)ssl;
    for (unsigned at = 0; at < size; at += 1u + offered[at]) {
        if (offered[at] != want || at + 1 + want > size || memcmp(offered + at + 1, protocol, want) != 0)
            continue;
        *out = offered + at + 1;
        *out_size = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void set_up(SSL_CTX *ctx, const char *protocol)
{
    static const unsigned char id[] = "tensord";

    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF); /* HTTP says itself where a message ends */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, (void *)(uintptr_t)protocol);
}

static td_status make_context(const td_ssl_config *c, const char *protocol, SSL_CTX **out)
{
    SSL_CTX *const ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx) return TD_ERR(RESOURCE_EXHAUSTED, "OpenSSL: %s", reason());
    set_up(ctx, protocol);
    td_status error = use_certificates(ctx, c->cert);
    if (!error) error = use_key(ctx, c->key);
    if (!error && SSL_CTX_check_private_key(ctx) != 1)
        error = TD_ERR(INVALID_ARGUMENT, "server_key and server_cert do not belong together: %s", reason());
    if (!error) error = use_roots(ctx, c->ca, c->client_verify);
    if (error)
        SSL_CTX_free(ctx);
    else
        *out = ctx;
    return error;
}

/* ---- that may change ---- */

/* Takes ctx. */
static void replace(td_tls *t, SSL_CTX *ctx)
{
    td_mutex_lock(&t->mu);
    SSL_CTX *const old = t->now;

    t->now = ctx;
    td_mutex_unlock(&t->mu);
    SSL_CTX_free(old); /* connections hold it as long as they need it */
}

static td_status look(td_tls *t)
{
    td_ssl_config c;
    SSL_CTX *ctx = NULL;

    TD_TRY(td_ssl_config_read(t->path, &c));
    const bool is_new = c.hash != t->hash;
    td_status error = is_new ? make_context(&c, t->protocol, &ctx) : NULL;

    if (error) error = td_status_prefix(error, "%s: ", t->path);
    if (!error) t->hash = c.hash;
    td_ssl_config_fini(&c);
    if (ctx) replace(t, ctx);
    if (ctx) td_info("tls", "event=certificates path=%s protocol=%s", t->path, t->protocol);
    return error;
}

td_status td_tls_make(const char *path, const char *protocol, td_tls **out)
{
    td_tls *const t = TD_NEW(td_tls);

    t->path = td_strdup(path);
    t->protocol = protocol;
    td_mutex_init(&t->mu, TD_LOCK_leaf);
    const td_status error = look(t);

    if (error)
        td_tls_free(t);
    else
        *out = t;
    return error;
}

void td_tls_free(td_tls *t)
{
    if (!t) return;
    SSL_CTX_free(t->now);
    td_mutex_fini(&t->mu);
    td_free(t->path);
    td_free(t);
}

void td_tls_look(td_tls *t)
{
    const td_status error = t ? look(t) : NULL;

    if (error && !t->has_complained)
        td_error("tls", "event=certificates_ignored path=%s error=\"%s\"", t->path, td_status_text(error));
    if (t) t->has_complained = error != NULL;
    td_status_free(error);
}

SSL *td_tls_connection(td_tls *t)
{
    td_mutex_lock(&t->mu);
    SSL *const ssl = SSL_new(t->now);
    td_mutex_unlock(&t->mu);
    return ssl;
}
