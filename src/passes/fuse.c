/* fuse.c -- runs every fusion of fuse.inc; the graph is pruned after each that changed something. */
#include "passes/fuse.h"

#include "base/macros.h"

static td_status (*const fusions[])(td_pass *p, td_graph *g, bool *changed) = {
#define TD_FUSE(name) td_fuse_##name,
#include "passes/fuse.inc"
#undef TD_FUSE
    NULL,
};

td_status td_pass_fuse(td_pass *p, td_graph *g)
{
    for (size_t i = 0; i + 1 < TD_COUNT(fusions); i++) {
        bool changed = false;

        TD_TRY(fusions[i](p, g, &changed));
        if (changed) TD_TRY(td_pass_prune(p, g));
    }
    return NULL;
}
