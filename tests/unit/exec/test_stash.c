/* SPDX-License-Identifier: Apache-2.0 */
/* test_stash.c -- packed weights on disk: a second load reads what the first one wrote, and packs for itself whenever that
 * cannot be. Answers are the same in any case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "exec/load.h"
#include "exec/memory.h"
#include "exec/stash.h"
#include "temp_dir.h"

enum { PIXELS = 28 * 28, CLASSES = 10 };

static char cache[256], model[256];

static void copy_file(const char *from, const char *to)
{
    char *const path = td_format("%s/models/digits/1/%s", TD_SOURCE_DIR, from), *bytes;
    size_t size;

    assert_ok(td_file_read(path, 1 << 24, &bytes, &size));
    temp_dir_write(to, bytes, size);
    td_free(bytes);
    td_free(path);
}

static int begin(void **state)
{
    if (temp_dir_make(state)) return -1;
    temp_dir_write("cache/", NULL, 0);
    copy_file("saved_model.pb", "m/saved_model.pb");
    copy_file("variables/variables.index", "m/variables/variables.index");
    copy_file("variables/variables.data-00000-of-00001", "m/variables/variables.data-00000-of-00001");
    snprintf(cache, sizeof cache, "%s/cache", temp_dir);
    snprintf(model, sizeof model, "%s/m", temp_dir);
    return 0;
}

static td_session_options options(void)
{
    return (td_session_options){ .cache_dir = cache, .cache_bytes = 64 << 20 };
}

static void answer(td_session *s, float *out)
{
    const td_signature *const sig = td_session_find_signature(s, "serving_default");
    td_tensor in;
    td_shape shape = sig->inputs[0].shape;
    const size_t want = 0;
    td_result *r;

    shape.dims[0] = 1;
    assert_ok(td_tensor_make(TD_F32, &shape, &in));
    for (int64_t i = 0; i < td_shape_count(&shape); i++)
        ((float *)in.data)[i] = (float)(i % 17) / 17;
    assert_ok(td_session_run(s, sig, &in, &want, 1, NULL, &r));
    memcpy(out, td_result_outputs(r)[0].data, CLASSES * sizeof *out);
    td_result_free(r);
    td_tensor_unref(&in);
}

typedef struct outcome {
    bool was_read, knew_files;
    size_t packed; /* bytes in memory */
    float y[CLASSES];
} outcome;

static outcome load(const td_session_options *o)
{
    td_session *s;
    outcome x = { .was_read = false };

    assert_ok(td_session_load(model, o, &s));
    x.was_read = td_stash_file(s->stash) != NULL;
    x.knew_files = td_stash_knows_files(s->stash);
    x.packed = td_session_memory_of(s).packed;
    answer(s, x.y);
    td_session_save(s);
    td_session_unref(s);
    return x;
}

static void assert_same(const outcome *a, const outcome *b)
{
    assert_memory_equal(a->y, b->y, sizeof a->y);
}

/* The files of the cache with that end; *path: one of them. */
static size_t count_files(const char *end, char *path, size_t size)
{
    DIR *const d = opendir(cache);
    size_t n = 0;

    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));) {
        const size_t length = strlen(e->d_name), m = strlen(end);

        if (length < m || strcmp(e->d_name + length - m, end) != 0) continue;
        if (path) snprintf(path, size, "%s/%s", cache, e->d_name);
        n++;
    }
    closedir(d);
    return n;
}

static outcome first_load(void)
{
    const td_session_options o = options();
    const outcome x = load(&o);

    assert_false(x.was_read);
    assert_true(x.packed > 0);
    assert_int_equal(count_files(".tdpack", NULL, 0), 1);
    assert_int_equal(count_files(".seen", NULL, 0), 1);
    return x;
}

static void flip(const char *path, long at)
{
    FILE *const f = fopen(path, "r+");
    int c;

    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    c = fgetc(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    fputc(c ^ 1, f);
    assert_int_equal(fclose(f), 0);
}

/* ---------------------------------------------------------------- tests */

static void test_second_load_reads(void **state)
{
    const td_session_options o = options();
    const outcome first = first_load(), second = load(&o), third = load(&o);

    (void)state;
    assert_true(second.was_read && second.knew_files && third.was_read);
    assert_int_equal(second.packed, 0);
    assert_same(&first, &second);
    assert_same(&first, &third);
    assert_int_equal(count_files("", NULL, 0), 2 + 2); /* . and .. */
}

static void test_none_asked_for(void **state)
{
    const td_session_options none = { .cache_dir = "" };
    const outcome x = load(&none), y = load(NULL);

    (void)state;
    assert_false(x.was_read || y.was_read);
    assert_int_equal(count_files(".tdpack", NULL, 0), 0);
}

/* Whatever byte of it is not what it was: it is written anew. */
static void test_damaged(void **state)
{
    const long at[] = { 0, 9, 24, 40, 70, 100, -1, -2000 };
    const td_session_options o = options();
    const outcome first = first_load();
    char path[600];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(at); i++) {
        assert_int_equal(count_files(".tdpack", path, sizeof path), 1);
        flip(path, at[i]);
        const outcome x = load(&o), again = load(&o);

        assert_false(x.was_read);
        assert_same(&first, &x);
        assert_true(again.was_read && again.knew_files);
        assert_same(&first, &again);
    }
}

static void test_cut_short(void **state)
{
    const td_session_options o = options();
    const outcome first = first_load();
    char path[600];

    (void)state;
    assert_int_equal(count_files(".tdpack", path, sizeof path), 1);
    for (int size = 5000; size >= 0; size -= 2500) {
        assert_int_equal(truncate(path, size), 0);
        const outcome x = load(&o);

        assert_false(x.was_read);
        assert_same(&first, &x);
    }
    assert_true(load(&o).was_read);
}

/* Copied elsewhere, by hand or with an image: it is read, and all checksums are compared once more. */
static void test_copied(void **state)
{
    const td_session_options o = options();
    const outcome first = first_load();
    char path[600];

    (void)state;
    assert_int_equal(count_files(".seen", path, sizeof path), 1);
    assert_int_equal(unlink(path), 0);
    const outcome x = load(&o), again = load(&o);

    assert_true(x.was_read && !x.knew_files && again.was_read && again.knew_files);
    assert_int_equal(x.packed, 0);
    assert_same(&first, &x);
    temp_dir_write("seen", "x", 1);
    assert_int_equal(count_files(".seen", path, sizeof path), 1);
    flip(path, 10);
    assert_false(load(&o).knew_files);
}

/* Other weights are another model, and damaged ones are none, though packed ones are there. */
static void test_changed_weights(void **state)
{
    const td_session_options o = options();
    char data[600], index[600];
    td_session *s = NULL;

    (void)state;
    (void)first_load();
    snprintf(data, sizeof data, "%s/variables/variables.data-00000-of-00001", model);
    snprintf(index, sizeof index, "%s/variables/variables.index", model);
    for (long at = 2000; at < 119000; at += 2000) /* half of the variables are there for nobody */
        flip(data, at);
    assert_status_like(td_session_load(model, &o, &s), TD_DATA_LOSS, "checksum");
    for (long at = 2000; at < 119000; at += 2000)
        flip(data, at);
    const outcome x = load(&o);
    assert_true(x.was_read && !x.knew_files);
    flip(index, 100);
    const td_status error = td_session_load(model, &o, &s);
    if (!error) {
        assert_null(td_stash_file(s->stash));
        td_session_unref(s);
    }
    td_status_free(error);
}

static void test_other_cpu(void **state)
{
    const td_session_options o = options();

    (void)state;
    (void)first_load();
    assert_int_equal(setenv("TENSORD_BODY", "conv:panels", 1), 0);
    const outcome x = load(&o);
    assert_int_equal(unsetenv("TENSORD_BODY"), 0);
    assert_false(x.was_read);
    assert_int_equal(count_files(".tdpack", NULL, 0), 2);
}

/* What was not used for longest goes; what is too large is not written. */
static void test_bounded(void **state)
{
    td_session_options o = options();
    char path[600];
    struct stat st;

    (void)state;
    (void)first_load();
    assert_int_equal(count_files(".tdpack", path, sizeof path), 1);
    assert_int_equal(stat(path, &st), 0);
    temp_dir_write("cache/old.tdpack", path, 100);
    temp_dir_write("cache/old.tdpack.seen", path, 100);
    temp_dir_write("cache/other", path, 100);
    temp_dir_write("cache/dead.tdpack.tmp.abcdef", path, 100);
    const struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    for (size_t i = 0; i < 3; i++) {
        const char *const names[] = { "old.tdpack", "old.tdpack.seen", "dead.tdpack.tmp.abcdef" };
        char *const name = td_path_join(cache, names[i]);

        assert_int_equal(utimensat(AT_FDCWD, name, long_ago, 0), 0);
        td_free(name);
    }
    flip(path, 0);
    o.cache_bytes = (uint64_t)st.st_size + 50;
    (void)load(&o);
    assert_int_equal(count_files(".tdpack", NULL, 0), 1); /* the old one is gone */
    assert_int_equal(count_files(".seen", NULL, 0), 1);
    assert_int_equal(count_files(".abcdef", NULL, 0), 0);
    assert_int_equal(count_files("other", NULL, 0), 1);
    assert_true(load(&o).was_read);

    flip(path, 0);
    o.cache_bytes = (uint64_t)st.st_size - 1;
    assert_false(load(&o).was_read);
    assert_false(load(&o).was_read);
}

static void test_nowhere_to_write(void **state)
{
    td_session_options o = options();
    const outcome first = first_load();

    (void)state;
    o.cache_dir = "/proc/none";
    const outcome x = load(&o);
    assert_false(x.was_read);
    assert_same(&first, &x);
    temp_dir_write("file", "x", 1);
    char *const file = td_path_join(temp_dir, "file");
    o.cache_dir = file;
    const outcome y = load(&o);
    assert_false(y.was_read);
    assert_same(&first, &y);
    td_free(file);
}

/* Somebody cuts the file while it is in use: no answer is given from what is not there any more. */
static void test_cut_in_use(void **state)
{
    const td_session_options o = options();
    const td_signature *sig;
    char path[600];
    td_session *s;

    (void)state;
    (void)first_load();
    assert_int_equal(count_files(".tdpack", path, sizeof path), 1);
    assert_ok(td_session_load(model, &o, &s));
    assert_non_null(td_stash_file(s->stash));
    assert_int_equal(truncate(path, 100), 0);
    sig = td_session_find_signature(s, "serving_default");
    td_shape shape = sig->inputs[0].shape;
    td_tensor in;
    td_result *r;
    const size_t want = 0;

    shape.dims[0] = 3; /* a plan that was not made yet */
    assert_ok(td_tensor_make(TD_F32, &shape, &in));
    memset(in.data, 0, td_tensor_bytes(&in));
    assert_status_like(td_session_run(s, sig, &in, &want, 1, NULL, &r), TD_DATA_LOSS, ".tdpack changed");
    td_tensor_unref(&in);
    td_session_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_second_load_reads, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_none_asked_for, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_damaged, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_cut_short, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_copied, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_changed_weights, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_other_cpu, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_bounded, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_nowhere_to_write, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_cut_in_use, begin, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
