/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_grpc_reflection.c -- any bytes as a ServerReflectionRequest, and the answer to it is a message. */
#include "base/macros.h"
#include "codec/pb/reflection.h"
#include "driver.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static const td_string services[] = { { "a.B", 3 }, { "c.D", 3 } };
    td_grpc_question q;
    td_strbuf out = { 0 };
    td_wire_field f;

    if (!fuzz_end(td_grpc_question_parse(data, size, &q))) return;
    td_grpc_answer_put(&q, services, TD_COUNT(services), &out);

    td_wire w = td_wire_of(out.data, out.size);
    while (td_wire_next(&w, &f))
        continue;
    TD_ASSERT(!w.bad);
    td_strbuf_fini(&out);
}
