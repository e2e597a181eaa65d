/* SPDX-License-Identifier: Apache-2.0 */
/* receive.c -- see receive.h. */
#undef _FORTIFY_SOURCE /* with it, sys/socket.h has a body for recv() */
#include "net/rest/receive.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/macros.h"

enum {
    MOST_FDS = 1 << 20, /* heads of connections beyond are left as they are */
    DISCARDED = 1 << 20,
};

/* Links by descriptor. Pages of it that are never used take no memory. Relaxed: an entry is only of use to the
 * thread that wrote it; others find NULL at theirs. */
static _Atomic(td_rest_link *) links[MOST_FDS];

void td_rest_receive_begin(td_rest_link *link)
{
    if (link->fd < MOST_FDS) atomic_store_explicit(&links[link->fd], link, memory_order_relaxed);
}

void td_rest_receive_end(const td_rest_link *link)
{
    if (link->fd < MOST_FDS) atomic_store_explicit(&links[link->fd], NULL, memory_order_relaxed);
}

static td_head_part awaited(const td_rest_link *link)
{
    switch (td_rest_link_stage(link)) {
    case TD_REST_FRESH:
    case TD_REST_IDLE:
        return TD_AT_LINE;
    case TD_REST_HEAD:
        return TD_AT_FIELDS;
    case TD_REST_BODY:
    case TD_REST_RUN:
    case TD_REST_REPLY:
        break;
    }
    return TD_AT_BODY;
}

static ssize_t nothing_yet(void)
{
    errno = EAGAIN;
    return -1;
}

/* What else has come of a head that was refused: the connection ends, and unread bytes would take the reply with
 * it. */
static void discard(int fd)
{
    (void)recvfrom(fd, NULL, DISCARDED, MSG_TRUNC, NULL, NULL);
}

/* libmicrohttpd takes less than it asked for as a sign that there is no more: so it gets all that it asked for,
 * or all that there is. If all of that is dropped, the next read says how things stand. */
static ssize_t receive(td_rest_link *link, char *buf, size_t size)
{
    td_condenser *const c = &link->condenser;
    size_t out = 0;

    td_condense_from(c, awaited(link));
    for (;;) {
        const size_t room = td_condense_room(c), left = size - out;

        if (left <= room) {
            td_condense_fill(c, buf + out, left);
            return (ssize_t)size;
        }
        const ssize_t n = recvfrom(link->fd, buf + out + room, left - room, 0, NULL, NULL);

        if (n <= 0) return out ? (ssize_t)out : n;
        out += td_condense(c, buf + out, (size_t)n);
        if (td_condense_is_over(c)) {
            discard(link->fd);
            return out ? (ssize_t)out : nothing_yet();
        }
        if (out == size || (out && (size_t)n < left - room)) return (ssize_t)out;
    }
}

static td_rest_link *find(int fd)
{
    return fd >= 0 && fd < MOST_FDS ? atomic_load_explicit(&links[fd], memory_order_relaxed) : NULL;
}

ssize_t recv(int fd, void *buf, size_t size, int flags)
{
    td_rest_link *const link = find(fd);

    if (!link || flags || !size) return recvfrom(fd, buf, size, flags, NULL, NULL);
    return receive(link, buf, size);
}
