/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_grpc_args.c -- any text as --grpc_channel_arguments: every argument has one value, the last one given. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "net/grpc/args.h"

static void check(const grpc_channel_args *args)
{
    for (size_t i = 0; i < args->num_args; i++) {
        TD_ASSERT(args->args[i].key && *args->args[i].key);
        TD_ASSERT(args->args[i].type != GRPC_ARG_STRING || args->args[i].value.string);
        for (size_t k = 0; k < i; k++)
            TD_ASSERT(strcmp(args->args[i].key, args->args[k].key) != 0);
    }
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static bool is_ready;
    char *const text = malloc(size + 1);
    td_net_options options = { .grpc_channel_arguments = text };
    grpc_channel_args args = { 0 };

    if (!is_ready) grpc_init();
    is_ready = true;
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    if (fuzz_end(td_grpc_args_init(&options, &args))) {
        check(&args);
        td_grpc_args_fini(&args);
    }
    free(text);
}
