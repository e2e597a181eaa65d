/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c -- hands out slots, and walks the links tile by tile. */
#include "kernels/elt/chain.h"

#include <stdalign.h>

#include "base/macros.h"

static size_t largest_element(const td_chain *c)
{
    size_t size = 1;

    for (unsigned i = 0; i < c->n; i++) {
        size = TD_MAX(size, c->links[i].elt.out_size);
        for (unsigned k = 0; k < c->links[i].elt.n_in; k++)
            size = TD_MAX(size, c->links[i].elt.in_size[k]);
    }
    return size;
}

/* May link i's result go where that of link `held` is? Bodies work in place, element by element: an operand that
 * ends here has to be of the same width. */
static bool may_replace(const td_chain *c, int held, const unsigned *last_use, unsigned i)
{
    if (held < 0 || last_use[held] < i) return true;
    return last_use[held] == i && c->links[held].elt.out_size == c->links[i].elt.out_size;
}

bool td_chain_finish(td_chain *c, int sources[][TD_ELT_MAX_IN])
{
    unsigned last_use[TD_CHAIN_LINKS] = { 0 };
    int holder[TD_CHAIN_SLOTS]; /* which link's result a slot has; -1: none that matters */

    for (unsigned i = 0; i < c->n; i++)
        for (unsigned k = 0; k < c->links[i].elt.n_in; k++)
            if (sources[i][k] < 0) last_use[-1 - sources[i][k]] = i;
    for (int s = 0; s < TD_CHAIN_SLOTS; s++)
        holder[s] = -1;
    for (unsigned i = 0; i < c->n; i++) {
        td_chain_link *const link = &c->links[i];
        for (unsigned k = 0; k < link->elt.n_in; k++) {
            const int from = sources[i][k];
            link->from[k] = from >= 0 ? from : -1 - c->links[-1 - from].slot;
        }
        link->slot = 0;
        if (i + 1 == c->n) break;
        while (link->slot < TD_CHAIN_SLOTS && !may_replace(c, holder[link->slot], last_use, i))
            link->slot++;
        if (link->slot == TD_CHAIN_SLOTS) return false;
        holder[link->slot] = (int)i;
    }
    c->tile = TD_CHAIN_SLOT_BYTES / largest_element(c);
    return true;
}

int td_chain_run(const void *ctx, void *out, const void *const in[], size_t n)
{
    alignas(64) char slots[TD_CHAIN_SLOTS][TD_CHAIN_SLOT_BYTES];
    const td_chain *const c = ctx;
    int bits = 0;

    for (size_t at = 0; at < n; at += c->tile) {
        const size_t count = TD_MIN(c->tile, n - at);
        for (unsigned i = 0; i < c->n; i++) {
            const td_chain_link *const link = &c->links[i];
            const td_elt *const elt = &link->elt;
            const void *from[TD_ELT_MAX_IN];
            for (unsigned k = 0; k < elt->n_in; k++)
                from[k] = link->from[k] >= 0 ? (const char *)in[link->from[k]] + at * elt->in_size[k]
                                             : slots[-1 - link->from[k]];
            void *const to = i + 1 == c->n ? (void *)((char *)out + at * elt->out_size) : slots[link->slot];
            bits |= td_elt_run(elt, to, from, count, &link->arg);
        }
    }
    return bits;
}
