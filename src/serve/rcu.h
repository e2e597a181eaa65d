/* SPDX-License-Identifier: Apache-2.0 */
/* rcu.h -- readers that never wait, writers that wait for readers.
 *
 * A pointer to something immutable is shared in an atomic. A reader enters, loads the pointer, uses what it
 * points to, leaves: two uncontended atomic adds. A writer stores a new pointer and then calls
 * td_rcu_synchronize(): when that returns, nobody can still be using the old one.
 */
#ifndef TD_SERVE_RCU_H
#define TD_SERVE_RCU_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "base/stripe.h"

typedef struct td_rcu_stripe {
    _Alignas(TD_STRIPE_LINE) atomic_uint inside[2]; /* readers, by the phase in which they entered */
} td_rcu_stripe;

typedef struct td_rcu {
    td_rcu_stripe stripes[TD_STRIPES]; /* a thread always uses the same one */
    atomic_uint phase;
    td_mutex writers;
} td_rcu;

typedef atomic_uint *td_rcu_ticket;

void td_rcu_init(td_rcu *r);
void td_rcu_fini(td_rcu *r);

/* Between enter and leave a thread must not block. The pointer must be loaded, and be stored by writers, with
 * memory_order_seq_cst. */
td_rcu_ticket td_rcu_enter(td_rcu *r);
void td_rcu_leave(td_rcu_ticket ticket);

/* Returns when every reader that entered before the call has left. Not to be called by a reader. */
void td_rcu_synchronize(td_rcu *r);

#endif
