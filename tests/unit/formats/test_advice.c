/* SPDX-License-Identifier: Apache-2.0 */
/* test_advice.c -- paths where no SavedModel is: what is said of each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "formats/advice.h"
#include "temp_dir.h"

/* "/tmp/..." in a text becomes "T". */
static char *shortened(const char *text)
{
    td_strbuf out = { 0 };

    for (const char *at; (at = strstr(text, temp_dir)); text = at + strlen(temp_dir)) {
        td_strbuf_add(&out, text, (size_t)(at - text));
        td_strbuf_putc(&out, 'T');
    }
    td_strbuf_puts(&out, text);
    return td_strbuf_take(&out);
}

static void expect(const char *path, td_path_use use, const char *want)
{
    char *const whole = td_format("%s/%s", temp_dir, path);
    td_strbuf out = { 0 };

    td_path_advise(whole, use, &out);
    char *const got = shortened(td_strbuf_text(&out));
    assert_string_equal(got, want);
    td_free(got);
    td_strbuf_fini(&out);
    td_free(whole);
}

static void touch(const char *name)
{
    temp_dir_write(name, "", 0);
}

static void a_level_too_high(void **state)
{
    (void)state;
    touch("models/m/1/saved_model.pb");
    touch("models/m/10/saved_model.pbtxt");
    touch("models/m/9/saved_model.pb");
    expect("models/m", TD_PATH_VERSION, " It holds the versions 1, 9, 10: give T/models/m/10.");
    expect("models/m/", TD_PATH_VERSION, " It holds the versions 1, 9, 10: give T/models/m/10.");
    expect("models", TD_PATH_VERSION,
           " It holds the model m: give a version of one, T/models/m/10 for instance.");
    expect(
        "models", TD_PATH_BASE,
        " It holds the model m: give one, T/models/m for instance, or name each in a --model_config_file.");
    expect("models/m", TD_PATH_BASE, "");
}

static void a_level_too_low(void **state)
{
    (void)state;
    touch("m/3/saved_model.pb");
    touch("flat/saved_model.pb");
    expect("m/3", TD_PATH_BASE,
           " T/m/3 is a version itself (it holds a saved_model.pb): give its parent, T/m, as the base path.");
    expect("m/3//", TD_PATH_BASE,
           " T/m/3 is a version itself (it holds a saved_model.pb): give its parent, T/m, as the base path.");
    expect("flat", TD_PATH_BASE,
           " T/flat holds a saved_model.pb itself; a base path holds versions named by numbers: move the "
           "model to "
           "T/flat/1.");
    expect("m/3/saved_model.pb", TD_PATH_VERSION, " Give its directory, not the file.");
    expect("m/3/saved_model.pb", TD_PATH_BASE,
           " Give the directory of its version's directory, not the file.");
}

static void other_names(void **state)
{
    (void)state;
    touch("models/resnet/saved_model.pb");
    expect("models", TD_PATH_VERSION,
           " It holds the SavedModels resnet: give one of them, T/models/resnet for instance.");
    expect(
        "models", TD_PATH_BASE,
        " It holds SavedModels whose folders are not named by numbers (resnet): name them 1, 2, ..., or give "
        "T/models/resnet as a base path if it has versions.");
}

static void other_files(void **state)
{
    static const char *const names[] = { "m.keras",  "M.H5",      "m.hdf5", "m.onnx",
                                         "m.tflite", "frozen.pb", "m.ckpt" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *const inside = td_format("dir%zu/%s", i, names[i]);
        char *const folder = td_format("%s/dir%zu", temp_dir, i);
        td_strbuf out = { 0 };

        touch(inside);
        for (td_path_use use = TD_PATH_VERSION; use <= TD_PATH_BASE; use++) {
            td_path_advise(folder, use, &out);
            assert_non_null(strstr(td_strbuf_text(&out), names[i]));
            td_strbuf_fini(&out);
        }
        td_free(folder);
        td_free(inside);
    }
    expect("dir0", TD_PATH_VERSION,
           " T/dir0/m.keras is a Keras file, not a SavedModel: load it with keras.saving.load_model() and "
           "write a "
           "SavedModel by model.export(DIR).");
    expect("dir0/m.keras", TD_PATH_BASE,
           " T/dir0/m.keras is a Keras file, not a SavedModel directory: load it with "
           "keras.saving.load_model() and "
           "write a SavedModel by model.export(DIR).");
    touch("list.txt");
    expect("list.txt", TD_PATH_BASE, " It is a file, not a directory.");
}

static void halves(void **state)
{
    (void)state;
    touch("copy/variables/variables.index");
    touch("void/");
    expect("copy", TD_PATH_VERSION, " It holds variables but no saved_model.pb: is the copy complete?");
    expect("void", TD_PATH_BASE, " It is empty.");
    expect("nowhere", TD_PATH_VERSION, " There is nothing of that name.");
    touch("other/readme");
    expect("other", TD_PATH_VERSION, "");
}

static void many(void **state)
{
    char name[64];

    (void)state;
    for (int i = 1; i <= 100; i++) {
        snprintf(name, sizeof name, "m/%d/saved_model.pb", i);
        touch(name);
    }
    char *const path = td_format("%s/m", temp_dir);
    td_strbuf out = { 0 };

    td_path_advise(path, TD_PATH_VERSION, &out);
    assert_non_null(strstr(td_strbuf_text(&out), " and 95 more: give "));
    assert_true(out.size < 300);
    td_strbuf_fini(&out);
    td_free(path);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, temp_dir_make, temp_dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = { IN_FOLDER(a_level_too_high), IN_FOLDER(a_level_too_low),
                                        IN_FOLDER(other_names),      IN_FOLDER(other_files),
                                        IN_FOLDER(halves),           IN_FOLDER(many) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
