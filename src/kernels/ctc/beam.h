/* SPDX-License-Identifier: Apache-2.0 */
/* beam.h -- the likeliest label sequences of connectionist temporal classification, by beam search.
 *
 * At each time step there is one of the labels, or the blank (the last class). A sequence is what is left when equal
 * neighbours become one and blanks go. The beam holds the best sequences so far; each is a node of a tree whose paths from
 * the root are sequences, with the logarithms of how likely it is to have ended in a blank, in its label, or in either.
 */
#ifndef TD_KERNELS_CTC_BEAM_H
#define TD_KERNELS_CTC_BEAM_H

#include "base/arena.h"
#include "tensord/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct td_beam td_beam;

/* All of its memory is of the arena. NULL without memory. */
td_beam *td_beam_make(td_arena *arena, size_t classes, size_t width, bool is_float);

/* Back to the root: the empty sequence. False without memory. */
bool td_beam_start(td_beam *b);

/* One step further, by the logits of all classes. False without memory. */
bool td_beam_step(td_beam *b, const double *logits);

size_t td_beam_size(const td_beam *b); /* sequences in the beam */

/* The i-th best: its length, and where it is likely, the logarithm. */
size_t td_beam_length(const td_beam *b, size_t i, bool merges);
double td_beam_log(const td_beam *b, size_t i);
/* Its labels; room for td_beam_length(). */
void td_beam_labels(const td_beam *b, size_t i, bool merges, int64_t *out);

#endif
