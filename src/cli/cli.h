/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h -- the verbs of the one binary. Each takes its own argc and argv (argv[0] is what usage shows) and
 * returns the exit code of the process. */
#ifndef TD_CLI_CLI_H
#define TD_CLI_CLI_H

/* Picks the verb: `tensord show ...`; without one, or called tensorflow_model_server, it is `serve`. Called
 * tf_serving_entrypoint.sh it does what TensorFlow Serving's image does by that name. */
int td_cli_main(int argc, char **argv);

int td_cli_serve(int argc, char **argv);
/* argv[1] is a directory of models, or a file that configures them; what follows are flags. */
int td_cli_serve_path(int argc, char **argv);
int td_cli_show(int argc, char **argv);
int td_cli_run(int argc, char **argv);
int td_cli_ops(int argc, char **argv);
int td_cli_health(int argc, char **argv);

enum {
    TD_EXIT_OK = 0,
    TD_EXIT_FAILED = 1,     /* show, run: it did not work */
    TD_EXIT_USAGE = 2,      /* show, run: the command line makes no sense */
    TD_EXIT_NO_START = 255, /* serve: TensorFlow Serving's code for both */
};

#endif
