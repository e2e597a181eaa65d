/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h -- so many bytes of work at a time; the rest stands in line.
 *
 * Who comes with a pass is in at once, or waits without a thread: go() is called when there is room. First come, first
 * in: a large one is not passed by small ones behind it. Whoever has the gate to itself is in, however large. Any thread.
 */
#ifndef TD_BASE_GATE_H
#define TD_BASE_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mutex.h"

typedef enum td_gate_place { TD_GATE_OUTSIDE, TD_GATE_IN_LINE, TD_GATE_INSIDE } td_gate_place;

/* The caller's, cleared at first; it stays where it is until td_gate_leave(). The gate's lock guards it. */
typedef struct td_gate_pass td_gate_pass;
struct td_gate_pass {
    td_gate_place place;
    size_t bytes;
    void (*go)(void *ctx);
    void *ctx;
    td_gate_pass *next;
};

typedef struct td_gate {
    td_mutex mu;
    size_t limit, inside; /* bytes */
    td_gate_pass *first, **last;
} td_gate;

void td_gate_init(td_gate *g, size_t limit);
void td_gate_fini(td_gate *g);                /* nobody may be in it or in line */
void td_gate_limit(td_gate *g, size_t limit); /* for whoever comes from now on */

/* True: p is inside. False: it is in line, and go(ctx) will be called once it is inside, by whatever thread, maybe before
 * this returns. */
bool td_gate_enter(td_gate *g, td_gate_pass *p, size_t bytes, void (*go)(void *ctx), void *ctx);
/* p's work is not wanted any more, and soon over: it need not stand in line. True when it did, and is inside now: go() is
 * not called. */
bool td_gate_hurry(td_gate *g, td_gate_pass *p);
/* p's work is over. Calls go() of those for whom there is room now. One that is outside already is fine. */
void td_gate_leave(td_gate *g, td_gate_pass *p);

#endif
