/* fuzz_bundle.c -- any bytes as variables.index, beside a small data shard: opened, looked up, read. */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "formats/savedmodel/bundle.h"

#include "temp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_key(td_bundle *b, const char *key, const char *slice)
{
    td_tensor t = { 0 };
    const td_status status = td_bundle_read(b, key, slice, &t);

    if (!status) td_tensor_unref(&t);
    td_status_free(status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = { "a/.ATTRIBUTES/VARIABLE_VALUE", "two/.ATTRIBUTES/VARIABLE_VALUE", "w",
                                        "_CHECKPOINTABLE_OBJECT_GRAPH" };
    static const uint8_t shard[4096];
    char prefix[PATH_MAX];
    td_bundle *b;

    temp_write("variables/variables.data-00000-of-00001", shard, sizeof shard);
    temp_write("variables/variables.index", data, size);
    snprintf(prefix, sizeof prefix, "%s/variables/variables", temp_dir());
    const td_status status = td_bundle_open(prefix, &b);
    if (!status) {
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            read_key(b, keys[i], NULL);
            read_key(b, keys[i], "4 2 0,2:0,1");
        }
        td_bundle_unref(b);
    }
    td_status_free(status);
    return 0;
}
