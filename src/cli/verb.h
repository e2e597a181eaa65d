/* SPDX-License-Identifier: Apache-2.0 */
/* verb.h -- what a verb is: a table of its options, from which its parser, its page of help and the shells' completion
 * come. `serve` and `health` take the server's flags (config/flags.h) instead. */
#ifndef TD_CLI_VERB_H
#define TD_CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TD_WORDS = 64 };

/* The values of an option that may be said again, or the words that are no options. */
typedef struct td_words {
    const char *all[TD_WORDS];
    size_t n;
} td_words;

/* What is at an option's offset: a bool, a const char *, td_words. */
typedef enum td_option_kind { TD_OPTION_SWITCH, TD_OPTION_TEXT, TD_OPTION_TEXTS } td_option_kind;

typedef struct td_option {
    const char *name; /* without its dashes */
    td_option_kind kind;
    size_t offset;     /* in what td_verb_read() fills */
    const char *value; /* what help calls it; NULL for switches */
    const char *help;  /* further lines follow a '\n' */
} td_option;

/* What is no option, for the shells' completion. */
typedef enum td_completes {
    TD_COMPLETES_NOTHING,
    TD_COMPLETES_FOLDERS,
    TD_COMPLETES_VERBS,
    TD_COMPLETES_SHELLS
} td_completes;

typedef struct td_verb {
    const char *name, *summary;
    const char *words; /* what follows the verb, as usage shows it */
    const char *about; /* what help says before the options */
    const td_option *options;
    size_t n_options;
    td_completes completes;
    size_t operands;                   /* offset of the td_words that take what is no option */
    size_t least, most;                /* of those */
    bool takes_flags;                  /* the server's; there are no options then */
    int (*run)(int argc, char **argv); /* argv[0] is what usage shows; returns the exit code */
} td_verb;

/* Reads argv[1..] into *out, zeros before: `--name=value` or `--name value`. False: what is wrong has been printed. */
bool td_verb_read(const td_verb *v, int argc, char *const *argv, void *out);
/* *dir, --dir's value or NULL, becomes the operand, if there is one. False: there are both or none, which has been said. */
bool td_verb_take_dir(const td_verb *v, const td_words *operands, const char **dir);
void td_verb_help(const td_verb *v, FILE *to);

/* "--x" as a suffix of an error: what it was probably to be; nothing otherwise. */
void td_verb_suggest(const char *word, const char *const *names, size_t n, const char *dashes);

#endif
