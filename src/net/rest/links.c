/* SPDX-License-Identifier: Apache-2.0 */
/* links.c -- see links.h. Each call that one lock covers returns at once: nothing here waits for a socket. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "net/rest/links.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "net/rest/receive.h"
#include "obs/log.h"

enum {
    LOOK_NS = 250000000,
    SPARED_NS = 1000000000, /* who has been idle for less keeps its place */
    SLICE = 128,            /* links that are looked at under one lock */
    VAIN_LOOKS = 40,
    HURRY_NS = 1500000000, /* without a byte of a request, when the server ends */
};
static const int64_t STALLED_NS = INT64_C(5000000000); /* whose request has not moved for less, likewise */

struct td_rest_links {
    td_rest_patience patience;
    size_t most;
    pthread_t thread;

    td_mutex mu;
    td_cond work; /* there is something to look at, or an end */
    td_cond room; /* somebody has left */
    /* All below is guarded by mu. */
    td_rest_link **all;
    size_t n, capacity;
    size_t n_expected;   /* had room made for them, and are not there yet */
    int64_t expected_ns; /* when the last of them was let in */
    bool is_asleep;      /* the thread: nothing to look at for long */
    bool is_closing;     /* nobody waits for room */
    bool is_hurrying;    /* nobody waits for the rest of requests that does not come */
    bool is_ending;      /* the thread ends */
};

/* ---- one link ---- */

static void cut(const td_rest_link *link)
{
    (void)shutdown(link->fd, SHUT_RDWR);
}

/* What the kernel knows; zeros if it does not. */
static struct tcp_info info_of(const td_rest_link *link)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof info;

    (void)getsockopt(link->fd, IPPROTO_TCP, TCP_INFO, &info, &size);
    return info;
}

static uint64_t bytes_read(const td_rest_link *link)
{
    return info_of(link).tcpi_bytes_acked;
}

static int64_t patience_with(const td_rest_patience *p, td_rest_stage stage)
{
    switch (stage) {
    case TD_REST_FRESH:
    case TD_REST_HEAD:
        return p->head_ns;
    case TD_REST_IDLE:
        return p->idle_ns;
    case TD_REST_BODY:
        return p->body_ns;
    case TD_REST_REPLY:
        return p->write_ns;
    case TD_REST_RUN:
        break;
    }
    return 0;
}

/* A new reply counts from what the client has read of those before it. */
static void note_place(td_rest_link *link, uint_fast32_t place, td_rest_stage stage, int64_t now)
{
    link->seen = place;
    link->since_ns = now;
    if (stage == TD_REST_REPLY) link->read = bytes_read(link);
}

/* A reply is not late while the client reads on, however slowly. */
static bool is_late(td_rest_link *link, td_rest_stage stage, int64_t patience_ns, int64_t now)
{
    if (!patience_ns || now - link->since_ns < patience_ns) return false;
    if (stage != TD_REST_REPLY) return true;
    const uint64_t read = bytes_read(link);

    if (read == link->read) return true;
    link->read = read;
    link->since_ns = now;
    return false;
}

/* Has nothing come of a request for so long that nothing more is to be expected? */
static bool is_half_sent(td_rest_link *link, td_rest_stage stage, int64_t now)
{
    if (stage != TD_REST_HEAD && stage != TD_REST_BODY) return false;
    const uint64_t got = info_of(link).tcpi_bytes_received;

    if (!link->got_ns || got != link->got) {
        link->got = got;
        link->got_ns = now;
    }
    return now - link->got_ns >= HURRY_NS;
}

static void look_at(const td_rest_links *l, td_rest_link *link, short events, int64_t now) TD_REQUIRES(l->mu)
{
    const uint_fast32_t place = atomic_load_explicit(&link->place, memory_order_relaxed);
    const td_rest_stage stage = (td_rest_stage)(place & 7);

    if (place != link->seen) note_place(link, place, stage, now);
    if (stage == TD_REST_RUN) return;
    if (events & (POLLERR | POLLHUP) || is_late(link, stage, patience_with(&l->patience, stage), now) ||
        (l->is_hurrying && is_half_sent(link, stage, now)))
        cut(link);
    else if (events & POLLRDHUP && stage != TD_REST_REPLY)
        (void)shutdown(link->fd, SHUT_RD);
}

/* ---- all of them ---- */

static void look_at_some(td_rest_links *l, size_t from, int64_t now) TD_REQUIRES(l->mu)
{
    const size_t n = TD_MIN(l->n - from, (size_t)SLICE);
    struct pollfd polls[SLICE];

    for (size_t i = 0; i < n; i++)
        polls[i] = (struct pollfd){ .fd = l->all[from + i]->fd, .events = POLLRDHUP };
    if (poll(polls, n, 0) < 0) return; /* the next look will do */
    for (size_t i = 0; i < n; i++)
        look_at(l, l->all[from + i], polls[i].revents, now);
}

/* Links that come or go between two slices may be passed over: the next look finds them. */
static void look_at_all(td_rest_links *l) TD_REQUIRES(l->mu)
{
    const int64_t now = td_now_ns();

    if (now - l->expected_ns > SPARED_NS) l->n_expected = 0; /* libmicrohttpd had no memory for them */
    for (size_t from = 0; from < l->n; from += SLICE) {
        look_at_some(l, from, now);
        td_mutex_unlock(&l->mu); /* others' turn */
        td_mutex_lock(&l->mu);
    }
}

static void sleep_long(td_rest_links *l) TD_REQUIRES(l->mu)
{
    l->is_asleep = true;
    td_cond_wait(&l->work, &l->mu);
    l->is_asleep = false;
}

/* It is not woken for each of many short connections, and not at all while nobody comes. */
static void *links_main(void *links)
{
    td_rest_links *const l = links;
    int in_vain = 0;

    td_mutex_lock(&l->mu);
    while (!l->is_ending) {
        in_vain = l->n ? 0 : in_vain + 1;
        if (in_vain > VAIN_LOOKS)
            sleep_long(l);
        else if (!td_cond_wait_until(&l->work, &l->mu, td_now_ns() + LOOK_NS))
            look_at_all(l);
    }
    td_mutex_unlock(&l->mu);
    return NULL;
}

/* ---- room ---- */

/* Whether it has stood still in that stage for so long. */
static bool is_still(const td_rest_link *link, td_rest_stage stage, int64_t least_ns, int64_t now)
{
    const uint_fast32_t place = atomic_load_explicit(&link->place, memory_order_relaxed);

    return place == link->seen && (place & 7) == stage && now - link->since_ns >= least_ns &&
           !link->is_leaving;
}

static td_rest_link *longest(const td_rest_links *l, td_rest_stage stage, int64_t least_ns, int64_t now)
    TD_REQUIRES(l->mu)
{
    td_rest_link *best = NULL;

    for (size_t i = 0; i < l->n; i++)
        if (is_still(l->all[i], stage, least_ns, now) && (!best || l->all[i]->since_ns < best->since_ns))
            best = l->all[i];
    return best;
}

/* Who waits between two requests before who has never sent one, which may be about to; then requests that have
 * come to a halt, or a few clients that say nothing would shut out all others. */
static void make_room(td_rest_links *l) TD_REQUIRES(l->mu)
{
    const int64_t now = td_now_ns();
    td_rest_link *link = longest(l, TD_REST_IDLE, SPARED_NS, now);

    if (!link) link = longest(l, TD_REST_FRESH, SPARED_NS, now);
    if (!link) link = longest(l, TD_REST_HEAD, STALLED_NS, now);
    if (!link) link = longest(l, TD_REST_BODY, STALLED_NS, now);
    if (l->is_asleep) td_cond_signal(&l->work); /* who is expected may never come */
    if (!link) return;
    link->is_leaving = true;
    cut(link);
}

static bool is_full(const td_rest_links *l) TD_REQUIRES(l->mu)
{
    return !l->is_closing && l->n + l->n_expected >= l->most;
}

/* Not under the lock, which is no place to write a line. */
static void say_full(td_rest_links *l) TD_REQUIRES(l->mu)
{
    static td_log_limit limit = TD_LOG_LIMIT("REST connections beyond the limit", 1);

    td_mutex_unlock(&l->mu);
    td_log_limited(&limit, TD_LOG_WARNING, "rest", "event=connections_full limit=%zu", l->most);
    td_mutex_lock(&l->mu);
}

void td_rest_links_wait_for_room(td_rest_links *l)
{
    td_mutex_lock(&l->mu);
    if (TD_UNLIKELY(is_full(l))) say_full(l);
    while (TD_UNLIKELY(is_full(l))) {
        make_room(l);
        (void)td_cond_wait_until(&l->room, &l->mu, td_now_ns() + LOOK_NS);
    }
    l->n_expected++;
    l->expected_ns = td_now_ns();
    td_mutex_unlock(&l->mu);
}

void td_rest_links_close(td_rest_links *l)
{
    if (!l) return;
    td_mutex_lock(&l->mu);
    l->is_closing = true;
    td_cond_broadcast(&l->room);
    td_mutex_unlock(&l->mu);
}

void td_rest_links_hurry(td_rest_links *l)
{
    if (!l) return;
    td_mutex_lock(&l->mu);
    l->is_hurrying = true;
    td_mutex_unlock(&l->mu);
}

/* ---- coming and going ---- */

td_rest_link *td_rest_links_add(td_rest_links *l, int fd)
{
    td_rest_link *const link = TD_NEW(td_rest_link);

    link->fd = fd;
    link->since_ns = td_now_ns();
    td_mutex_lock(&l->mu);
    if (l->n == l->capacity) {
        l->capacity = TD_MAX(2 * l->capacity, (size_t)64);
        l->all = td_realloc(l->all, l->capacity * sizeof(td_rest_link *));
    }
    if (l->n_expected) l->n_expected--;
    link->at = l->n;
    l->all[l->n++] = link;
    if (l->is_asleep) td_cond_signal(&l->work);
    td_mutex_unlock(&l->mu);
    td_rest_receive_begin(link);
    return link;
}

size_t td_rest_links_count(td_rest_links *l)
{
    td_mutex_lock(&l->mu);
    const size_t n = l->n;
    td_mutex_unlock(&l->mu);
    return n;
}

void td_rest_links_drop(td_rest_links *l, td_rest_link *link)
{
    td_rest_receive_end(link);
    td_mutex_lock(&l->mu);
    td_rest_link *const last = l->all[--l->n];

    l->all[link->at] = last;
    last->at = link->at;
    td_cond_signal(&l->room);
    td_mutex_unlock(&l->mu);
    td_free(link);
}

static void free_links(td_rest_links *l)
{
    td_cond_fini(&l->room);
    td_cond_fini(&l->work);
    td_mutex_fini(&l->mu);
    td_free(l->all);
    td_free(l);
}

td_status td_rest_links_make(const td_rest_patience *patience, size_t most, td_rest_links **out)
{
    td_rest_links *const l = TD_NEW(td_rest_links);

    l->patience = *patience;
    l->most = most;
    td_mutex_init(&l->mu, TD_LOCK_net_connections);
    td_cond_init(&l->work);
    td_cond_init(&l->room);
    const td_status error = td_thread_start(&l->thread, "rest-look", links_main, l);

    if (error)
        free_links(l);
    else
        *out = l;
    return error;
}

void td_rest_links_free(td_rest_links *l)
{
    if (!l) return;
    td_mutex_lock(&l->mu);
    TD_ASSERT(!l->n);
    l->is_ending = true;
    td_cond_signal(&l->work);
    td_mutex_unlock(&l->mu);
    pthread_join(l->thread, NULL);
    free_links(l);
}
