/* SPDX-License-Identifier: Apache-2.0 */
/* test_pack_file.c -- files of packed weights: read as they were written, refused when anything about them is wrong, and
 * never there in part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "device/team.h"
#include "ops/pack_file.h"
#include "temp_dir.h"

enum { HEADER = 64, ENTRY = sizeof(td_pack_entry), AT_SIZE = 32, LARGE = 10000 };

static const td_pack_file_key key = { { 1, 2 } }, other_key = { { 1, 3 } };
static unsigned char large[LARGE];
static char path[256];

static int begin(void **state)
{
    if (temp_dir_make(state)) return -1;
    memset(large, 7, sizeof large);
    snprintf(path, sizeof path, "%s/x", temp_dir);
    return 0;
}

static void fill(td_pack_piece p[3])
{
    p[0] = (td_pack_piece){ { { 1, 2 }, 3, 5 }, "abcde" };
    p[1] = (td_pack_piece){ { { 1, 2 }, 4, LARGE }, large };
    p[2] = (td_pack_piece){ { { 5, 2 }, 3, 0 }, "" };
}

static void write_file(void)
{
    td_pack_piece p[3];

    fill(p);
    assert_ok(td_pack_file_write(path, &key, p, 3));
}

static void refuse(td_code code, const char *why)
{
    td_pack_file *f = NULL;

    assert_status_like(td_pack_file_open(path, &key, &f), code, why);
    assert_null(f);
}

/* Of what is there, with one byte changed, or cut. */
static void change(size_t at, unsigned char by, size_t cut)
{
    char *bytes;
    size_t size;

    assert_ok(td_file_read(path, 1 << 20, &bytes, &size));
    bytes[at] = (char)(bytes[at] ^ by);
    assert_int_equal(unlink(path), 0);
    temp_dir_write("x", bytes, size - cut);
    td_free(bytes);
}

static void test_there_and_back(void **state)
{
    td_team *const team = td_team_make(2);
    td_pack_piece p[3];
    td_pack_file *f;

    (void)state;
    write_file();
    write_file(); /* in its place */
    fill(p);
    assert_ok(td_pack_file_open(path, &key, &f));
    assert_int_equal(td_pack_file_bytes(f), td_pack_file_size(p, 3));
    assert_ok(td_pack_file_check(f, NULL));
    assert_ok(td_pack_file_check(f, team));
    for (size_t i = 0; i < 3; i++) {
        const void *const data = td_pack_file_find(f, &p[i].id);

        assert_non_null(data);
        assert_int_equal((uintptr_t)data % 64, 0);
        assert_memory_equal(data, p[i].data, p[i].id.size);
        p[i].id.form ^= 16;
        assert_null(td_pack_file_find(f, &p[i].id));
    }
    td_pack_file_free(f);
    td_team_free(team);
}

static void test_refused(void **state)
{
    (void)state;
    td_pack_file *f = NULL;

    refuse(TD_NOT_FOUND, "No such file");
    write_file();
    assert_status_like(td_pack_file_open(path, &other_key, &f), TD_FAILED_PRECONDITION, "another model");
    change(0, 1, 0);
    refuse(TD_FAILED_PRECONDITION, "no file of packed weights");
    write_file();
    change(0, 0, 1);
    refuse(TD_DATA_LOSS, "bytes of");
    write_file();
    change(AT_SIZE, 1, 0);
    refuse(TD_DATA_LOSS, "bytes of");
    temp_dir_write("x", "", 0);
    refuse(TD_DATA_LOSS, "no header");
    temp_dir_write("x", "TDPACK1", 8);
    refuse(TD_DATA_LOSS, "no header");
}

/* Header, entries: every byte of them is looked at. */
static void test_every_byte(void **state)
{
    td_pack_file *f = NULL;

    (void)state;
    for (size_t at = 0; at < HEADER + 3 * ENTRY; at++) {
        write_file();
        change(at, 0x40, 0);
        const td_status s = td_pack_file_open(path, &key, &f);

        assert_non_null(s);
        td_status_free(s);
    }
}

static void test_damaged_form(void **state)
{
    td_pack_file *f;

    (void)state;
    write_file();
    change(2 * 4096, 1, 0); /* in the large one */
    assert_ok(td_pack_file_open(path, &key, &f));
    assert_status_like(td_pack_file_check(f, NULL), TD_DATA_LOSS, "checksum of packed weights");
    td_pack_file_free(f);
}

static void test_of_somebody_else(void **state)
{
    (void)state;
    if (geteuid() != 0) return; /* nobody else may give files away */
    write_file();
    assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
    refuse(TD_PERMISSION_DENIED, "belongs to user 12345");
}

static size_t count_files(void)
{
    DIR *const d = opendir(temp_dir);
    size_t n = 0;

    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* A disk that fills up leaves what was there, and nothing else. */
static void test_full_disk(void **state)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct rlimit before, low;
    struct sigaction old;
    td_pack_piece p[3];
    td_pack_file *f;

    (void)state;
    write_file();
    fill(p);
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &old), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 6000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    const td_status s = td_pack_file_write(path, &key, p, 3);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(sigaction(SIGXFSZ, &old, NULL), 0);

    assert_non_null(s);
    td_status_free(s);
    assert_int_equal(count_files(), 1);
    assert_ok(td_pack_file_open(path, &key, &f));
    td_pack_file_free(f);
}

static void test_no_directory(void **state)
{
    td_pack_piece p[3];

    (void)state;
    fill(p);
    snprintf(path, sizeof path, "%s/none/x", temp_dir);
    assert_status_like(td_pack_file_write(path, &key, p, 3), TD_NOT_FOUND, "none/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_refused, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_every_byte, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_damaged_form, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_of_somebody_else, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_full_disk, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_no_directory, begin, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
