/* SPDX-License-Identifier: Apache-2.0 */
/* weigh.h -- lists of preferences: Accept, Accept-Encoding.
 *
 *   gzip;q=0.8, identity; q=0.5, *;q=0
 *
 * Parameters other than q are passed over, and so is what is malformed.
 */
#ifndef TD_NET_REST_WEIGH_H
#define TD_NET_REST_WEIGH_H

enum { TD_WEIGHT_NONE = -1, TD_WEIGHT_MOST = 1000 };

/* How much the list wants name, in thousandths; the first element of that name, letters in either case, counts. A name
 * stands for itself: "*" is one. */
int td_rest_weigh(const char *list, const char *name);

#endif
