/* fuzz_npy.c -- any bytes as a .npy file; what is read can be written, and reads the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_strbuf bytes = { 0 };
    td_tensor t, back;

    td_status status = td_npy_parse(data, size, &t);
    if (status) {
        td_status_free(status);
        return 0;
    }
    if (td_npy_format(&t, &bytes) || td_npy_parse((const uint8_t *)bytes.data, bytes.size, &back)) abort();
    if (t.dtype != back.dtype || !td_shape_equal(&t.shape, &back.shape)) abort();
    if (t.dtype != TD_STRING && td_tensor_bytes(&t) && memcmp(t.data, back.data, td_tensor_bytes(&t)) != 0)
        abort();
    td_tensor_unref(&back);
    td_tensor_unref(&t);
    td_strbuf_fini(&bytes);
    return 0;
}
