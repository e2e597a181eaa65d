/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c -- see driver.h. */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem_fault.h"

enum { FUZZ_MOST = 256 << 20 }; /* bytes of one allocation: who rightly asks for more must take a no */

static bool has_said_so; /* a status was RESOURCE_EXHAUSTED */

bool fuzz_end(td_status status)
{
    const bool is_good = !status;

    has_said_so |= td_status_code(status) == TD_RESOURCE_EXHAUSTED;
    td_status_free(status);
    return is_good;
}

bool fuzz_is_short(void)
{
    return td_mem_faults_here()->failed > 0;
}

void fuzz_pause(void)
{
    td_mem_faults_here()->is_on = false;
}

void fuzz_resume(void)
{
    td_mem_faults_here()->is_on = true;
}

uint64_t fuzz_run(const uint8_t *data, size_t size, uint64_t n, bool lasting)
{
    td_mem_faults *const f = td_mem_faults_here();

    *f = (td_mem_faults){ .is_on = true, .is_lasting = lasting, .at = n, .most = FUZZ_MOST };
    has_said_so = false;
    fuzz_one(data, size);
    f->is_on = false;
    if (f->failed && !has_said_so) {
        fprintf(stderr, "allocation %llu%s failed, and no status says so\n", (unsigned long long)n,
                lasting ? " and all behind it" : "");
        abort();
    }
    return f->asked;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t asked = fuzz_run(data, size, 0, false), pick = td_hash_bytes(data, size, 1);

    if (asked) (void)fuzz_run(data, size, pick / 2 % asked + 1, pick % 2);
    return 0;
}
