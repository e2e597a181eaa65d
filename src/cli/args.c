/* SPDX-License-Identifier: Apache-2.0 */
/* args.c -- the small grammar of the small verbs. */
#include "cli/args.h"

#include <stdio.h>
#include <string.h>

bool td_args_switch(td_args *a, const char *name)
{
    const char *const word = a->argv[a->at];

    if (strncmp(word, "--", 2) != 0 || strcmp(word + 2, name) != 0) return false;
    a->at++;
    return true;
}

bool td_args_option(td_args *a, const char *name, const char **value, bool *is_wrong)
{
    const char *const word = a->argv[a->at];
    const size_t size = strlen(name);

    if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, size) != 0) return false;
    const char *const rest = word + 2 + size;

    if (*rest != '=' && *rest != '\0') return false;
    a->at++;
    if (*rest == '=') {
        *value = rest + 1;
    } else if (a->at < a->argc) {
        *value = a->argv[a->at++];
    } else {
        fprintf(stderr, "tensord: --%s needs a value\n", name);
        *is_wrong = true;
    }
    return true;
}
