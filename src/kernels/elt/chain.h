/* SPDX-License-Identifier: Apache-2.0 */
/* chain.h -- several elementwise functions in one pass over memory.
 *
 * A chain is a short program: each link applies one function to operands (arrays) and to earlier links'
 * results, which live only as tiles of a few kilobytes in the first cache. The last link writes the output.
 */
#ifndef TD_KERNELS_ELT_CHAIN_H
#define TD_KERNELS_ELT_CHAIN_H

#include "kernels/elt/elt.h"

enum { TD_CHAIN_LINKS = 16, TD_CHAIN_SLOTS = 6, TD_CHAIN_SLOT_BYTES = 4096 };

typedef struct td_chain_link {
    td_elt elt;
    td_elt_arg arg;
    int from[TD_ELT_MAX_IN]; /* k >= 0: operand k; -1 - s: slot s */
    int slot;                /* where the result goes; the last link's is not used */
} td_chain_link;

typedef struct td_chain {
    unsigned n;
    size_t tile; /* elements: td_chain_finish() works it out */
    td_chain_link links[TD_CHAIN_LINKS];
} td_chain;

/* Gives each link a slot; sources[i][k] >= 0 says operand, -1 - j says link j < i. False: more results live
 * at once than there are slots. */
bool td_chain_finish(td_chain *c, int sources[][TD_ELT_MAX_IN]);

/* Makes n dense elements; a td_bcast_fn, ctx is a td_chain.
 * out may be an operand exactly. Returns the bodies' bits. */
int td_chain_run(const void *ctx, void *out, const void *const in[], size_t n);

#endif
