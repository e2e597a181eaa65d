/* SPDX-License-Identifier: Apache-2.0 */
/* spare.h -- pages for what runs make as they go, and for the next run once those are done with.
 *
 * A step whose shapes only a run can tell makes its outputs anew each time. From the heap, and from the system, each of them
 * comes as pages that were never touched, which cost more than most arithmetic. So blocks that were given back are kept
 * for a while, in lists of blocks of one size.
 *
 * Blocks count in the process's sum of accounts, those in use and those kept. Any thread; other locks may be held.
 */
#ifndef TD_BASE_SPARE_H
#define TD_BASE_SPARE_H

#include <stdbool.h>
#include <stddef.h>

/* AddressSanitizer watches over what was given back: there nothing is kept. */
#define TD_SPARE_KEEPS 1
#if defined(__SANITIZE_ADDRESS__)
#undef TD_SPARE_KEEPS
#define TD_SPARE_KEEPS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef TD_SPARE_KEEPS
#define TD_SPARE_KEEPS 0
#endif
#endif

enum {
    TD_SPARE_LEAST = 64 << 10, /* smaller ones are the heap's */
    TD_SPARE_MOST = 64 << 20,  /* bytes that are kept in all, so that larger blocks never are */
};

/* At least size bytes, 64-byte aligned, not cleared; *real is how many there are. NULL: no memory, or beyond the limit. */
void *td_spare_take(size_t size, size_t *real);
void td_spare_give(void *p, size_t real);

/* Gives those back to the system that nobody needed since the last call; all: whatever is kept. True when there were any. */
bool td_spare_tidy(bool all);

#endif
