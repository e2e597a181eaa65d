/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h -- made-up inputs for a signature: noise for floats, zeros for whole numbers, empty strings. */
#ifndef TD_CLI_FEED_H
#define TD_CLI_FEED_H

#include "cli/verb.h"
#include "tensord/session.h"

typedef struct td_feed_list {
    td_tensor *tensors; /* in the signature's order */
    void **elements;
    size_t n;
} td_feed_list;

/* rows: of the first dimension, where that may be any. shapes: "NAME=DIMS" for dimensions that the signature leaves open,
 * DIMS separated by commas, the first of which rows replaces if it is 0. INVALID_ARGUMENT names an input whose shape is not known; RESOURCE_EXHAUSTED: too large.
 * *out is to be freed even then. */
TD_MUST_USE td_status td_feed_make(const td_signature *s, int64_t rows, const td_words *shapes,
                                   td_feed_list *out);
void td_feed_free(td_feed_list *f); /* one that is all zeros is fine */

#endif
