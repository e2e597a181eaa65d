/* SPDX-License-Identifier: Apache-2.0 */
/* locks.h -- the gRPC core's mutexes, without what Debian's build of them does for whoever debugs them. */
#ifndef TD_NET_GRPC_LOCKS_H
#define TD_NET_GRPC_LOCKS_H

#include <stdbool.h>

/* For all of the process, best before its first lock. False: they are of another build, and stay as they are. */
bool td_grpc_locks_quicken(void);

#endif
