/* SPDX-License-Identifier: Apache-2.0 */
/* bus.h -- memory whose reads may fail: mapped files that somebody cuts short, or whose disk fails.
 *
 * The kernel answers such a read with SIGBUS, which ends the process. For ranges that are guarded here, the
 * read finds zeros instead, the range is marked as bad, and the process goes on; whoever read it must ask
 * afterwards. A SIGBUS from anywhere else goes where it went before. */
#ifndef TD_BASE_BUS_H
#define TD_BASE_BUS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct td_bus_range td_bus_range;

/* Guards the pages of [data, data + size), which are mapped and only read. One thread at a time may guard and
 * unguard; reads may fail on any thread that does not block SIGBUS. */
td_bus_range *td_bus_guard(const void *data, size_t size);
void td_bus_unguard(td_bus_range *r); /* before the memory is unmapped; nobody reads it any more */

void td_bus_mark(td_bus_range *r); /* as if a read had failed */
bool td_bus_is_bad(const td_bus_range *r);
/* How often ranges have been marked, all together: an atomic load. Who has seen the zeros of a failed read
 * sees this count raised. */
unsigned td_bus_count(void);

#endif
