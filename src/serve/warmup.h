/* SPDX-License-Identifier: Apache-2.0 */
/* warmup.h -- what a version runs before it serves: the requests of its warm-up file; without one, rows of zeros. */
#ifndef TD_SERVE_WARMUP_H
#define TD_SERVE_WARMUP_H

#include "serve/manager.h"

/* What the load itself is to run of the version at path, whose requests are joined by rules (NULL: none). */
void td_warmup_plan(const td_serve_options *o, const char *path, const td_batching *rules,
                    td_session_options *out);
bool td_warmup_has_file(const td_serve_options *o, const char *path);
/* Runs its warm-up file, if there is one; s is nobody else's yet. Fails as the first of its requests does, and when the file
 * is damaged. Blocks, at most until deadline_ns (0: for as long as it takes). */
TD_MUST_USE td_status td_warmup_run(const td_serve_options *o, td_servable *s, const char *path,
                                    int64_t deadline_ns);

#endif
