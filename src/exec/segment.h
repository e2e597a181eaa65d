/* SPDX-License-Identifier: Apache-2.0 */
/* segment.h -- a plan's steps in groups, which a run goes through one after the other.
 *
 *   [ MatMul Relu MatMul Relu ] [ Where ] [ Gather Add ] ...
 *     plain                       its own   plain
 *
 * Between two of them a run looks whether it is to stop, and writes down times if somebody asked for them; inside a
 * plain one there is nothing but arithmetic on numbers in places that are known. It is bounded: what a run that was
 * told to stop still computes is of no use, and no harm, as nobody but steps of the same segment sees it.
 *
 * A step that is more than that has a segment of its own: one that decides its shapes when it runs, has bodies, changes or
 * reads state, sees strings or handles, which must be whole, may be passed over (Switch), or gives buffers back.
 */
#ifndef TD_EXEC_SEGMENT_H
#define TD_EXEC_SEGMENT_H

#include "exec/plan.h"

/* Fills plan->segments, when all else of it is there. Steps that have nothing to do in any run go: an alias of what has
 * its place already. */
void td_segments_make(td_plan *plan);

#endif
