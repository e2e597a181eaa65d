/* run.c -- `tensord run DIR --inputs ...`. */
#include "cli/cli.h"

#include <stdio.h>

int td_cli_run(int argc, char **argv)
{
    (void)argc;
    fprintf(stderr, "%s: on its way\n", argv[0]);
    return TD_EXIT_USAGE;
}
