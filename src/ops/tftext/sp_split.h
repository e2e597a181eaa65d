/* SPDX-License-Identifier: Apache-2.0 */
/* sp_split.h -- a normalized text to pieces, by the model's kind. */
#ifndef TD_OPS_SP_SPLIT_H
#define TD_OPS_SP_SPLIT_H

#include "ops/tftext/sentencepieces.h"

/* Adds pieces, by their id and text, which lie in `text` one behind the other, to `out`. */
TD_MUST_USE td_status td_sp_split(const td_sentencepieces *m, td_string text, td_pieces *out);
/* Of a model of merges. */
TD_MUST_USE td_status td_sp_split_by_merges(const td_sentencepieces *m, td_string text, td_pieces *out);

#endif
