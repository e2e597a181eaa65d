/* SPDX-License-Identifier: Apache-2.0 */
/* receive.h -- what libmicrohttpd reads from its connections, their heads condensed on the way (condense.h).
 *
 * libmicrohttpd reads with recv(), and has no hook for a transport. So the program has a recv() of its own: the
 * linker exports it, as libmicrohttpd is linked to and wants one, and the loader prefers a program's symbols to
 * those of libc. For descriptors that are not said here, it is libc's recvfrom().
 */
#ifndef TD_NET_REST_RECEIVE_H
#define TD_NET_REST_RECEIVE_H

#include "net/rest/links.h"

/* From now on recv() on the link's descriptor condenses; until td_rest_receive_end(), before that is closed. Both, and
 * recv(), by the connection's event thread. */
void td_rest_receive_begin(td_rest_link *link);
void td_rest_receive_end(const td_rest_link *link);

#endif
