/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_cgroup.c -- any bytes as what the kernel says of control groups: a quota is none, or a number above zero.
 *
 * Up to the first byte of 0xff it is /proc/self/cgroup; the rest is every file of limits. */
#include <stdio.h>
#include <string.h>

#include "base/cpu_quota.h"
#include "base/macros.h"
#include "driver.h"
#include "temp.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static const char *const limits[] = { "cpu.max",
                                          "memory.max",
                                          "a/cpu.max",
                                          "a/memory.max",
                                          "cpu/cpu.cfs_quota_us",
                                          "cpu/cpu.cfs_period_us",
                                          "memory/memory.limit_in_bytes" };
    const uint8_t *const stop = size ? memchr(data, 0xff, size) : NULL;
    const size_t n = stop ? (size_t)(stop - data) : size, behind = stop ? n + 1 : n;
    char cgroup[128];

    fuzz_pause();
    temp_write("cgroup", data, n);
    for (size_t i = 0; i < TD_COUNT(limits); i++)
        temp_write(limits[i], data + behind, size - behind);
    snprintf(cgroup, sizeof cgroup, "%s/cgroup", temp_dir());
    fuzz_resume();
    TD_ASSERT(td_cpu_quota(cgroup, temp_dir()) >= 0);
    TD_ASSERT(td_memory_quota(cgroup, temp_dir()) >= 0);
}
