/* SPDX-License-Identifier: Apache-2.0 */
/* team.h -- a few threads that share one piece of arithmetic.
 *
 * Work is cut into shards, more than there are threads; every thread takes the next free one until none is
 * left, so a thread that loses its core to a neighbour delays one shard, not a barrier. The caller works too.
 * Workers that find nothing spin for some microseconds, then sleep.
 */
#ifndef TD_DEVICE_TEAM_H
#define TD_DEVICE_TEAM_H

#include <stddef.h>

typedef struct td_team td_team;

td_team *td_team_make(int threads);    /* threads counts the caller: 1 makes no thread */
void td_team_free(td_team *t);         /* no run may be going on; NULL is fine */
int td_team_threads(const td_team *t); /* 1 for NULL */

/* From now on at most so many threads work, the caller included; also during a run. Any thread may say so. */
void td_team_set_limit(td_team *t, int threads);

/* Calls fn(ctx, shard, thread) once for each shard in [0, shards), thread in [0, threads); returns when all
 * are done. One caller at a time; a NULL team, one shard or one thread runs in place. Shards that come after the
 * caller's thread was asked to stop (stop.h) are left out. */
void td_team_run(td_team *t, size_t shards, void (*fn)(void *ctx, size_t shard, int thread), void *ctx);

#endif
