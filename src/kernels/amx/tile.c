/* SPDX-License-Identifier: Apache-2.0 */
/* tile.c -- see tile.h. */
#include "kernels/amx/tile.h"

const td_amx_variant td_amx_variants[] = {
    TD_X86(&td_amx_tiles_, amx),
    TD_PLAIN(NULL),
};
