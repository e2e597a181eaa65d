/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c -- what this CPU can do, and what the system lets us use of it. */
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#include "base/cpu.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu_quota.h"
#include "base/macros.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>

enum {
    ARCH_REQ_XCOMP_PERM_ = 0x1023, /* arch_prctl: "this process wants the state component" */
    XFEATURE_XTILEDATA_ = 18,
};

/* CPUID leaf 7, whose bits compilers' __builtin_cpu_supports learned late. */
typedef struct leaf7 {
    unsigned a, b, c, d;
} leaf7;

static leaf7 leaf7_read(unsigned part)
{
    leaf7 l = { 0 };

    (void)__get_cpuid_count(7, part, &l.a, &l.b, &l.c, &l.d);
    return l;
}

/* The kernel's leave to use 8 KiB of tiles a thread must be asked once, before the first tile instruction;
 * threads inherit it. */
static bool amx_is_usable(void)
{
    const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24, amx_int8 = 1u << 25;

    return !(~leaf7_read(0).d & (amx_bf16 | amx_tile | amx_int8)) &&
           !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM_, XFEATURE_XTILEDATA_);
}

static bool has_f16c(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

static td_cpu cpu_of_hardware(void)
{
    const unsigned avx_vnni = 1u << 4, avx512_bf16 = 1u << 5;
    const unsigned more = leaf7_read(1).a;
    td_cpu cpu = TD_CPU_avx512;

    __builtin_cpu_init(); /* also checks that the system saves the wide registers */
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2") || !has_f16c())
        return TD_CPU_ref;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512cd"))
        return more & avx_vnni ? TD_CPU_avx_vnni : TD_CPU_avx2;
    if (__builtin_cpu_supports("avx512vnni")) cpu |= TD_CPU_vnni;
    if (more & avx512_bf16) cpu |= TD_CPU_avx512_bf16;
    if (td_cpu_has(cpu, TD_CPU_vnni | TD_CPU_avx512_bf16) && amx_is_usable()) cpu |= TD_CPU_amx;
    return cpu;
}

bool td_cpu_has_crc32(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2");
}

#else

static td_cpu cpu_of_hardware(void)
{
#if defined(__aarch64__)
    const unsigned long bits = getauxval(AT_HWCAP), more = getauxval(AT_HWCAP2);

    return TD_CPU_neon | (bits & HWCAP_ASIMDDP ? TD_CPU_neon_dot : 0) |
           (more & HWCAP2_BF16 ? TD_CPU_neon_bf16 : 0) | (bits & HWCAP_SVE ? TD_CPU_sve : 0);
#else
    return TD_CPU_ref;
#endif
}

bool td_cpu_has_crc32(void)
{
    return false;
}

#endif

/* A set before those that hold it. */
static const struct {
    const char *name;
    td_cpu set;
} words[] = {
    { "ref", TD_CPU_ref },
#if defined(__aarch64__)
    { "neon", TD_CPU_neon }, { "dot", TD_CPU_neon_dot }, { "bf16", TD_CPU_neon_bf16 }, { "sve", TD_CPU_sve },
#else
    { "avx2", TD_CPU_avx2 },        { "avx_vnni", TD_CPU_avx_vnni }, { "avx512", TD_CPU_avx512 },
    { "bf16", TD_CPU_avx512_bf16 }, { "vnni", TD_CPU_vnni },         { "amx", TD_CPU_amx },
#endif
};

/* AVX512_BF16 alone multiplies at half the speed of floats on the CPUs we could measure (docs/decisions/arithmetic.md). */
bool td_cpu_has_bf16(td_cpu cpu)
{
    return td_cpu_has(cpu, TD_CPU_amx);
}

td_cpu_text td_cpu_name(td_cpu cpu)
{
    td_cpu_text out = { "" };
    td_cpu said = TD_CPU_ref;

    for (size_t i = TD_COUNT(words); i-- > 1;) {
        if (!td_cpu_has(cpu, words[i].set) || td_cpu_has(said, words[i].set)) continue;
        const size_t used = strlen(out.text);

        (void)snprintf(out.text + used, sizeof out.text - used, "%s%s", used ? "+" : "", words[i].name);
        said |= words[i].set;
    }
    return *out.text ? out : (td_cpu_text){ "ref" };
}

bool td_cpu_parse(const char *name, td_cpu *out)
{
    *out = TD_CPU_ref;
    for (;; name++) {
        const size_t size = strcspn(name, "+");
        size_t i = 0;

        while (i < TD_COUNT(words) && (strncmp(words[i].name, name, size) || words[i].name[size]))
            i++;
        if (i == TD_COUNT(words)) return false;
        *out |= words[i].set;
        name += size;
        if (!*name) return true;
    }
}

static td_cpu cpu_of_process(void)
{
    const td_cpu hardware = cpu_of_hardware();
    const char *const wish = getenv("TENSORD_CPU");
    td_cpu most;

    return wish && td_cpu_parse(wish, &most) ? hardware & most : hardware;
}

td_cpu td_cpu_detect(void)
{
    /* the set + 1; threads that race find the same, and publish nothing else: relaxed */
    static atomic_int cached;
    int set = atomic_load_explicit(&cached, memory_order_relaxed);

    if (TD_UNLIKELY(!set)) {
        set = (int)cpu_of_process() + 1;
        atomic_store_explicit(&cached, set, memory_order_relaxed);
    }
    return (td_cpu)(set - 1);
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
