/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_quota.h -- the quotas of CPU and memory that control groups (v1 or v2) put on this process. */
#ifndef TD_BASE_CPU_QUOTA_H
#define TD_BASE_CPU_QUOTA_H

/* Cores' worth of CPU time, 1.5 for instance; 0: no limit was found.
 * proc_cgroup is "/proc/self/cgroup" and root "/sys/fs/cgroup" outside of tests. */
double td_cpu_quota(const char *proc_cgroup, const char *root);
/* Bytes; 0: no limit was found, or one beyond all memory. */
double td_memory_quota(const char *proc_cgroup, const char *root);

#endif
