/* SPDX-License-Identifier: Apache-2.0 */
/* args.h -- the channel arguments of the gRPC server: ours, and --grpc_channel_arguments over them. */
#ifndef TD_NET_GRPC_ARGS_H
#define TD_NET_GRPC_ARGS_H

#include <grpc/grpc.h>

#include "net/options.h"
#include "tensord/status.h"

/* Of o->grpc_channel_arguments ("k=v,k=v"; a value that is all of an int is one, anything else is text) and the
 * limits in o. Free with td_grpc_args_fini(). INVALID_ARGUMENT names the entry without a "=". */
TD_MUST_USE td_status td_grpc_args_init(const td_net_options *o, grpc_channel_args *out);
int td_grpc_args_int(const grpc_channel_args *args, const char *key); /* 0: no such number is there */
void td_grpc_args_fini(grpc_channel_args *args);

#endif
