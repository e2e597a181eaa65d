/* SPDX-License-Identifier: Apache-2.0 */
/* mem_meter.h -- what a thread takes from the heap, less what it gives back, and no more than it may: for work that a
 * file has written, the init op of a model.
 *
 * Allocations that may fail do so beyond the limit; those that may not go on, and whoever looks sees that it is over. */
#ifndef TD_BASE_MEM_METER_H
#define TD_BASE_MEM_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct td_mem_meter {
    int64_t used; /* below 0: more was given back than taken */
    int64_t most;
    bool is_over; /* more was wanted, at some time */
} td_mem_meter;

/* This thread's, from now on; returns the one before. NULL: nothing is counted. */
td_mem_meter *td_mem_meter_swap(td_mem_meter *m);

bool td_mem_meter_is_on(void);
/* For mem.h and arenas: may `size` more bytes be had? */
bool td_mem_meter_refuses(size_t size);
void td_mem_meter_take(void *p); /* p was allocated, NULL is fine */
void td_mem_meter_give(void *p); /* p is about to be freed */

#endif
