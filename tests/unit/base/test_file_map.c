/* SPDX-License-Identifier: Apache-2.0 */
/* test_file_map.c -- mapped files that are cut short, written to and replaced while they are read.
 *
 * cmocka has a handler of SIGBUS of its own, which it puts in place for each test. So each body runs in a
 * child process, whose handlers are its own; there TD_ASSERT checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_map.h"
#include "base/mem.h"
#include "base/thread.h"

enum { SIZE = 64 << 10 };

static char root[] = "/tmp/td_file_map_XXXXXX";

/* <root>/<dir>/f, SIZE times c. */
static char *put_file(const char *dir, char c)
{
    char *const folder = td_path_join(root, dir), *const path = td_path_join(folder, "f");
    char *const text = td_alloc(SIZE);

    mkdir(folder, 0700);
    memset(text, c, SIZE);
    FILE *const f = fopen(path, "w");
    TD_ASSERT(f);
    TD_ASSERT(fwrite(text, 1, SIZE, f) == SIZE);
    fclose(f);
    td_free(text);
    td_free(folder);
    return path;
}

static void drop_file(char *path)
{
    unlink(path);
    *strrchr(path, '/') = 0;
    rmdir(path);
    td_free(path);
}

static td_file_map map_file(const char *path)
{
    td_file_map map;

    TD_ASSERT(!td_file_map_open(path, &map));
    TD_ASSERT(map.size == SIZE);
    return map;
}

static size_t count(const td_file_map *m, unsigned char c)
{
    size_t n = 0;

    for (size_t i = 0; i < m->size; i++)
        n += m->data[i] == c;
    return n;
}

static td_code check(const char *dir)
{
    char *const folder = td_path_join(root, dir);
    const td_status s = td_file_maps_check(folder, 0);
    const td_code code = td_status_code(s);

    if (s) {
        TD_ASSERT(strstr(td_status_text(s), folder) == td_status_text(s));
        TD_ASSERT(strstr(td_status_text(s), "/f changed"));
    }
    td_status_free(s);
    td_free(folder);
    return code;
}

static td_code look(const char *dir)
{
    char *const folder = td_format("%s/%s/", root, dir); /* with a slash at the end */
    const td_status s = td_file_maps_look(folder, 0);
    const td_code code = td_status_code(s);

    td_status_free(s);
    td_free(folder);
    return code;
}

static void cut_short(void)
{
    char *const a = put_file("a", 'a'), *const ab = put_file("ab", 'b');
    td_file_map map_a = map_file(a), map_b = map_file(ab);
    const unsigned before = td_file_maps_changes();

    TD_ASSERT(count(&map_a, 'a') == SIZE);
    TD_ASSERT(truncate(a, SIZE / 4) == 0);
    TD_ASSERT(td_file_maps_changes() == before); /* nobody has read it yet */
    TD_ASSERT(check("a") == TD_OK);
    TD_ASSERT(count(&map_a, 'a') == SIZE / 4);
    TD_ASSERT(count(&map_a, 0) == SIZE - SIZE / 4);
    TD_ASSERT(td_file_maps_changes() == before + 1); /* one signal for all pages */
    TD_ASSERT(check("a") == TD_DATA_LOSS);
    TD_ASSERT(check("ab") == TD_OK);
    TD_ASSERT(!td_file_maps_check(root, td_file_maps_mark())); /* none is newer */
    TD_ASSERT(count(&map_b, 'b') == SIZE);
    td_file_map_forget(map_a.data, map_a.size);
    TD_ASSERT(count(&map_a, 0) == SIZE - SIZE / 4);

    td_file_map_close(&map_a);
    TD_ASSERT(check("a") == TD_OK);
    td_free(put_file("a", 'c'));
    map_a = map_file(a); /* takes the record of the old one: nothing of it is left */
    TD_ASSERT(check("a") == TD_OK);
    TD_ASSERT(count(&map_a, 'c') == SIZE);
    td_file_map_close(&map_a);
    td_file_map_close(&map_b);
    drop_file(a);
    drop_file(ab);
}

static void written_in_place(void)
{
    char *const path = put_file("w", 'x');
    td_file_map map = map_file(path);
    const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

    TD_ASSERT(look("w") == TD_OK);
    td_free(put_file("w", 'y')); /* the same size */
    TD_ASSERT(utimensat(AT_FDCWD, path, times, 0) == 0);
    TD_ASSERT(check("w") == TD_OK);
    TD_ASSERT(look("w") == TD_DATA_LOSS);
    TD_ASSERT(check("w") == TD_DATA_LOSS);
    td_file_map_close(&map);
    TD_ASSERT(look("w") == TD_OK);
    drop_file(path);
}

static void replaced_and_removed(void)
{
    char *const path = put_file("r", 'x'), *const other = put_file("o", 'y');
    td_file_map map = map_file(path);

    TD_ASSERT(rename(other, path) == 0);
    TD_ASSERT(look("r") == TD_OK);
    TD_ASSERT(unlink(path) == 0);
    TD_ASSERT(look("r") == TD_OK);
    TD_ASSERT(count(&map, 'x') == SIZE);
    td_file_map_close(&map);
    drop_file(path);
    drop_file(other);
}

/* ---------------------------------------------------------------- many threads */

typedef struct reader {
    const td_file_map *map;
    char name[16];
    size_t zeros;
    bool was_told;
} reader;

/* Whoever has seen a zero must be told. */
static void *read_shared(void *arg)
{
    reader *const r = arg;

    for (size_t i = SIZE; i-- > 0;) /* from the end: many signals */
        r->zeros += r->map->data[i] == 0;
    r->was_told = check("t") == TD_DATA_LOSS;
    return NULL;
}

static void *open_and_spoil(void *arg)
{
    reader *const r = arg;

    for (int i = 0; i < 20; i++) {
        char *const path = put_file(r->name, 'x');
        td_file_map map = map_file(path);

        TD_ASSERT(check(r->name) == TD_OK);
        TD_ASSERT(truncate(path, 0) == 0);
        r->zeros += count(&map, 0);
        r->was_told = check(r->name) == TD_DATA_LOSS;
        td_file_map_close(&map);
        drop_file(path);
    }
    return NULL;
}

static void threads(void)
{
    char *const path = put_file("t", 'x');
    td_file_map map = map_file(path);
    reader readers[4] = { { .map = &map }, { .map = &map }, { .name = "t2" }, { .name = "t3" } };
    pthread_t started[4];

    TD_ASSERT(truncate(path, 0) == 0);
    for (int i = 0; i < 4; i++)
        TD_ASSERT(!td_thread_start(&started[i], "reader", i < 2 ? read_shared : open_and_spoil, &readers[i]));
    for (int i = 0; i < 4; i++) {
        TD_ASSERT(pthread_join(started[i], NULL) == 0);
        TD_ASSERT(readers[i].zeros == (size_t)(i < 2 ? SIZE : 20 * SIZE));
        TD_ASSERT(readers[i].was_told);
    }
    td_file_map_close(&map);
    drop_file(path);
}

/* ---------------------------------------------------------------- what is not ours */

static atomic_int n_foreign, n_sent;

/* Was there before ours, and does the like. */
static void on_foreign(int number, siginfo_t *info, void *context)
{
    const uintptr_t page = (uintptr_t)info->si_addr & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

    (void)number;
    (void)context;
    if (info->si_code <= 0) {
        atomic_fetch_add(&n_sent, 1);
        return;
    }
    atomic_fetch_add(&n_foreign, 1);
    syscall(SYS_mmap, page, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void others_get_theirs(void)
{
    char *const path = put_file("x", 'x'), *const ours = put_file("y", 'y');
    td_file_map map = map_file(ours);
    const int fd = open(path, O_RDONLY);
    unsigned char *const data = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    const unsigned before = td_file_maps_changes();

    TD_ASSERT(data != MAP_FAILED);
    TD_ASSERT(truncate(path, 0) == 0);
    TD_ASSERT(*(volatile unsigned char *)data == 0);
    TD_ASSERT(atomic_load(&n_foreign) == 1);
    raise(SIGBUS);
    TD_ASSERT(atomic_load(&n_sent) == 1);
    TD_ASSERT(td_file_maps_changes() == before);
    munmap(data, SIZE);
    close(fd);
    td_file_map_close(&map);
    drop_file(path);
    drop_file(ours);
}

/* Without a handler before ours, the process ends as ever. */
static void end_by_signal(void)
{
    td_file_map map;
    char *const path = put_file("d", 'd');

    map = map_file(path);
    unlink(path);
    if (!freopen("/dev/null", "w", stderr)) return; /* sanitizers have a lot to say */
    raise(SIGBUS);
    td_file_map_close(&map);
}

/* ---------------------------------------------------------------- children */

/* The child's end: 0 when body came to its own. */
static int run_child(void (*body)(void), void (*handler)(int, siginfo_t *, void *))
{
    const struct sigaction first = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    int status;

    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        signal(SIGABRT, SIG_DFL); /* cmocka's, too */
        if (handler)
            sigaction(SIGBUS, &first, NULL);
        else
            signal(SIGBUS, SIG_DFL);
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_cut_short(void **state)
{
    (void)state;
    assert_int_equal(run_child(cut_short, NULL), 0);
}

static void test_written_in_place(void **state)
{
    (void)state;
    assert_int_equal(run_child(written_in_place, NULL), 0);
}

static void test_replaced_and_removed(void **state)
{
    (void)state;
    assert_int_equal(run_child(replaced_and_removed, NULL), 0);
}

static void test_threads(void **state)
{
    (void)state;
    assert_int_equal(run_child(threads, NULL), 0);
}

static void test_others_get_theirs(void **state)
{
    (void)state;
    assert_int_equal(run_child(others_get_theirs, on_foreign), 0);
}

static void test_default_is_death(void **state)
{
    char *const path = td_format("%s/d", root);
    const int status = run_child(end_by_signal, NULL);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
    rmdir(path);
    td_free(path);
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int drop_root(void **state)
{
    (void)state;
    return rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_is_death), cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_written_in_place), cmocka_unit_test(test_replaced_and_removed),
        cmocka_unit_test(test_threads),          cmocka_unit_test(test_others_get_theirs),
    };

    return cmocka_run_group_tests(tests, make_root, drop_root);
}
