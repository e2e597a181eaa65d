/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c -- see relay.h.
 *
 * A connection is its thread's. Both of its sockets are watched by edge, so whenever one has news all is done that
 * can be done (carry()), until neither side takes or gives more. One that always has something to do stands in line
 * again after some rounds.
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "net/tls/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/vec.h"
#include "net/tls/pair.h"
#include "obs/log.h"

enum {
    BYTES = 64 << 10, /* that one call takes */
    ROUNDS = 16,      /* before others have their turn */
    EVENTS = 64,
    MOST_THREADS = 4,
    SECOND_MS = 1000,
};
static const int64_t HANDSHAKE_NS = INT64_C(10000000000); /* for all of it */
static const int64_t LINGER_NS = INT64_C(2000000000); /* for the client to hang up once it has everything */
static const int64_t LAST_NS = INT64_C(500000000);    /* for what is left at the end */
static const int64_t LOOK_NS = 1000000;

typedef struct relay_thread relay_thread;

/* One direction: what was taken from one side and the other did not take yet. */
typedef struct half {
    char *left; /* NULL: nothing */
    size_t at, end;
    bool is_over; /* no more will come */
    bool is_told; /* and the other side knows */
} half;

typedef struct carried {
    relay_thread *thread;
    struct carried *next, *prev; /* all of the thread; guarded by its mutex */
    struct carried *next_ready;
    SSL *ssl;
    int net, near, far; /* near, far: -1 until the handshake is over */
    struct sockaddr_storage address;
    socklen_t address_size;
    half in, out;        /* of the client's; to it */
    int64_t deadline_ns; /* 0: none */
    bool is_in;          /* the handshake is over, one way or the other */
    bool is_ready, is_dead;
} carried;

struct relay_thread {
    td_relay *relay;
    pthread_t thread;
    bool has_thread;
    int epoll, wake;
    carried *ready, *dead; /* to be carried on; to be freed when no event means them any more */
    char bytes[BYTES];
    td_mutex mu;
    carried *all; /* guarded by mu */
};

struct td_relay {
    td_tls *tls;
    td_relay_take *take;
    void *ctx;
    relay_thread *threads;
    size_t n;
    atomic_size_t turn;
    atomic_size_t n_outside; /* connections that take() may yet be called for */
    atomic_size_t n_taking;  /* calls of it, with the look whether there may be one */
    atomic_bool is_closed;   /* there may not */
    atomic_bool is_ending;
};

/* ---- life of a connection ---- */

static void link_in(relay_thread *t, carried *c)
{
    td_mutex_lock(&t->mu);
    c->next = t->all;
    if (c->next) c->next->prev = c;
    t->all = c;
    td_mutex_unlock(&t->mu);
}

/* take() is not called for it again. */
static void come_in(carried *c)
{
    if (!c->is_in) atomic_fetch_sub_explicit(&c->thread->relay->n_outside, 1, memory_order_seq_cst);
    c->is_in = true;
}

/* Its descriptors close here, so that the clients hear of it; the rest goes when the present events are through. */
static void end(carried *c)
{
    relay_thread *const t = c->thread;

    if (c->is_dead) return;
    come_in(c);
    td_mutex_lock(&t->mu);
    if (c->prev)
        c->prev->next = c->next;
    else
        t->all = c->next;
    if (c->next) c->next->prev = c->prev;
    td_mutex_unlock(&t->mu);
    SSL_free(c->ssl);
    close(c->net);
    if (c->near >= 0) close(c->near);
    c->is_dead = true;
    c->next = t->dead;
    t->dead = c;
}

/* Those that stand in line stay until their turn. */
static void free_dead(relay_thread *t)
{
    carried *c = t->dead;

    t->dead = NULL;
    for (carried *next; c; c = next) {
        next = c->next;
        if (c->is_ready) {
            c->next = t->dead;
            t->dead = c;
            continue;
        }
        td_free(c->in.left);
        td_free(c->out.left);
        td_free(c);
    }
}

static bool watch(relay_thread *t, carried *c, int fd)
{
    struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };

    return epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* ---- the handshake ---- */

static void say_refused(const char *why)
{
    static td_log_limit limit = TD_LOG_LIMIT("TLS handshakes that failed", 5);

    td_log_limited(&limit, TD_LOG_WARNING, "tls", "event=handshake_failed error=\"%s\"", why);
}

/* What OpenSSL says of the last call, in few words. */
static const char *why_not(const carried *c)
{
    const long verdict = SSL_get_verify_result(c->ssl);
    const unsigned long code = ERR_peek_error();
    const char *const text = code ? ERR_reason_error_string(code) : NULL;

    if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
    return text ? text : "the client has hung up";
}

static bool open_within(carried *c)
{
    int ends[2];
    const td_status error = td_tcp_pair(ends);

    if (error) {
        say_refused(td_status_text(error));
        td_status_free(error);
        return false;
    }
    td_mutex_lock(&c->thread->mu);
    c->near = ends[0];
    c->far = ends[1];
    td_mutex_unlock(&c->thread->mu);
    c->deadline_ns = 0;
    return watch(c->thread, c, c->near);
}

/* The far end goes to who serves it, or, once closed, nowhere. */
static void hand_over(carried *c)
{
    td_relay *const r = c->thread->relay;

    atomic_fetch_add_explicit(&r->n_taking, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&r->is_closed, memory_order_seq_cst)) {
        close(c->far);
        end(c);
    } else {
        r->take(r->ctx, c->far, (const struct sockaddr *)&c->address, c->address_size);
    }
    atomic_fetch_sub_explicit(&r->n_taking, 1, memory_order_seq_cst);
    come_in(c);
}

/* False: it is not over. */
static bool shake_hands(carried *c)
{
    ERR_clear_error();
    const int n = SSL_accept(c->ssl), error = n == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, n);

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
    if (error != SSL_ERROR_NONE) say_refused(why_not(c));
    if (error == SSL_ERROR_NONE && open_within(c))
        hand_over(c);
    else
        end(c);
    ERR_clear_error();
    return !c->is_dead;
}

/* ---- carrying ---- */

/* n bytes, of which `sent` have been taken: the rest is kept. */
static void keep(half *h, const char *bytes, size_t sent, size_t n)
{
    if (h->left) {
        h->at += sent;
        if (h->at < h->end) return;
        td_free(h->left);
        h->left = NULL;
    } else if (sent < n) {
        h->left = td_alloc(n - sent);
        memcpy(h->left, bytes + sent, n - sent);
        h->at = 0;
        h->end = n - sent;
    }
}

/* Like read() and write(): -1 and EAGAIN, 0 at the end. */
static ssize_t from_client(carried *c, char *to, size_t size)
{
    ERR_clear_error();
    const int n = SSL_read(c->ssl, to, (int)size);

    if (n > 0) return n;
    switch (SSL_get_error(c->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        errno = ECONNRESET;
        return -1;
    }
}

static ssize_t to_client(carried *c, const char *from, size_t size)
{
    ERR_clear_error();
    const int n = SSL_write(c->ssl, from, (int)size);

    if (n > 0) return n;
    const int error = SSL_get_error(c->ssl, n);

    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return -1;
}

static ssize_t from_server(carried *c, char *to, size_t size)
{
    return recv(c->near, to, size, 0);
}

/* A server that reads no more gets no more: what still comes is dropped. */
static ssize_t to_server(carried *c, const char *from, size_t size)
{
    const ssize_t n = c->out.is_over ? (ssize_t)size : send(c->near, from, size, MSG_NOSIGNAL);

    return n < 0 && (errno == EPIPE || errno == ECONNRESET) ? (ssize_t)size : n;
}

typedef ssize_t take_fn(carried *c, char *to, size_t size);
typedef ssize_t give_fn(carried *c, const char *from, size_t size);

/* One step of a direction. False: nothing can be done, or there was a fault, which is the end of c. */
static bool step(carried *c, half *h, take_fn *take, give_fn *give)
{
    char *bytes = h->left ? h->left + h->at : c->thread->bytes;
    size_t n = h->left ? h->end - h->at : 0;

    if (!n) {
        const ssize_t got = h->is_over ? -2 : take(c, bytes, BYTES);

        if (got == -2) return false;
        if (got < 0 && errno == EAGAIN) return false;
        if (got <= 0) { /* a server that is gone is one that has ended; a client that is gone is not */
            h->is_over = true;
            if (got < 0 && h == &c->in) end(c);
            return !c->is_dead;
        }
        n = (size_t)got;
    }
    const ssize_t sent = give(c, bytes, n);

    if (sent < 0 && errno != EAGAIN) {
        end(c);
        return false;
    }
    keep(h, bytes, sent < 0 ? 0 : (size_t)sent, n);
    return sent > 0;
}

/* Whoever has got all hears that no more will come. */
static void tell_ends(carried *c)
{
    if (c->in.is_over && !c->in.left && !c->in.is_told) {
        c->in.is_told = true;
        (void)shutdown(c->near, SHUT_WR);
    }
    if (c->out.is_over && !c->out.left && !c->out.is_told) {
        c->out.is_told = true;
        (void)SSL_shutdown(c->ssl);
        (void)shutdown(c->net, SHUT_WR);
        c->deadline_ns = td_now_ns() + LINGER_NS;
    }
    if (c->in.is_told && c->out.is_told) end(c);
}

static void stand_in_line(carried *c)
{
    if (c->is_ready) return;
    c->is_ready = true;
    c->next_ready = c->thread->ready;
    c->thread->ready = c;
}

static void carry(carried *c)
{
    if (c->is_dead || (c->near < 0 && !shake_hands(c))) return;
    for (int i = 0; i < ROUNDS; i++) {
        const bool goes_in = step(c, &c->in, from_client, to_server);
        const bool goes_out = !c->is_dead && step(c, &c->out, from_server, to_client);

        if (c->is_dead) return;
        tell_ends(c);
        if (c->is_dead || (!goes_in && !goes_out)) return;
    }
    stand_in_line(c);
}

/* ---- threads ---- */

static void carry_ready(relay_thread *t)
{
    carried *c = t->ready;

    t->ready = NULL;
    for (carried *next; c; c = next) {
        next = c->next_ready;
        c->is_ready = false;
        carry(c);
    }
}

/* Handshakes and partings that take too long. True: there are others to be looked at. */
static bool end_late(relay_thread *t)
{
    const int64_t now = td_now_ns();
    bool are_left = false;

    td_mutex_lock(&t->mu);
    carried *c = t->all;
    td_mutex_unlock(&t->mu); /* this thread alone changes the list but at its head */
    for (carried *next; c; c = next) {
        next = c->next;
        if (c->deadline_ns && now >= c->deadline_ns) {
            if (c->near < 0) say_refused("it took too long");
            end(c);
        } else {
            are_left |= c->deadline_ns != 0;
        }
    }
    return are_left;
}

static void take_wake(relay_thread *t)
{
    uint64_t count;

    (void)!read(t->wake, &count, sizeof count);
}

static int wait_ms(const relay_thread *t, bool are_late)
{
    if (t->ready) return 0;
    return are_late || atomic_load_explicit(&t->relay->is_ending, memory_order_acquire) ? SECOND_MS / 20 : -1;
}

static bool is_empty(relay_thread *t)
{
    td_mutex_lock(&t->mu);
    const bool is_none = !t->all;
    td_mutex_unlock(&t->mu);
    return is_none;
}

static void *relay_main(void *arg)
{
    relay_thread *const t = arg;
    struct epoll_event events[EVENTS];
    bool are_late = false;
    int64_t until_ns = 0;

    while (!until_ns || (!is_empty(t) && td_now_ns() < until_ns)) {
        const int n = epoll_wait(t->epoll, events, EVENTS, wait_ms(t, are_late));

        for (int i = 0; i < n; i++)
            if (events[i].data.ptr)
                carry(events[i].data.ptr);
            else
                take_wake(t);
        carry_ready(t);
        are_late = end_late(t);
        free_dead(t);
        if (!until_ns && atomic_load_explicit(&t->relay->is_ending, memory_order_acquire))
            until_ns = td_now_ns() + LAST_NS;
    }
    return NULL;
}

static void wake(const relay_thread *t)
{
    const uint64_t one = 1;

    (void)!write(t->wake, &one, sizeof one);
}

static td_status start_thread(td_relay *r, relay_thread *t, const char *name)
{
    struct epoll_event e = { .events = EPOLLIN };

    *t = (relay_thread){ .relay = r,
                         .epoll = epoll_create1(EPOLL_CLOEXEC),
                         .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    td_mutex_init(&t->mu, TD_LOCK_leaf);
    r->n++;
    if (t->epoll < 0 || t->wake < 0 || epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->wake, &e))
        return TD_ERR(RESOURCE_EXHAUSTED, "no descriptor for %s", name);
    TD_TRY(td_thread_start(&t->thread, name, relay_main, t));
    t->has_thread = true;
    return NULL;
}

td_status td_relay_start(const char *name, td_tls *tls, td_relay_take *take, void *ctx, td_relay **out)
{
    td_relay *const r = TD_NEW(td_relay);
    const int threads = TD_MAX(1, TD_MIN(td_cpu_cores() / 2, (int)MOST_THREADS));
    td_status error = NULL;

    *r = (td_relay){
        .tls = tls, .take = take, .ctx = ctx, .threads = TD_NEW_N(relay_thread, (size_t)threads)
    };
    for (int i = 0; i < threads && !error; i++)
        error = start_thread(r, &r->threads[i], name);
    if (error)
        td_relay_free(r);
    else
        *out = r;
    return error;
}

void td_relay_add(td_relay *r, int fd, const struct sockaddr *address, socklen_t size)
{
    relay_thread *const t = &r->threads[atomic_fetch_add_explicit(&r->turn, 1, memory_order_relaxed) % r->n];
    carried *const c = TD_NEW(carried);
    const int one = 1;

    *c = (carried){ .thread = t,
                    .ssl = td_tls_connection(r->tls),
                    .net = fd,
                    .near = -1,
                    .far = -1,
                    .deadline_ns = td_now_ns() + HANDSHAKE_NS };
    c->address_size = TD_MIN(size, (socklen_t)sizeof c->address);
    memcpy(&c->address, address, c->address_size);
    if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1) {
        SSL_free(c->ssl);
        close(fd);
        td_free(c);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    atomic_fetch_add_explicit(&r->n_outside, 1, memory_order_seq_cst);
    link_in(t, c);
    (void)watch(t, c, fd); /* c is the thread's now; unwatched, it goes when its time is over */
    wake(t);               /* there is a time to wait for */
}

static bool is_other_end(int near, int far)
{
    struct sockaddr_in a = { 0 }, b = { 0 };
    socklen_t size_a = sizeof a, size_b = sizeof b;

    return getsockname(near, (struct sockaddr *)&a, &size_a) == 0 &&
           getpeername(far, (struct sockaddr *)&b, &size_b) == 0 && size_a == size_b &&
           a.sin_port == b.sin_port;
}

/* Descriptors of their own, so that the ends stay what they are while they are looked at. */
static void copy_ends(relay_thread *t, td_vec *out)
{
    td_mutex_lock(&t->mu);
    for (const carried *c = t->all; c; c = c->next) {
        const int copy =
            c->near >= 0 && is_other_end(c->near, c->far) ? fcntl(c->far, F_DUPFD_CLOEXEC, 0) : -1;

        if (copy >= 0) *(int *)td_vec_push(out) = copy;
    }
    td_mutex_unlock(&t->mu);
}

void td_relay_each(td_relay *r, void (*see)(void *ctx, int fd), void *ctx)
{
    td_vec ends = TD_VEC(int);

    for (size_t i = 0; i < r->n; i++)
        copy_ends(&r->threads[i], &ends);
    for (size_t i = 0; i < ends.size; i++) {
        const int fd = *TD_VEC_AT(&ends, int, i);

        see(ctx, fd);
        close(fd);
    }
    td_vec_fini(&ends);
}

static void free_thread(relay_thread *t)
{
    if (t->has_thread) {
        wake(t);
        pthread_join(t->thread, NULL);
    }
    while (t->all)
        end(t->all);
    for (carried *c = t->ready; c; c = c->next_ready)
        c->is_ready = false;
    free_dead(t);
    if (t->epoll >= 0) close(t->epoll);
    if (t->wake >= 0) close(t->wake);
    td_mutex_fini(&t->mu);
}

void td_relay_close(td_relay *r)
{
    if (!r) return;
    const int64_t until = td_now_ns() + LAST_NS;

    while (atomic_load_explicit(&r->n_outside, memory_order_seq_cst) > 0 && td_now_ns() < until)
        td_sleep_ns(LOOK_NS);
    atomic_store_explicit(&r->is_closed, true, memory_order_seq_cst);
    /* who has seen it open is still to be waited for; who shakes hands for longer is not: it is turned away */
    while (atomic_load_explicit(&r->n_taking, memory_order_seq_cst) > 0)
        td_sleep_ns(LOOK_NS);
}

void td_relay_free(td_relay *r)
{
    if (!r) return;
    atomic_store_explicit(&r->is_ending, true, memory_order_release);
    for (size_t i = 0; i < r->n; i++)
        free_thread(&r->threads[i]);
    td_free(r->threads);
    td_free(r);
}
