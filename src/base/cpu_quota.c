/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_quota.c -- cgroups form a tree, and every group on the way to the root may have a limit: the least one
 * counts.
 *
 * v2: /proc/self/cgroup has "0::/a/b", limits in <root>/a/b/cpu.max ("150000 100000", "max 100000") and
 *     memory.max ("max", or bytes).
 * v1: it has "4:cpu,cpuacct:/a/b", limits in <root>/cpu/a/b/cpu.cfs_quota_us (-1: none) and
 *     cpu.cfs_period_us; for memory in <root>/memory/a/b/memory.limit_in_bytes.
 *
 * Inside a container the path may not exist below root; the walk up then ends at root, which is the
 * container's own.
 */
#include "base/cpu_quota.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The first line of a small file; false when it cannot be read. */
static bool read_line(const char *dir, const char *name, char *line, int size)
{
    char *const path = td_format("%s/%s", dir, name);
    FILE *const f = fopen(path, "re");
    const bool ok = f && fgets(line, size, f);

    if (f) fclose(f);
    td_free(path);
    return ok;
}

static double quota_v2(const char *dir)
{
    char line[64];
    long long quota, period;

    if (!read_line(dir, "cpu.max", line, sizeof line)) return 0;
    if (sscanf(line, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
    return (double)quota / (double)period;
}

static double quota_v1(const char *dir)
{
    char quota_text[64], period_text[64];

    if (!read_line(dir, "cpu.cfs_quota_us", quota_text, sizeof quota_text)) return 0;
    if (!read_line(dir, "cpu.cfs_period_us", period_text, sizeof period_text)) return 0;
    const long long quota = atoll(quota_text), period = atoll(period_text);

    return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

/* "max", or bytes; v1 says "none" by a number near 2^63. */
static double memory_of(const char *dir, const char *name)
{
    char line[64];

    return read_line(dir, name, line, sizeof line) ? strtod(line, NULL) : 0;
}

static double memory_v2(const char *dir)
{
    return memory_of(dir, "memory.max");
}

static double memory_v1(const char *dir)
{
    return memory_of(dir, "memory.limit_in_bytes");
}

typedef struct resource {
    const char *controller; /* v1's name for it */
    double (*v1)(const char *dir), (*v2)(const char *dir);
} resource;

/* The least limit of base/path, its parents, and base itself; cuts path down on the way. */
static double least_on_the_way_up(const char *base, char *path, double (*quota_of)(const char *dir))
{
    double least = 0;

    for (;;) {
        char *const dir = td_format("%s%s", base, path);
        const double quota = quota_of(dir);

        td_free(dir);
        if (quota > 0 && (least <= 0 || quota < least)) least = quota;
        char *const slash = strrchr(path, '/');
        if (!slash) return least;
        *slash = 0;
    }
}

static bool has_word(const char *list, const char *word)
{
    const size_t n = strlen(word);

    for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == n && !memcmp(p, word, n)) return true;
    return false;
}

/* One line of /proc/self/cgroup: "id:controllers:path". */
static double quota_of_line(char *line, const char *root, const resource *r)
{
    char *const controllers = strchr(line, ':');
    char *const path = controllers ? strchr(controllers + 1, ':') : NULL;

    if (!path || strstr(path, "/..")) return 0;
    *path = 0;
    path[1 + strcspn(path + 1, "\n")] = 0;
    if (!controllers[1]) return least_on_the_way_up(root, path + 1, r->v2);
    if (!has_word(controllers + 1, r->controller)) return 0;
    char *const base = td_format("%s/%s", root, r->controller);
    const double quota = least_on_the_way_up(base, path + 1, r->v1);

    td_free(base);
    return quota;
}

static double least_quota(const char *proc_cgroup, const char *root, const resource *r)
{
    FILE *const f = fopen(proc_cgroup, "re");
    char line[4096];
    double least = 0;

    if (!f) return 0;
    while (fgets(line, sizeof line, f)) {
        const double quota = quota_of_line(line, root, r);

        if (quota > 0 && (least <= 0 || quota < least)) least = quota;
    }
    fclose(f);
    return least;
}

double td_cpu_quota(const char *proc_cgroup, const char *root)
{
    static const resource cpu = { "cpu", quota_v1, quota_v2 };

    return least_quota(proc_cgroup, root, &cpu);
}

double td_memory_quota(const char *proc_cgroup, const char *root)
{
    static const resource memory = { "memory", memory_v1, memory_v2 };

    return least_quota(proc_cgroup, root, &memory);
}
