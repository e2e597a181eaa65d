/* SPDX-License-Identifier: Apache-2.0 */
/* region.h -- a program as the body of a control flow op (td_region, ops/op.h). */
#ifndef TD_EXEC_REGION_H
#define TD_EXEC_REGION_H

#include "exec/program.h"

/* One reference; lives in arena, and gives prog back with the last. */
td_region *td_region_make(td_arena *arena, td_program *prog);
td_program *td_region_program(const td_region *r);

#endif
