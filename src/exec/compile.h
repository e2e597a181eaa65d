/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h -- how a program is made. */
#ifndef TD_EXEC_COMPILE_H
#define TD_EXEC_COMPILE_H

#include "exec/program.h"
#include "passes/pass.h"

/* Compiles g: runs the passes from prune on (freezing and fusing when `serve`), builds the steps, and the
 * programs of its regions. Lives in p->arena but for what td_program_free() (cache.h) gives back. The caller asks
 * td_pass_missing() whether it can be run: that ops are missing, here or in a region, is no error yet. */
TD_MUST_USE td_status td_program_make(td_pass *p, td_graph *g, bool serve, td_program **out);

#endif
