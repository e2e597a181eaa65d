/* SPDX-License-Identifier: Apache-2.0 */
/* script.h -- what Unicode says of characters, as PCRE2 knows it. */
#ifndef TD_OPS_SCRIPT_H
#define TD_OPS_SCRIPT_H

#include "tensord/tensor.h"

/* out[i] = the number of the script of codes[i], as UScriptCode of ICU counts; 103: of none; -1: no character.
 * RESOURCE_EXHAUSTED without memory. */
TD_MUST_USE td_status td_script_find(const int32_t *codes, size_t n, int32_t *out);

/* Does it have case (a letter with another form), and is it passed over in the search for such a letter? */
typedef enum td_casing { TD_CASELESS, TD_CASED, TD_CASE_IGNORED } td_casing;
td_casing td_casing_of(uint32_t code);

/* The property White_Space, and the categories of punctuation. Anything else than characters has neither. */
bool td_is_white_space(int32_t code);
bool td_is_punctuation(int32_t code);

#endif
