/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h -- weights in the layout a kernel wants, made once per model version and shared by every plan and
 * thread.
 *
 * Thread-safe. Entries live as long as the session. */
#ifndef TD_OPS_PACK_H
#define TD_OPS_PACK_H

#include "ops/op.h"

/* What makes two packed forms the same: the constants they were made of,
 * who packs, and the packer's parameters. */
typedef struct td_pack_key {
    const void *data[4]; /* elements of constant inputs; NULL: fewer */
    const char *kind;    /* a string literal of the packer */
    uint64_t params;     /* td_hash_bytes() of whatever else matters, e.g. a memory descriptor */
} td_pack_key;

/* Returns the packed form for key in *out. Where there is none yet, build(ctx, data) fills `size` bytes of
 * 64-aligned memory. RESOURCE_EXHAUSTED without memory, or what build says. */
TD_MUST_USE td_status td_pack_get(td_call *c, const td_pack_key *key, size_t size,
                                  td_status (*build)(void *ctx, void *data), void *ctx, const void **out);

td_packs *td_packs_make(td_account *account); /* for what is packed; NULL: nobody's */
void td_packs_free(td_packs *p);
size_t td_packs_bytes(td_packs *p); /* of all that is packed */

#endif
