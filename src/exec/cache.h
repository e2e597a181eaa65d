/* SPDX-License-Identifier: Apache-2.0 */
/* cache.h -- the plans of one program, by input shapes, and the frames of each plan that nobody uses.
 *
 * The least recently used plan goes when there are too many; a plan with runs going on stays until the last of
 * them gives its frame back. All of it is guarded by the cache's lock, but for reference counts. All caches of the
 * process are in one list, so that what lies idle in them can be given back.
 */
#ifndef TD_EXEC_CACHE_H
#define TD_EXEC_CACHE_H

#include "exec/frame.h"

void td_cache_init(td_cache *c);

/* Finds or makes the plan for these input shapes and takes a frame for it. in[i] for prog->args[i]; dtypes
 * must agree. */
TD_MUST_USE td_status td_frame_enter(td_program *prog, const td_tensor *in, td_frame **out);
void td_frame_leave(td_frame *f);

/* What a run with these input shapes takes, by the plan's earlier runs, in nanoseconds. 0: there is no such plan, or it
 * never ran. */
int64_t td_cache_expect(td_program *prog, const td_tensor *in);

/* Frees frames of plans that nobody has used since the last call, but for one of each program's latest plan. all: all
 * idle frames, and every plan but each program's latest. True when there were any. Any thread that holds no lock. */
bool td_caches_tidy(bool all);

/* Gives back prog's plans: the end of its cache. */
void td_program_drop_plans(td_program *prog);
/* And its regions with theirs. NULL is fine. */
void td_program_free(td_program *prog);

#endif
