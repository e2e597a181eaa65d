/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h -- two ends of a TCP connection within the process: socketpair() for who asks the kernel what only TCP knows. */
#ifndef TD_NET_TLS_PAIR_H
#define TD_NET_TLS_PAIR_H

#include "tensord/status.h"

/* Both non-blocking, without delay, closed on exec. UNAVAILABLE: no descriptor, port or memory. */
TD_MUST_USE td_status td_tcp_pair(int ends[2]);

#endif
