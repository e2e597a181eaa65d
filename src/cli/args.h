/* SPDX-License-Identifier: Apache-2.0 */
/* args.h -- the command lines of `show` and `run`: words, and options as `--name=value` or `--name value`. */
#ifndef TD_CLI_ARGS_H
#define TD_CLI_ARGS_H

#include <stdbool.h>

typedef struct td_args {
    int argc;
    char *const *argv;
    int at; /* the word in hand */
} td_args;

/* Is the word in hand this option? Then *value is its value and the word after it is in hand. Prints an error
 * and sets *is_wrong when the value is missing. */
bool td_args_option(td_args *a, const char *name, const char **value, bool *is_wrong);
/* The same for an option without a value. */
bool td_args_switch(td_args *a, const char *name);

#endif
