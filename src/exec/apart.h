/* SPDX-License-Identifier: Apache-2.0 */
/* apart.h -- what a body's steps say of its rounds in a loop. */
#ifndef TD_EXEC_APART_H
#define TD_EXEC_APART_H

#include "exec/program.h"

/* Fills r's is_pure, reads and roles by prog's steps, which are all there; what they need lies in arena. */
void td_region_look(td_region *r, const td_program *prog, td_arena *arena);

#endif
