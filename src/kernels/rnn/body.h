/* SPDX-License-Identifier: Apache-2.0 */
/* body.h -- the ways to make the sums of a recurrent layer: a list, best first, that a layer is put to.
 *
 * As products are (kernels/gemm/body.h). The walk through the sequence (rnn.c) is the same for all. Checks walk the list.
 */
#ifndef TD_KERNELS_RNN_BODY_H
#define TD_KERNELS_RNN_BODY_H

#include "kernels/rnn/rnn.h"

/* Some groups of some rows; a part of a shard. */
typedef struct td_rnn_part {
    const td_rnn *r;
    size_t row0, rows;
    size_t group0, group1;
    float *bx, *bh; /* [groups][width], columns as in sums */
    float *sums;    /* of x and its bias: [groups][chunk * shard_rows][width] */
    float *own;     /* of h: [rows][width], of one group; NULL: they are added to those of x */
    void *body;     /* the body's own, of this part */
    void *shared;   /* ... of all parts of a shard */
} td_rnn_part;

/* How its scratch is laid out. */
typedef struct td_rnn_needs {
    bool has_own;
    size_t part, shared; /* bytes */
} td_rnn_needs;

typedef struct td_rnn_body {
    const char *name;
    /* Neither may depend on steps or batch, so that plans of all of them share one form of the weights. */
    bool (*can)(const td_rnn_ask *ask);
    bool (*pays)(const td_rnn_ask *ask);
    size_t most_rows;  /* of a shard */
    size_t chunk_rows; /* of x, that are worth one product */
    bool pads;         /* gates of a group are TD_RNN_GROUP columns apart also where it has fewer units */
    td_rnn_needs (*needs)(td_rnn_plan *p); /* and what else of p it decides once */

    const char *form;                                                 /* of weights */
    size_t (*packed_size)(td_rnn_kind kind, size_t k, size_t hidden); /* bytes */
    /* False: no memory. */
    bool (*pack)(td_rnn_kind kind, size_t k, size_t hidden, void *packed, const float *w);

    void (*inputs)(const td_rnn_part *p, size_t step, size_t n); /* x Wx + b of n steps; inputs may be 0 */
    void (*begin)(const td_rnn_part *p);                         /* before a step's calls of state; NULL */
    void (*end)(void); /* behind a thread's last step, before anything else runs on it; NULL */
    /* h Wh, added to sums (of these rows and this group), or into p->own with the bias of h. h is [shard rows][hidden]. */
    void (*state)(const td_rnn_part *p, size_t step, size_t group, float *sums, const float *h);
    /* The state behind so many steps is there, these units of it; NULL: the body reads it where it is. */
    void (*keep)(const td_rnn_part *p, size_t steps, size_t group, const float *h);
} td_rnn_body;

extern const td_rnn_body *const td_rnn_bodies[]; /* NULL behind the last, which runs any */
extern const td_rnn_body td_rnn_body_amx, td_rnn_body_panels;

const td_rnn_body *td_rnn_body_choose(const td_rnn_ask *ask);

size_t td_rnn_groups(size_t hidden);
size_t td_rnn_group_units(size_t hidden, size_t group); /* the last one may have fewer */
/* Columns of a group, of [k][gates * hidden], side by side: [k][gates][gap]; those beyond its units are not touched. */
void td_rnn_gather(td_rnn_kind kind, size_t k, size_t hidden, size_t group, size_t gap, float *out,
                   const float *w);

#endif
