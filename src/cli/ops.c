/* SPDX-License-Identifier: Apache-2.0 */
/* ops.c -- `tensord ops`: every op of the table, a line each:
 * name, signature, attributes, separated by tabs. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "ops/op.h"

int td_cli_ops(int argc, char **argv)
{
    const td_op *const *ops;
    const size_t n = td_op_list(&ops);

    if (argc > 1) {
        const int is_help = strcmp(argv[1], "--help") == 0;

        fputs("usage: tensord ops\n\nLists the ops that tensord has: name, signature, attributes, separated "
              "by tabs.\n",
              is_help ? stdout : stderr);
        return is_help ? TD_EXIT_OK : TD_EXIT_USAGE;
    }
    for (size_t i = 0; i < n; i++)
        if (ops[i]->name[0] != '_') /* the fusions' own */
            printf("%s\t%s\t%s\n", ops[i]->name, ops[i]->sig ? ops[i]->sig : "",
                   ops[i]->attrs ? ops[i]->attrs : "");
    return TD_EXIT_OK;
}
