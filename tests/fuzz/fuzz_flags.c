/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_flags.c -- any bytes as a command line, an argument a line. */
#include <stdlib.h>
#include <string.h>

#include "config/flags.h"
#include "driver.h"

enum { FUZZ_ARGUMENTS = 64 };

void fuzz_one(const uint8_t *data, size_t size)
{
    char *const text = malloc(size + 1), *argv[FUZZ_ARGUMENTS] = { (char[]){ "tensord" } };
    td_flags_report report;
    td_flags flags;
    int argc = 1;

    if (size) memcpy(text, data, size);
    text[size] = 0;
    for (char *save, *arg = strtok_r(text, "\n", &save); arg && argc < FUZZ_ARGUMENTS;
         arg = strtok_r(NULL, "\n", &save))
        argv[argc++] = arg;
    (void)td_flags_parse(&flags, argc, argv, &report);
    td_flags_report_fini(&report);
    free(text);
}
