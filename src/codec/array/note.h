/* SPDX-License-Identifier: Apache-2.0 */
/* note.h -- what the header field X-Tensord-Tensor says of a body that is one tensor's bytes.
 *
 *   value  = tensor *( ";" param ) | param *( ";" param )
 *   tensor = dtype "[" [ dim *( "," dim ) ] "]"        float32 [8,224,224,3]; [] is a scalar
 *   param  = key "=" ( token | quoted )
 *   key    = "name" | "output" | "signature"            the input, the one output wanted, the signature
 *   token  = bytes but blanks, ";" and quotes
 *   quoted = '"' *( bytes but quotes and "\" | "\" byte ) '"'
 *
 * Blanks may stand between all of these. dtype is numpy's word (float32) or TensorFlow's (float, DT_FLOAT).
 */
#ifndef TD_CODEC_ARRAY_NOTE_H
#define TD_CODEC_ARRAY_NOTE_H

#include "base/arena.h"
#include "tensord/tensor.h"

typedef struct td_array_note {
    td_dtype dtype; /* TD_DTYPE_NONE: of no tensor */
    td_shape shape;
    td_string input, output, signature; /* size 0: not said */
} td_array_note;

/* Texts are views of text, or lie in the arena. INVALID_ARGUMENT: it is no such value, or a type that has no bytes of its own. */
TD_MUST_USE td_status td_array_note_parse(const char *text, td_arena *arena, td_array_note *out);
/* The same of an answer, whose param is the output's name: float32 [8,1000]; name=scores. In the arena. */
const char *td_array_note_text(const td_tensor *t, const char *alias, td_arena *arena);

#endif
