/* SPDX-License-Identifier: Apache-2.0 */
/* memplan.h -- where every intermediate of a plan lies.
 *
 * One walk over the steps hands out workspace bytes to outputs of static steps, lowest free gap first, and
 * takes them back after the last use. Aliases belong to the value they show (their root). An op that may work
 * in place takes over the memory of an input that ends with it. Values on the heap (dynamic steps, variants)
 * get the step that drops them.
 */
#ifndef TD_EXEC_MEMPLAN_H
#define TD_EXEC_MEMPLAN_H

#include "exec/plan.h"

/* Fills plan->offset, workspace_size, and the scratch_offset and dying lists of steps. */
void td_memplan_make(td_plan *plan);

/* Does value v live in a buffer of its own (not in the workspace, not a constant, not an argument)? */
bool td_memplan_on_heap(const td_plan_step *ps, const td_tensor *out);

#endif
