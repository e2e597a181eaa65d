/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c -- what this CPU can do, and what the system lets us use of it. */
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#include "base/cpu.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu_quota.h"
#include "base/macros.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>

enum {
    ARCH_REQ_XCOMP_PERM_ = 0x1023, /* arch_prctl: "this process wants the state component" */
    XFEATURE_XTILEDATA_ = 18,
};

/* The AMX bits of CPUID leaf 7 (compilers' __builtin_cpu_supports learned them late), and
 * the kernel's leave to use 8 KiB of tiles a thread: it must be asked once, before the
 * first tile instruction; threads inherit it. */
static bool amx_is_usable(void)
{
    const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24, amx_int8 = 1u << 25;
    unsigned a, b, c, d;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    if (~d & (amx_bf16 | amx_tile | amx_int8)) return false;
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & 1u << 5)) return false; /* AVX512_BF16 */
    return !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM_, XFEATURE_XTILEDATA_);
}

static bool has_f16c(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

static td_cpu cpu_of_hardware(void)
{
    __builtin_cpu_init(); /* also checks that the system saves the wide registers */
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2") || !has_f16c())
        return TD_CPU_ref;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512cd"))
        return TD_CPU_avx2;
    if (!__builtin_cpu_supports("avx512vnni")) return TD_CPU_avx512;
    return amx_is_usable() ? TD_CPU_amx : TD_CPU_vnni;
}

bool td_cpu_has_crc32(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2");
}

#else

static td_cpu cpu_of_hardware(void)
{
    return TD_CPU_ref;
}

bool td_cpu_has_crc32(void)
{
    return false;
}

#endif

static const char *const cpu_names[] = { "ref", "avx2", "avx512", "vnni", "amx" };

bool td_cpu_has_bf16(td_cpu level)
{
    return level >= TD_CPU_amx;
}

const char *td_cpu_name(td_cpu level)
{
    return (size_t)level < TD_COUNT(cpu_names) ? cpu_names[level] : "unknown";
}

static td_cpu cpu_of_process(void)
{
    const td_cpu hardware = cpu_of_hardware();
    const char *const wish = getenv("TENSORD_CPU");

    for (size_t i = 0; wish && i < (size_t)hardware; i++)
        if (!strcmp(wish, cpu_names[i])) return (td_cpu)i;
    return hardware;
}

td_cpu td_cpu_detect(void)
{
    /* level + 1; threads that race find the same, and publish nothing else: relaxed */
    static atomic_int cached;
    int level = atomic_load_explicit(&cached, memory_order_relaxed);

    if (TD_UNLIKELY(!level)) {
        level = (int)cpu_of_process() + 1;
        atomic_store_explicit(&cached, level, memory_order_relaxed);
    }
    return (td_cpu)(level - 1);
}

static int cores_in_affinity_mask(void)
{
    cpu_set_t set;

    if (!sched_getaffinity(0, sizeof set, &set)) return CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than the set holds */

    return online > 0 ? (int)online : 1;
}

int td_cpu_cores(void)
{
    const int cores = cores_in_affinity_mask();
    const double quota = td_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    /* rounded down: more would be throttled */
    const int limit = quota > 0 && quota < cores ? (int)quota : cores;

    return TD_MAX(limit, 1);
}
