/* SPDX-License-Identifier: Apache-2.0 */
/* gone.h -- whether the client of a request that other threads work for still waits for the answer.
 *
 * libmicrohttpd does not look at a connection that sleeps, and a client that has closed its socket looks like one that
 * has only closed its side: both send FIN, and the second wants the answer. What tells them apart is something to read:
 * the socket that is closed answers it with RST. So who has sent FIN is sent "100 Continue", once, which a client of
 * HTTP/1.1 must pass over wherever it comes. One of HTTP/1.0 need not: it is gone when its connection is reset.
 */
#ifndef TD_NET_REST_GONE_H
#define TD_NET_REST_GONE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a request whose connection sleeps. */
typedef struct td_rest_watch {
    int fd;
    bool takes_interim;       /* replies of 100: it speaks HTTP/1.1 */
    _Atomic(int64_t) next_ns; /* when it is looked at again */
    atomic_bool was_asked;    /* sent something to read */
    atomic_bool is_gone;      /* for good */
} td_rest_watch;

void td_rest_watch_begin(td_rest_watch *w, int fd, bool takes_interim);
/* Costs a look at the clock, and some milliseconds apart one at the socket. Any number of threads, while the connection
 * sleeps. */
bool td_rest_is_gone(td_rest_watch *w);

#endif
