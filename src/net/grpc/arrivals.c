/* SPDX-License-Identifier: Apache-2.0 */
/* arrivals.c -- see arrivals.h. */
#include "net/grpc/arrivals.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutex.h"

typedef struct arrival {
    uint64_t cookie;
    int64_t ns;
} arrival;

struct td_grpc_arrivals {
    int64_t young_ns;
    td_mutex mu;
    arrival ring[TD_GRPC_ARRIVALS]; /* guarded by mu, as the next */
    size_t next;
};

td_grpc_arrivals *td_grpc_arrivals_make(int64_t max_age_ns)
{
    td_grpc_arrivals *const a = TD_NEW(td_grpc_arrivals);

    a->young_ns = max_age_ns / 10 * 8; /* the core takes a tenth off, or adds it, by chance */
    td_mutex_init(&a->mu, TD_LOCK_leaf);
    return a;
}

void td_grpc_arrivals_free(td_grpc_arrivals *a)
{
    if (!a) return;
    td_mutex_fini(&a->mu);
    td_free(a);
}

void td_grpc_arrivals_add(td_grpc_arrivals *a, uint64_t cookie)
{
    td_mutex_lock(&a->mu);
    a->ring[a->next] = (arrival){ cookie, td_now_ns() };
    a->next = (a->next + 1) % TD_GRPC_ARRIVALS;
    td_mutex_unlock(&a->mu);
}

bool td_grpc_arrivals_is_young(td_grpc_arrivals *a, uint64_t cookie)
{
    const int64_t since_ns = td_now_ns() - a->young_ns;
    bool is_young = false;

    td_mutex_lock(&a->mu);
    for (size_t i = 0; i < TD_GRPC_ARRIVALS; i++)
        is_young |= a->ring[i].cookie == cookie && a->ring[i].ns > since_ns;
    td_mutex_unlock(&a->mu);
    return is_young;
}

uint64_t td_grpc_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;

    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}
