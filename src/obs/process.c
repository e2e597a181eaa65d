/* SPDX-License-Identifier: Apache-2.0 */
/* process.c -- /proc/self/stat, /proc/self/fd, and the limit of descriptors. What cannot be read is left out. */
#include "obs/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"

typedef struct stat_line {
    unsigned long long start; /* ticks */
    unsigned long long virtual_size;
    long long threads, resident; /* pages */
} stat_line;

static bool read_stat(stat_line *s)
{
    char text[1024];
    const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

    if (fd >= 0) close(fd);
    if (n <= 0) return false;
    text[n] = '\0';
    const char *const behind_name = strrchr(text, ')'); /* the name may hold anything */

    return behind_name && sscanf(behind_name,
                                 ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lld "
                                 "%*d %llu %llu %lld",
                                 &s->threads, &s->start, &s->virtual_size, &s->resident) == 4;
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double boot; /* found once: the start must not seem to change when the clock is set */

static void find_boot(void)
{
    boot = seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME);
}

static void tell_stat(td_page *p)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const double tick = (double)sysconf(_SC_CLK_TCK), page = (double)sysconf(_SC_PAGESIZE);
    stat_line s;

    (void)pthread_once(&once, find_boot);
    if (!read_stat(&s)) return;
    td_page_tell(p, TD_READING_process_resident, NULL, (double)s.resident * page);
    td_page_tell(p, TD_READING_process_virtual, NULL, (double)s.virtual_size);
    td_page_tell(p, TD_READING_process_threads, NULL, (double)s.threads);
    td_page_tell(p, TD_READING_process_start, NULL, boot + (double)s.start / tick);
}

static void tell_descriptors(td_page *p)
{
    DIR *const dir = opendir("/proc/self/fd");
    struct rlimit limit;
    double n = 0;

    if (dir) {
        while (readdir(dir))
            n++;
        closedir(dir);
        td_page_tell(p, TD_READING_process_fds, NULL, n - 3); /* ".", "..", and the directory itself */
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        td_page_tell(p, TD_READING_process_max_fds, NULL, (double)limit.rlim_cur);
}

void td_process_tell(td_page *p)
{
    td_page_tell(p, TD_READING_build_info,
                 (const char *const[]){ TENSORD_VERSION, td_cpu_name(td_cpu_detect()).text }, 1);
    td_page_tell(p, TD_READING_process_cpu, NULL, seconds(CLOCK_PROCESS_CPUTIME_ID)); /* finer than in stat */
    tell_stat(p);
    tell_descriptors(p);
}
