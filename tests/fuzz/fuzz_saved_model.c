/* fuzz_saved_model.c -- any bytes as saved_model.pb: read up to the graph, functions and signatures. */
#include <stddef.h>
#include <stdint.h>

#include "formats/model.h"

#include "temp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_model_file *model;

    temp_write("saved_model.pb", data, size);
    const td_status status = td_savedmodel_read(temp_dir(), "serve", &model);
    if (!status) td_model_file_free(model);
    td_status_free(status);
    return 0;
}
