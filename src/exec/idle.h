/* SPDX-License-Identifier: Apache-2.0 */
/* idle.h -- what runs have left behind for the next ones, and when it is given back: soon after the last one, or as
 * soon as the process reaches its limit of memory. */
#ifndef TD_EXEC_IDLE_H
#define TD_EXEC_IDLE_H

#include <stdbool.h>
#include <stddef.h>

/* From now on, for all sessions together (base/account.h). SIZE_MAX: none. */
void td_memory_set_limit(size_t bytes);

/* To be called about once a second: gives back what nobody has used since the last call. True when there was any. Any
 * thread that holds no lock. */
bool td_idle_tidy(void);

#endif
