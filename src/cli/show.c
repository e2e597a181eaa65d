/* show.c -- `tensord show DIR`. */
#include "cli/cli.h"

#include <stdio.h>

int td_cli_show(int argc, char **argv)
{
    (void)argc;
    fprintf(stderr, "%s: on its way\n", argv[0]);
    return TD_EXIT_USAGE;
}
