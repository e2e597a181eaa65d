/* SPDX-License-Identifier: Apache-2.0 */
/* select.h -- out[i] = condition[i] ? yes[i] : no[i], for elements of any size: 1, 2, 4, 8 or 16 bytes. */
#ifndef TD_KERNELS_SELECT_SELECT_H
#define TD_KERNELS_SELECT_SELECT_H

#include "kernels/elt/elt.h"

bool td_select_find(size_t size, td_elt *out); /* false: no such size */

#endif
