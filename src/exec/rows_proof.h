/* SPDX-License-Identifier: Apache-2.0 */
/* rows_proof.h -- where the rows of a program's arguments go, step by step, through its branches and loops. */
#ifndef TD_EXEC_ROWS_PROOF_H
#define TD_EXEC_ROWS_PROOF_H

#include "exec/program.h"
#include "exec/rows_fact.h"

/* args[i], and rets[i] on return, of prog->args[i] and prog->rets[i]. Returns NULL, or what a run does beyond its
 * answer that may depend on more than one row ("node a (Assert) ..."): then no ret means anything. Texts live in
 * arena. Must be called while the model's file is mapped, with its library. */
const char *td_rows_proof(td_program *prog, const td_fact *args, td_fact *rets, td_arena *arena);

#endif
