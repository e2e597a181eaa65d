/* SPDX-License-Identifier: Apache-2.0 */
/* array.h -- requests and answers that are one tensor's bytes: raw, little-endian and in C order, as a note says
 * (note.h), or numpy's .npy, which says it itself. */
#ifndef TD_CODEC_ARRAY_ARRAY_H
#define TD_CODEC_ARRAY_ARRAY_H

#include "api/predict.h"
#include "codec/array/note.h"
#include "codec/json/out.h"

typedef enum td_array_form { TD_ARRAY_RAW, TD_ARRAY_NPY } td_array_form;

/* Do they begin as a .npy does? */
bool td_array_is_npy(const void *bytes, size_t size);

/* Fills the input of an opened p that the note names, else the only one without a default. Elements are used where they
 * lie if that is aligned: bytes must live until p is closed. INVALID_ARGUMENT: no such input, bytes that are not as many
 * as the note says, a .npy that cannot be read. RESOURCE_EXHAUSTED: no memory. */
TD_MUST_USE td_status td_array_fill(td_array_form form, const td_array_note *note, const void *bytes,
                                    size_t size, td_predict *p);

/* INVALID_ARGUMENT: p wants several outputs, or none. Before the run. */
TD_MUST_USE td_status td_array_check_output(const td_predict *p);
/* The one output of a p that was run. INVALID_ARGUMENT: its type has no such form. RESOURCE_EXHAUSTED: no memory. */
TD_MUST_USE td_status td_array_put(td_array_form form, const td_predict *p, td_json_out *out);

#endif
