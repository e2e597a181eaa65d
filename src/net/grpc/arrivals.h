/* SPDX-License-Identifier: Apache-2.0 */
/* arrivals.h -- which connections are young, where the core ends old ones by itself (grpc.max_connection_age_ms).
 *
 * To those it has said GOAWAY, with the last call that it takes. Another GOAWAY must not take that back, or clients hang up
 * with calls in flight: so goaway.c tells the young only. Any thread. */
#ifndef TD_NET_GRPC_ARRIVALS_H
#define TD_NET_GRPC_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct td_grpc_arrivals td_grpc_arrivals;

/* Of the last ones to come; nobody needs to be told that others have gone. */
enum { TD_GRPC_ARRIVALS = 4096 };

td_grpc_arrivals *td_grpc_arrivals_make(int64_t max_age_ns);
void td_grpc_arrivals_free(td_grpc_arrivals *a); /* NULL is fine */
void td_grpc_arrivals_add(td_grpc_arrivals *a, uint64_t cookie);
/* The core has surely not begun to end it. */
bool td_grpc_arrivals_is_young(td_grpc_arrivals *a, uint64_t cookie);

/* A connection's own number, which no other has before or after it; 0: it has none. */
uint64_t td_grpc_cookie(int fd);

#endif
