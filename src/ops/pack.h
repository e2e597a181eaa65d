/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h -- weights in the layout a kernel wants, made once per model version and shared by every plan and
 * thread.
 *
 * While a plan is made, packed forms are only promised: where they will be is known at once, and their elements are there
 * when the plan is (td_pack_jobs_run()), made by as many threads as there are. Without jobs to add to they are made at once.
 *
 * Thread-safe, but for jobs. Entries live as long as the session. */
#ifndef TD_OPS_PACK_H
#define TD_OPS_PACK_H

#include "ops/op.h"
#include "ops/pack_file.h"

/* What makes two packed forms the same: the constants they were made of,
 * who packs, and the packer's parameters. */
typedef struct td_pack_key {
    const void *data[4]; /* elements of constant inputs; NULL: fewer */
    const char *kind;    /* a string literal of the packer */
    uint64_t params;     /* td_hash_bytes() of whatever else matters, e.g. a memory descriptor */
} td_pack_key;

/* How a packed form is made. */
typedef struct td_pack_way {
    td_status (*build)(const void *ctx, void *data); /* fills `size` bytes of 64-aligned memory; any thread */
    const void *ctx; /* copied; what it points to stays as long as the call's state */
    size_t ctx_size;
    size_t size;
    size_t source; /* bytes of data[0]; where a file is mapped, nobody needs them any more */
} td_pack_way;

/* Returns the packed form for key in *out; one that is made when there is none yet. RESOURCE_EXHAUSTED without memory, or
 * what build says. */
TD_MUST_USE td_status td_pack_get(td_call *c, const td_pack_key *key, const td_pack_way *way,
                                  const void **out);

/* ---------------------------------------------------------------- of a plan */

typedef struct td_pack_jobs td_pack_jobs;

td_pack_jobs *td_pack_jobs_make(td_packs *packs);
size_t td_pack_jobs_count(const td_pack_jobs *j);
size_t td_pack_jobs_bytes(const td_pack_jobs *j); /* of what they make */
/* Forgets all but the first n: the state they point to goes. */
void td_pack_jobs_cut(td_pack_jobs *j, size_t n);
/* Makes them all, on the team (NULL: here). On failure some may be made; the plan that waits for them is none. */
TD_MUST_USE td_status td_pack_jobs_run(td_pack_jobs *j, td_team *team);
void td_pack_jobs_free(td_pack_jobs *j); /* those that never ran are forgotten; NULL is fine */

/* ---------------------------------------------------------------- of a session */

td_packs *td_packs_make(td_account *account); /* for what is packed; NULL: nobody's */
void td_packs_free(td_packs *p);
void td_packs_expect(td_packs *p, size_t bytes); /* so much, or less, will be packed soon */
size_t td_packs_bytes(td_packs *p);              /* of all that is packed in memory */

/* Takes f over: what is in there is not packed again. dir is the model's, in which its files are mapped; it stays. Before the
 * first td_pack_get(). f NULL: there is none yet, but td_packs_pieces() will be asked for. */
void td_packs_read_from(td_packs *p, td_pack_file *f, const char *dir);
/* All of them, to be written; td_free() it. *n_new: how many were not read from a file. */
td_pack_piece *td_packs_pieces(td_packs *p, size_t *n, size_t *n_new);

#endif
