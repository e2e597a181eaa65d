/* SPDX-License-Identifier: Apache-2.0 */
/* run.h -- lists of floats, as images have them, at full speed.
 *
 * A run reads numbers of the usual shape (tensor/parse_quick.h) with single commas between them, and goes on
 * from one innermost list to the next as long as each has as many numbers as the first. It stops at whatever
 * is unusual; the reader of json_dense.c takes that and starts a run again.
 */
#ifndef TD_CODEC_JSON_RUN_H
#define TD_CODEC_JSON_RUN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct td_json_run {
    const char *p;  /* in: at a number. out: where it stopped */
    float *out;     /* where the next number goes */
    float *limit;   /* as far as there is room */
    size_t width;   /* numbers of a list; SIZE_MAX: not known, stay in this one */
    size_t column;  /* in, out: numbers of the present list so far */
    size_t lists;   /* out: lists that ended, added */
    bool is_behind; /* out: p is behind a number; else at one, or at what should be one */
} td_json_run;

void td_json_run_f32(td_json_run *run, const char *end);

#endif
