/* SPDX-License-Identifier: Apache-2.0 */
/* fuse.c -- runs every fusion of fuse.inc; the graph is pruned after each that changed something. */
#include "passes/fuse.h"

#include "base/macros.h"

static const struct {
    td_pass_id id;
    td_status (*fuse)(td_pass *p, td_graph *g, bool *changed);
} fusions[] = {
#define TD_FUSE(name) { TD_PASS_fuse_##name, td_fuse_##name },
#include "passes/fuse.inc"
#undef TD_FUSE
};

td_status td_pass_fuse(td_pass *p, td_graph *g)
{
    for (size_t i = 0; i < TD_COUNT(fusions); i++) {
        bool changed = false;

        if (!td_env_does(p->env, fusions[i].id)) continue;
        TD_TRY(fusions[i].fuse(p, g, &changed));
        if (changed) TD_TRY(td_pass_prune(p, g));
    }
    return NULL;
}
