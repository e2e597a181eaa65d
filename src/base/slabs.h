/* SPDX-License-Identifier: Apache-2.0 */
/* slabs.h -- memory for what is large, stays for long and goes all at once: packed weights of a model.
 *
 * Pieces lie one behind the other in few large blocks, which huge pages can back: page after page, the kernel needs longer
 * to hand out memory than it takes to fill it. One thread at a time. */
#ifndef TD_BASE_SLABS_H
#define TD_BASE_SLABS_H

#include <stddef.h>

#include "base/vec.h"

typedef struct td_slabs {
    td_vec blocks, given; /* given: pieces that came back */
    size_t expected;      /* bytes of the next block, at least */
    size_t total;         /* bytes of all pieces so far */
} td_slabs;

void td_slabs_init(td_slabs *s);
void td_slabs_fini(td_slabs *s); /* and all pieces with them */

/* So much is going to be taken: room for all of it together. Costs no memory until it is used. */
void td_slabs_expect(td_slabs *s, size_t bytes);

void *td_slabs_take(td_slabs *s, size_t size);         /* 64-aligned, not cleared; NULL without memory */
void td_slabs_give(td_slabs *s, void *p, size_t size); /* for the next piece of that size; NULL is fine */

#endif
