/* SPDX-License-Identifier: Apache-2.0 */
/* fuse.h -- what a fusion is: a function that replaces patterns by fused ops.
 *
 * It gets a sorted graph with constants folded, sets *changed when it changed something, and leaves dead
 * nodes behind (the caller prunes). td_pass_node() makes nodes, td_pass_replace() redirects users, users.h
 * tells which values have a single user. Add a line to fuse.inc and to
 * config/passes.inc.
 */
#ifndef TD_PASSES_FUSE_H
#define TD_PASSES_FUSE_H

#include "passes/pass.h"

#define TD_FUSE(name) td_status td_fuse_##name(td_pass *p, td_graph *g, bool *changed);
#include "passes/fuse.inc"
#undef TD_FUSE

#endif
