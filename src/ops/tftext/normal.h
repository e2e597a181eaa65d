/* SPDX-License-Identifier: Apache-2.0 */
/* normal.h -- Unicode's normal forms of texts in UTF-8, by the properties of characters that libutf8proc knows.
 *
 * A text is taken apart where nothing that comes behind changes what was before. What is malformed stays as it is. */
#ifndef TD_OPS_NORMAL_H
#define TD_OPS_NORMAL_H

#include "base/strbuf.h"
#include "ops/op.h"

typedef enum td_form { TD_NFC, TD_NFD, TD_NFKC, TD_NFKD, TD_NFKC_CASEFOLD } td_form;

/* So many bytes became so many others, or stayed. */
typedef struct td_edit {
    uint32_t from, to;
    bool is_change;
} td_edit;

/* What a normalization needs, and makes of a text. All zeros but `call` and `form` is empty; its memory is the arena's
 * of the run, but for `text`: td_strbuf_fini(). */
typedef struct td_normalizer {
    td_call *call;
    td_form form;
    td_strbuf text;
    td_edit *edits; /* runs of bytes that stayed are one */
    size_t n_edits, edit_room;
    int32_t *codes; /* of the part at hand */
    size_t n_codes, code_room;
} td_normalizer;

/* UNIMPLEMENTED: the library is not there. RESOURCE_EXHAUSTED: no memory. */
TD_MUST_USE td_status td_normalize(td_normalizer *n, td_string text);

#endif
