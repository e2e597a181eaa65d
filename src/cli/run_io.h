/* SPDX-License-Identifier: Apache-2.0 */
/* run_io.h -- what the inputs of `tensord run` are made of, and how outputs are printed. */
#ifndef TD_CLI_RUN_IO_H
#define TD_CLI_RUN_IO_H

#include "codec/json/predict.h"

typedef enum td_run_source {
    TD_RUN_JSON,     /* a request, or what its "inputs" are */
    TD_RUN_ARRAYS,   /* "x=a.npy;y=b.npz[name]" */
    TD_RUN_EXPRS,    /* "x=[1, 2];y=np.ones(3)" (expr.h) */
    TD_RUN_EXAMPLES, /* "inputs=[{'age': [22.0]}]" */
} td_run_source;

/* One option's value: inputs that a ';' separates, or JSON for all of them. */
typedef struct td_run_input {
    td_run_source source;
    const char *text;
    bool is_cast; /* arrays become what the signature wants, as saved_model_cli has it */
    td_json_predict json;
} td_run_input;

/* Sorts out what --inputs says: JSON, a file of it, or arrays. arena keeps JSON. INVALID_ARGUMENT: bad JSON; NOT_FOUND: no such
 * file. */
TD_MUST_USE td_status td_run_input_open(const char *what, td_arena *arena, td_run_input *out);
/* An input that is there already is replaced, with a warning. INVALID_ARGUMENT: no such input, or nothing that it can be
 * made of; NOT_FOUND: no such file. */
TD_MUST_USE td_status td_run_input_fill(td_run_input *in, td_predict *p);

/* To standard output, as REST answers: rows when the input came as rows. json: NULL for none. */
TD_MUST_USE td_status td_run_print(const td_json_predict *json, const td_predict *p);

#endif
