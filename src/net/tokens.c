/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.c -- see tokens.h. */
#include "net/tokens.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "obs/log.h"

enum { FILE_LIMIT = 4 << 20 };

typedef struct digest {
    uint8_t bytes[SHA256_DIGEST_LENGTH];
} digest;

struct td_tokens {
    char *path; /* NULL: there is no file */
    td_mutex mu;
    digest *all; /* guarded by mu, as the next */
    size_t n;
    uint64_t hash; /* of the file; the looking thread's, as the next */
    bool has_complained;
};

static digest digest_of(const char *data, size_t size)
{
    digest d;

    SHA256((const unsigned char *)data, size, d.bytes);
    return d;
}

/* ---- the file ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_digest(const char *hex, size_t size, digest *out)
{
    if (size != 2 * sizeof out->bytes) return false;
    for (size_t i = 0; i < sizeof out->bytes; i++) {
        const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

        if (high < 0 || low < 0) return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool is_token(const char *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (p[i] <= ' ' || p[i] > '~') return false;
    return size > 0 && size <= TD_TOKEN_MOST;
}

/* Without blanks around it. */
static bool read_line(const char *p, size_t size, digest *out)
{
    static const char hashed[] = "sha256:";
    const size_t n = sizeof hashed - 1;

    if (size >= n && !memcmp(p, hashed, n)) return read_digest(p + n, size - n, out);
    if (!is_token(p, size)) return false;
    *out = digest_of(p, size);
    return true;
}

static void trim(const char **p, size_t *size)
{
    while (*size && isspace((unsigned char)**p)) {
        ++*p;
        --*size;
    }
    while (*size && isspace((unsigned char)(*p)[*size - 1]))
        --*size;
}

static td_status read_lines(const char *text, size_t size, const char *path, digest *out, size_t *n)
{
    const char *const end = text + size;
    size_t line = 1;

    *n = 0;
    for (const char *p = text, *next; p < end; p = next, line++) {
        const char *const lf = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((lf ? lf : end) - p);

        next = lf ? lf + 1 : end;
        trim(&p, &length);
        if (!length || *p == '#') continue;
        if (!read_line(p, length, &out[*n]))
            return TD_ERR(INVALID_ARGUMENT,
                          "%s: line %zu is no token: visible characters, at most %d, or sha256:HEX", path,
                          line, (int)TD_TOKEN_MOST);
        ++*n;
    }
    if (!*n) return TD_ERR(INVALID_ARGUMENT, "%s holds no token, so that nobody could get in", path);
    return NULL;
}

static size_t count_lines(const char *text, size_t size)
{
    size_t n = 1;

    for (size_t i = 0; i < size; i++)
        n += text[i] == '\n';
    return n;
}

static td_status take_text(td_tokens *t, const char *text, size_t size, const char *path)
{
    const uint64_t hash = td_hash_bytes(text, size, 1);
    size_t n;

    if (hash == t->hash) return NULL;
    t->hash = hash;
    digest *list = TD_NEW_N(digest, count_lines(text, size));
    const td_status error = read_lines(text, size, path, list, &n);

    if (!error) {
        td_mutex_lock(&t->mu);
        digest *const old = t->all;

        t->all = list;
        t->n = n;
        td_mutex_unlock(&t->mu);
        list = old;
        td_info("net", "event=tokens path=%s tokens=%zu", path, n);
    }
    td_free(list);
    return error;
}

static td_tokens *make(const char *path)
{
    td_tokens *const t = TD_NEW(td_tokens);

    if (path) t->path = td_strdup(path);
    td_mutex_init(&t->mu, TD_LOCK_leaf);
    return t;
}

/* Takes t and error. */
static td_status end_make(td_tokens *t, td_status error, td_tokens **out)
{
    if (error)
        td_tokens_free(t);
    else
        *out = t;
    return error;
}

static td_status look(td_tokens *t)
{
    char *text;
    size_t size;

    TD_TRY(td_file_read(t->path, FILE_LIMIT, &text, &size));
    const td_status error = take_text(t, text, size, t->path);

    OPENSSL_cleanse(text, size);
    td_free(text);
    return error;
}

td_status td_tokens_make(const char *path, td_tokens **out)
{
    td_tokens *const t = make(path);

    return end_make(t, look(t), out);
}

td_status td_tokens_parse(const char *text, size_t size, const char *path, td_tokens **out)
{
    td_tokens *const t = make(NULL);

    return end_make(t, take_text(t, text, size, path), out);
}

void td_tokens_free(td_tokens *t)
{
    if (!t) return;
    td_mutex_fini(&t->mu);
    td_free(t->all);
    td_free(t->path);
    td_free(t);
}

void td_tokens_look(td_tokens *t)
{
    const td_status error = t ? look(t) : NULL;

    if (error && !t->has_complained)
        td_error("net", "event=tokens_ignored path=%s error=\"%s\"", t->path, td_status_text(error));
    if (t && (error || t->has_complained)) t->has_complained = error != NULL;
    td_status_free(error);
}

/* ---- who comes ---- */

/* Which of them it is, or how near one is, takes no time that tells. */
static bool is_known(td_tokens *t, const digest *d)
{
    int unlike = 1;

    td_mutex_lock(&t->mu);
    for (size_t i = 0; i < t->n; i++)
        unlike &= CRYPTO_memcmp(t->all[i].bytes, d->bytes, sizeof d->bytes) != 0;
    td_mutex_unlock(&t->mu);
    return !unlike;
}

static td_status refuse(const char *why)
{
    static td_log_limit limit = TD_LOG_LIMIT("requests without a token", 5);

    td_log_limited(&limit, TD_LOG_WARNING, "net", "event=unauthenticated reason=\"%s\"", why);
    return TD_ERR(UNAUTHENTICATED, "The request has no valid bearer token");
}

td_status td_tokens_check(td_tokens *t, td_string authorization)
{
    static const char scheme[] = "Bearer ";
    const size_t n = sizeof scheme - 1;
    const char *p = authorization.data;
    size_t size = authorization.size;

    if (!p) return refuse("there is no Authorization");
    if (size < n || strncasecmp(p, scheme, n) != 0) return refuse("another scheme than Bearer");
    p += n;
    size -= n;
    trim(&p, &size);
    if (!is_token(p, size)) return refuse("what is shown is no token");
    const digest d = digest_of(p, size);

    return is_known(t, &d) ? NULL : refuse("nobody knows the token");
}
