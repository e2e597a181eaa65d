/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h -- several calls of one signature as one run: their rows put together, and its result cut up again. */
#ifndef TD_BATCH_BATCH_H
#define TD_BATCH_BATCH_H

#include "batch/batcher.h"

/* The rows of a call: what all its inputs have as first dimension. 0: they have none, or not the same, or are not of
 * the signature's shape otherwise. */
size_t td_batch_rows(const td_batch_call *c);
bool td_batch_is_given(const td_tensor *t); /* or left to its default */
/* May the two share a run? Same inputs given, of the same types and shapes but for the first dimension. */
bool td_batch_agree(const td_batch_call *a, const td_batch_call *b);
bool td_batch_is_unwanted(const td_batch_call *c);             /* nobody waits for it any more */
bool td_batch_is_over(const td_batch_call *c, int64_t now_ns); /* or its deadline has passed */

/* The power of two that is no smaller than rows (at least one): few odd sizes, as a plan for each would cost more than
 * some rows. */
size_t td_batch_full(size_t rows);

/* Bytes of a row of all inputs. */
size_t td_batch_row_bytes(const td_batch_call *c);

/* What a run of calls like c with so many rows takes, in nanoseconds; 0: not known. */
int64_t td_batch_expect(const td_session *s, const td_batch_call *c, size_t rows);

/* Runs the n calls of the list together, on so many rows (join.h). Fills the results of all of
 * them, or of none. Stops when the last one's time is over, or none is wanted any more. Where they never wait and would
 * have to, none has a batch. */
TD_MUST_USE td_status td_batch_run(td_session *s, td_batch_call *first, size_t n, size_t rows);
/* Runs c by itself. */
TD_MUST_USE td_status td_batch_run_one(td_session *s, td_batch_call *c);

/* May what the outputs hold lie in the inputs' memory? As long as it does not, inputs need not be kept for outputs. */
bool td_batch_shares(const td_tensor *out, size_t n_out, const td_tensor *in, size_t n_in);

/* Is each of the outputs one of so many rows? FAILED_PRECONDITION, as TensorFlow Serving words it. */
TD_MUST_USE td_status td_batch_check_rows(const td_tensor *out, size_t n, size_t rows);

/* The run of the n calls is over: takes error. False: it may be the fault of one of them; none is done. */
bool td_batch_end_all(td_batch_call *first, size_t n, td_status error);

#endif
