/* SPDX-License-Identifier: Apache-2.0 */
/* partial.h -- a signature's program for some of its outputs, without the steps that only others need.
 *
 * Made when it is first asked for, and kept as long as the whole one: clients that ask for less ask for the same again. It
 * shares all but the list of steps with the whole program, and has plans of its own. */
#ifndef TD_EXEC_PARTIAL_H
#define TD_EXEC_PARTIAL_H

#include <stdatomic.h>

#include "exec/program.h"

enum { TD_PARTIALS = 8 }; /* of a signature; whoever asks for still others gets all of it */

typedef struct td_partial td_partial;

/* Cleared at first. Any thread. */
typedef struct td_partials {
    _Atomic(td_partial *) made[TD_PARTIALS]; /* filled from the first on */
} td_partials;

/* The program for the rets want[] of whole; the others must not be asked for. It may be whole itself: all are wanted, or
 * there is state that steps change, whose effects are not left out. */
td_program *td_partial_of(td_partials *p, td_program *whole, const size_t *want, size_t n_want);
void td_partials_free(td_partials *p); /* before the whole program */

#endif
