/* SPDX-License-Identifier: Apache-2.0 */
/* run_io.h -- what `tensord run --inputs` names, and how outputs are printed. */
#ifndef TD_CLI_RUN_IO_H
#define TD_CLI_RUN_IO_H

#include "codec/json/predict.h"

/* One --inputs: an array file for one input, or JSON for all of them. */
typedef struct td_run_input {
    td_string alias; /* array: of which input */
    const char *file;
    bool is_json;
    td_json_predict json;
} td_run_input;

/* Reads JSON, text or file; arena keeps it. INVALID_ARGUMENT: bad JSON; NOT_FOUND: no such file. */
TD_MUST_USE td_status td_run_input_open(const char *what, td_arena *arena, td_run_input *out);
TD_MUST_USE td_status td_run_input_fill(td_run_input *in, td_predict *p);

/* To standard output, as REST answers: rows when the input came as rows. json: NULL for none. */
TD_MUST_USE td_status td_run_print(const td_json_predict *json, const td_predict *p);

#endif
