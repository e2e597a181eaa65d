/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- the one binary. Which verb runs is cli's business. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return td_cli_main(argc, argv);
}
