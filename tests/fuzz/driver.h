/* SPDX-License-Identifier: Apache-2.0 */
/* driver.h -- what a fuzzer gives, and what drives it.
 *
 * A fuzzer defines fuzz_one(); driver.c calls it for each input twice: as it is, and once more while one of
 * the allocations that may fail does so. Which one is chosen by the bytes of the input; replay.c, the driver
 * of ordinary builds, goes through all of them. Such an input must end with a status that says so. */
#ifndef TD_TESTS_FUZZ_DRIVER_H
#define TD_TESTS_FUZZ_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/status.h"

/* One input. Statuses that a failed allocation may turn into RESOURCE_EXHAUSTED go to fuzz_end(). */
void fuzz_one(const uint8_t *data, size_t size);

/* Takes a status, NULL too. Says whether it was a good one. */
bool fuzz_end(td_status status);

/* Has an allocation failed, in this call of fuzz_one()? Then good and bad inputs may both be refused. */
bool fuzz_is_short(void);

/* Nothing fails until fuzz_resume(): for a fuzzer's own work. */
void fuzz_pause(void);
void fuzz_resume(void);

/* Runs the input with the n-th allocation failing, those behind it too when `lasting`. n = 0: none. Returns
 * how many there were, 0 in builds without td_mem_fault(). */
uint64_t fuzz_run(const uint8_t *data, size_t size, uint64_t n, bool lasting);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
