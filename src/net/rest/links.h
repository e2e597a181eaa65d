/* SPDX-License-Identifier: Apache-2.0 */
/* links.h -- the connections of the REST server: how many there may be, and which of them must end.
 *
 * libmicrohttpd (0.9.75) does not see every client go. It is told of news by edge, and holds a read that is
 * shorter than its buffer for the last of them: a FIN that came with the bytes is never read, and the
 * connection stays for ever. Nor does it know time but by one limit for all that a connection may wait for.
 * So each connection has a link that says what it waits for, and a thread looks at all of them now and then:
 *
 *   peer has closed its side    -> shut that side here, too: nothing changes but that libmicrohttpd looks
 *   peer is gone, or late       -> shut both sides: libmicrohttpd ends the connection
 *   room is needed              -> the same for the one that has been idle for longest
 *   the server ends             -> the same for requests of which nothing has come for a moment
 *
 * It never ends a connection that a request of ours works for, and closes no descriptor: libmicrohttpd does.
 */
#ifndef TD_NET_REST_LINKS_H
#define TD_NET_REST_LINKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/rest/condense.h"
#include "tensord/status.h"

typedef enum td_rest_stage {
    TD_REST_FRESH, /* no request has begun yet */
    TD_REST_IDLE,  /* between two requests */
    TD_REST_HEAD,  /* its first line has come */
    TD_REST_BODY,
    TD_REST_RUN,   /* ours to do */
    TD_REST_REPLY, /* the client's to read */
} td_rest_stage;

typedef struct td_rest_link {
    /* stage + 8 * moves. Written by the connection's event thread; relaxed, as nothing else is read by it. */
    atomic_uint_fast32_t place;
    int fd;
    size_t at;       /* among the links */
    bool is_leaving; /* it was ended to make room */

    td_condenser condenser; /* the event thread's */

    /* The looking thread's. */
    uint_fast32_t seen; /* place, when it last looked */
    int64_t since_ns;   /* when that was new */
    uint64_t read;      /* bytes of ours that the client has acknowledged by then */
    uint64_t got;       /* bytes of the client's, and when they were fewer: at the end of the server only */
    int64_t got_ns;
} td_rest_link;

typedef struct td_rest_patience {
    int64_t idle_ns, head_ns, body_ns, write_ns; /* 0: for ever */
} td_rest_patience;

typedef struct td_rest_links td_rest_links;

/* At most `most` at a time. RESOURCE_EXHAUSTED: no thread. */
TD_MUST_USE td_status td_rest_links_make(const td_rest_patience *patience, size_t most, td_rest_links **out);
void td_rest_links_free(td_rest_links *l); /* when the last connection is closed. NULL is fine */

td_rest_link *td_rest_links_add(td_rest_links *l, int fd);
void td_rest_links_drop(td_rest_links *l, td_rest_link *link); /* before its descriptor is closed */

size_t td_rest_links_count(td_rest_links *l); /* how many there are */

/* Waits until there is room for one more, which td_rest_links_add() then takes: idle connections have to go for
 * it. After td_rest_links_close() (NULL is fine) there is room for anyone. */
void td_rest_links_wait_for_room(td_rest_links *l);
void td_rest_links_close(td_rest_links *l);

/* The server is about to end: from now on a request that has not come as a whole is given up when nothing more of it comes
 * for 1.5 seconds. NULL is fine. */
void td_rest_links_hurry(td_rest_links *l);

static inline td_rest_stage td_rest_link_stage(const td_rest_link *link)
{
    return (td_rest_stage)(atomic_load_explicit(&link->place, memory_order_relaxed) & 7);
}

/* The connection has come to that stage, or further within it. By its event thread. */
static inline void td_rest_link_move(td_rest_link *link, td_rest_stage stage)
{
    const uint_fast32_t place = atomic_load_explicit(&link->place, memory_order_relaxed);

    atomic_store_explicit(&link->place, (place & ~(uint_fast32_t)7) + 8 + stage, memory_order_relaxed);
}

#endif
