/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_npy.c -- any bytes as a .npy file; what is read can be written, and reads the same again. */
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "formats/npy.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    td_strbuf bytes = { 0 };
    td_tensor t, back;

    if (!fuzz_end(td_npy_parse(data, size, &t))) return;
    const bool is_back = fuzz_end(td_npy_format(&t, &bytes)) &&
                         fuzz_end(td_npy_parse((const uint8_t *)bytes.data, bytes.size, &back));
    TD_ASSERT(is_back || fuzz_is_short());
    if (is_back) {
        TD_ASSERT(t.dtype == back.dtype && td_shape_equal(&t.shape, &back.shape));
        TD_ASSERT(t.dtype == TD_STRING || !td_tensor_bytes(&t) ||
                  !memcmp(t.data, back.data, td_tensor_bytes(&t)));
        td_tensor_unref(&back);
    }
    td_tensor_unref(&t);
    td_strbuf_fini(&bytes);
}
