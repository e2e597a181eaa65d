/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h -- loads a version as the server would, and writes down what came of it (docs/command-line.md has the keys). */
#ifndef TD_CLI_VERDICT_H
#define TD_CLI_VERDICT_H

#include <stdbool.h>

#include "obs/document.h"

typedef struct td_verdict_of {
    const char *model, *path; /* its name, and the version's directory */
    int64_t version;
    const char *tags;
} td_verdict_of;

/* Fills `into`; true: it can be served. */
bool td_verdict_write(const td_verdict_of *what, cJSON *into);
/* The same for people. */
void td_verdict_print(const cJSON *verdict);

#endif
