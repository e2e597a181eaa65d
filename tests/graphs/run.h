/* SPDX-License-Identifier: Apache-2.0 */
/* run.h -- a graph compiled and run under one setting, against what eval.h says. */
#ifndef TD_TESTS_GRAPHS_RUN_H
#define TD_TESTS_GRAPHS_RUN_H

#include "base/cpu.h"
#include "config/passes.h"
#include "eval.h"
#include "exec/rows_proof.h"
#include "judge.h"

typedef struct fz_setting {
    td_cpu cpu;
    uint32_t passes_off;
    bool has_team;      /* several threads */
    bool is_misaligned; /* inputs lie anywhere */
} fz_setting;

void fz_setting_text(const fz_setting *s, td_strbuf *out);

/* What is right, for each feed. */
typedef struct fz_right {
    td_status error[FZ_FEEDS];
    td_tensor rets[FZ_FEEDS][FZ_MAX_ENDS][FZ_MANY_VARIANTS]; /* variants next to each other */
    size_t n_variants;
    void *seen[FZ_FEEDS]
              [FZ_MAX_ENDS]; /* the bytes of a result that was found right: most settings repeat them */
} fz_right;

/* Evaluates; *out is big: not for the stack. False: the graph is not as stable as it should be, nothing can be
 * said. */
bool fz_right_make(fz_eval *e, size_t n_variants, bool allows_nan, fz_right *out);
void fz_right_fini(fz_right *r);

/* Compiles m under s and runs every feed. True: as it should be; else *why says what differs. */
bool fz_run(const fz_model *m, fz_right *right, const fz_setting *s, td_strbuf *why);

/* The same, and whatever comes out is right, a status too. Returns whether something did. */
bool fz_run_hostile(const fz_model *m, const fz_setting *s);

/* What is proved of m's results, compiled with all passes (exec/rows_proof.h). False: nothing is. */
bool fz_prove(const fz_model *m, const td_fact *args, td_fact *rets, td_arena *arena);

#endif
