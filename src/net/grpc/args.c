/* SPDX-License-Identifier: Apache-2.0 */
/* args.c -- channel arguments; see grpc_args.h. */
#include "net/grpc/args.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

typedef struct preset {
    const char *key;
    int value;
} preset;

static const preset presets[] = {
    { GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, -1 }, /* 2 GiB by the protocol itself */
    { GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1 },
    { GRPC_ARG_ALLOW_REUSEPORT, 0 }, /* a second server on the port must fail, not share it */
    { GRPC_ARG_ENABLE_CHANNELZ, 0 },
    { GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0 },   /* of replies, which nobody can ask for */
    { GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0 }, /* message.c does it: core would know no limit */
};

static void forget_value(grpc_arg *arg)
{
    if (arg->type == GRPC_ARG_STRING) td_free(arg->value.string);
    if (arg->type == GRPC_ARG_POINTER) grpc_resource_quota_unref(arg->value.pointer.p);
}

/* The argument of that key, new if there is none yet. */
static grpc_arg *find_or_add(grpc_channel_args *args, const char *key, size_t size)
{
    for (size_t i = 0; i < args->num_args; i++)
        if (strlen(args->args[i].key) == size && !memcmp(args->args[i].key, key, size)) {
            forget_value(&args->args[i]);
            return &args->args[i];
        }
    args->args = td_realloc(args->args, (args->num_args + 1) * sizeof *args->args);

    grpc_arg *const arg = &args->args[args->num_args++];
    *arg = (grpc_arg){ .key = td_strndup(key, size) };
    return arg;
}

static void set_int(grpc_channel_args *args, const char *key, size_t size, int value)
{
    grpc_arg *const arg = find_or_add(args, key, size);

    arg->type = GRPC_ARG_INTEGER;
    arg->value.integer = value;
}

/* Takes text. */
static void set_text(grpc_channel_args *args, const char *key, size_t size, char *text)
{
    grpc_arg *const arg = find_or_add(args, key, size);

    arg->type = GRPC_ARG_STRING;
    arg->value.string = text;
}

/* What all connections together may hold of messages that are on their way in. */
static void set_quota(grpc_channel_args *args, size_t bytes)
{
    static const char key[] = GRPC_ARG_RESOURCE_QUOTA;
    grpc_arg *const arg = find_or_add(args, key, sizeof key - 1);
    grpc_resource_quota *const quota = grpc_resource_quota_create("tensord");

    if (bytes) grpc_resource_quota_resize(quota, bytes);
    arg->type = GRPC_ARG_POINTER;
    arg->value.pointer.p = quota;
    arg->value.pointer.vtable = grpc_resource_quota_arg_vtable();
}

/* None where there are none. */
static void set_seconds(grpc_channel_args *args, const char *key, int seconds)
{
    if (seconds > 0) set_int(args, key, strlen(key), TD_MIN(seconds, INT_MAX / 1000) * 1000);
}

static td_status set_entry(grpc_channel_args *args, const char *entry, size_t size)
{
    const char *const equals = memchr(entry, '=', size);
    if (!equals || equals == entry)
        return TD_ERR(INVALID_ARGUMENT, "grpc_channel_arguments: \"%.*s\" is not of the form key=value",
                      (int)size, entry);

    const size_t key_size = (size_t)(equals - entry);
    char *const value = td_strndup(equals + 1, size - key_size - 1);
    char *end;

    errno = 0;
    const long number = strtol(value, &end, 10);
    if (*value && !*end && !errno && number >= INT_MIN && number <= INT_MAX) {
        set_int(args, entry, key_size, (int)number);
        td_free(value);
    } else {
        set_text(args, entry, key_size, value);
    }
    return NULL;
}

td_status td_grpc_args_init(const td_net_options *o, grpc_channel_args *out)
{
    static const char streams[] = GRPC_ARG_MAX_CONCURRENT_STREAMS;
    grpc_channel_args args = { 0 };

    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        set_int(&args, presets[i].key, strlen(presets[i].key), presets[i].value);
    set_quota(&args, o->grpc_memory);
    if (o->grpc_max_streams > 0) set_int(&args, streams, sizeof streams - 1, o->grpc_max_streams);
    set_seconds(&args, GRPC_ARG_MAX_CONNECTION_AGE_MS, o->grpc_max_age_s);
    set_seconds(&args, GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, o->grpc_max_age_grace_s);
    for (const char *at = o->grpc_channel_arguments ? o->grpc_channel_arguments : ""; *at;) {
        const size_t size = strcspn(at, ",");
        const td_status error = size ? set_entry(&args, at, size) : NULL;

        if (error) {
            td_grpc_args_fini(&args);
            return error;
        }
        at += size + (at[size] == ',');
    }
    *out = args;
    return NULL;
}

int td_grpc_args_int(const grpc_channel_args *args, const char *key)
{
    for (size_t i = 0; i < args->num_args; i++)
        if (args->args[i].type == GRPC_ARG_INTEGER && strcmp(args->args[i].key, key) == 0)
            return args->args[i].value.integer;
    return 0;
}

void td_grpc_args_fini(grpc_channel_args *args)
{
    for (size_t i = 0; i < args->num_args; i++) {
        td_free(args->args[i].key);
        forget_value(&args->args[i]);
    }
    td_free(args->args);
    *args = (grpc_channel_args){ 0 };
}
