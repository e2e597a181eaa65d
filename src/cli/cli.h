/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h -- the verbs of the one binary. Each takes its own argc and argv (argv[0] is what usage shows) and
 * returns the exit code of the process. */
#ifndef TD_CLI_CLI_H
#define TD_CLI_CLI_H

#include "tensord/status.h"

#include "cli/verb.h"

/* Picks the verb: `tensord show ...`; without one, or called tensorflow_model_server, it is `serve`. Called
 * tf_serving_entrypoint.sh it does what TensorFlow Serving's image does by that name. */
int td_cli_main(int argc, char **argv);

/* Those of the table in cli.c; each in the file of its name. */
extern const td_verb td_verb_serve, td_verb_check, td_verb_show, td_verb_run, td_verb_ops, td_verb_health,
    td_verb_completion, td_verb_bench, td_verb_quantize;
/* The table. */
const td_verb *const *td_cli_verbs(size_t *n);

/* argv[1] is a directory of models, or a file that configures them; what follows are flags. */
int td_cli_serve_path(int argc, char **argv);

/* Takes error; prints it as the verb's. Returns the exit code, with none TD_EXIT_OK. */
int td_cli_end(const char *verb, td_status error);

enum {
    TD_EXIT_OK = 0,
    TD_EXIT_FAILED = 1,     /* a small verb: it did not work */
    TD_EXIT_USAGE = 2,      /* a small verb: the command line makes no sense */
    TD_EXIT_NO_START = 255, /* serve: TensorFlow Serving's code for both */
};

#endif
