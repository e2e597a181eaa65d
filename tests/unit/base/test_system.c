/* SPDX-License-Identifier: Apache-2.0 */
/* test_system.c -- files, the clock, the CPU and its quota. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "assert_status.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/cpu_quota.h"
#include "base/file.h"
#include "base/file_map.h"
#include "base/mem.h"
#include "temp_dir.h"

static char *put_file(const char *name, const char *text, size_t size)
{
    temp_dir_write(name, text, size);
    return td_path_join(temp_dir, name);
}

static void test_read_and_map(void **state)
{
    char *const path = put_file("f", "abc\0def", 7), *data;
    td_file_map map;
    size_t size;

    (void)state;
    assert_null(td_file_read(path, 7, &data, &size));
    assert_int_equal(size, 7);
    assert_memory_equal(data, "abc\0def", 8);
    td_free(data);

    td_status s = td_file_read(path, 6, &data, &size);
    assert_int_equal(td_status_code(s), TD_RESOURCE_EXHAUSTED);
    td_status_free(s);

    assert_null(td_file_map_open(path, &map));
    assert_int_equal(map.size, 7);
    assert_memory_equal(map.data, "abc\0def", 7);
    td_file_map_forget(map.data, map.size); /* less than a page: nothing happens */
    td_file_map_close(&map);
    td_file_map_close(&map);
    td_free(path);
}

static void test_empty_missing_and_directory(void **state)
{
    char *const path = put_file("e", "", 0), *data;
    td_file_map map;
    size_t size;

    (void)state;
    assert_null(td_file_map_open(path, &map));
    assert_null(map.data);
    td_file_map_close(&map);
    assert_null(td_file_read(path, 0, &data, &size));
    assert_string_equal(data, "");
    td_free(data);
    td_free(path);

    assert_status(td_file_map_open("/nonexistent/x", &map), TD_NOT_FOUND,
                  "/nonexistent/x; No such file or directory");
    assert_status_like(td_file_read(temp_dir, 100, &data, &size), TD_INTERNAL, temp_dir);
}

static void test_forgotten_pages_come_back(void **state)
{
    const size_t size = 64 << 10;
    char *const text = td_alloc(size);
    td_file_map map;

    (void)state;
    memset(text, 'x', size);
    char *const path = put_file("big", text, size);
    assert_null(td_file_map_open(path, &map));
    td_file_map_forget(map.data + 1, size - 2);
    assert_memory_equal(map.data, text, size);
    td_file_map_close(&map);
    td_free(path);
    td_free(text);
}

static void test_path_join(void **state)
{
    static const char *const cases[][3] = { { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" } };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *const path = td_path_join(cases[i][0], cases[i][1]);

        assert_string_equal(path, cases[i][2]);
        td_free(path);
    }
}

static void test_clock(void **state)
{
    const int64_t start = td_now_ns();

    (void)state;
    td_sleep_ns(2000000);
    assert_true(td_now_ns() - start >= 2000000);
    td_sleep_ns(-5);
}

static void test_cpu(void **state)
{
    static const char *const unknown[] = { "", "+", "avx2+", "+avx2", "avx", "avx2 ", "AVX2", "avx512+sse9" };

    (void)state;
    assert_true(td_cpu_cores() >= 1);
    const td_cpu found = td_cpu_detect();
    td_cpu cpu;

    assert_true(td_cpu_parse(td_cpu_name(found).text, &cpu));
    assert_int_equal(cpu, found);
    assert_true(td_cpu_parse("ref", &cpu));
    assert_int_equal(cpu, TD_CPU_ref);
    assert_string_equal(td_cpu_name(cpu).text, "ref");
    for (size_t i = 0; i < TD_COUNT(unknown); i++)
        assert_false(td_cpu_parse(unknown[i], &cpu));
#if defined(__x86_64__)
    assert_true(td_cpu_parse("avx512+bf16", &cpu));
    assert_int_equal(cpu, TD_CPU_avx512_bf16);
    assert_true(td_cpu_has(cpu, TD_CPU_avx2) && !td_cpu_has(cpu, TD_CPU_vnni));
    assert_true(td_cpu_has_bf16(TD_CPU_amx) && !td_cpu_has_bf16(cpu));
    assert_string_equal(td_cpu_name(cpu).text, "bf16");
    assert_string_equal(td_cpu_name(TD_CPU_vnni | TD_CPU_avx512_bf16).text, "vnni+bf16"); /* Zen 4 */
    assert_string_equal(td_cpu_name(TD_CPU_avx_vnni).text, "avx_vnni");                   /* Alder Lake */
    assert_false(td_cpu_has(TD_CPU_avx_vnni, TD_CPU_avx512));
    assert_string_equal(td_cpu_name(TD_CPU_amx).text, "amx");
    assert_false(td_cpu_has(TD_CPU_vnni, TD_CPU_amx));
#endif
}

static double quota_of(const char *cgroup)
{
    char *const proc = put_file("cgroup", cgroup, strlen(cgroup));
    const double quota = td_cpu_quota(proc, temp_dir);

    td_free(proc);
    return quota;
}

static void test_quota(void **state)
{
    (void)state;
    assert_true(td_cpu_quota("/nonexistent", temp_dir) <= 0);
    temp_dir_write("a/b/cpu.max", "max 100000\n", 11);
    temp_dir_write("a/cpu.max", "150000 100000\n", 14);
    temp_dir_write("cpu/cpu.cfs_quota_us", "400000\n", 7);
    temp_dir_write("cpu/cpu.cfs_period_us", "100000\n", 7);

    assert_true(quota_of("0::/a/b\n") == 1.5); /* the parent's */
    assert_true(quota_of("0::/\n") <= 0);
    assert_true(quota_of("0::/../x\n") <= 0);
    assert_true(quota_of("5:memory:/x\n4:cpu,cpuacct:/docker/77\n") == 4.0); /* v1, path not visible */
    assert_true(quota_of("4:cpuset:/x\nnonsense\n") <= 0);
}

static double memory_of(const char *cgroup)
{
    char *const proc = put_file("cgroup", cgroup, strlen(cgroup));
    const double quota = td_memory_quota(proc, temp_dir);

    td_free(proc);
    return quota;
}

static void test_memory_quota(void **state)
{
    (void)state;
    assert_true(td_memory_quota("/nonexistent", temp_dir) <= 0);
    temp_dir_write("c/d/memory.max", "max\n", 4);
    temp_dir_write("c/memory.max", "1073741824\n", 11);
    temp_dir_write("memory/pod/memory.limit_in_bytes", "500000\n", 7);

    assert_true(memory_of("0::/c/d\n") == 1073741824.0); /* the parent's */
    assert_true(memory_of("0::/a\n") <= 0);
    assert_true(memory_of("9:memory:/pod/x\n4:cpu:/pod\n") == 500000.0);
    assert_true(td_memory_limit() > (size_t)1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_map),
        cmocka_unit_test(test_empty_missing_and_directory),
        cmocka_unit_test(test_forgotten_pages_come_back),
        cmocka_unit_test(test_path_join),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_quota),
        cmocka_unit_test(test_memory_quota),
    };

    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
