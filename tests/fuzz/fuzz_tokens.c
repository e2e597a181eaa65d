/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tokens.c -- any bytes as a file of tokens, and as what a client shows. Who shows the first line of a file, where that is a
 * token in plain text, gets in. */
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "net/tokens.h"
#include "obs/log.h"

static bool lets_in(td_tokens *t, const char *token, size_t size)
{
    static const char scheme[] = "Bearer ";
    char text[sizeof scheme + TD_TOKEN_MOST];
    const size_t n = sizeof scheme - 1;

    memcpy(text, scheme, n);
    memcpy(text + n, token, size);
    return fuzz_end(td_tokens_check(t, (td_string){ text, n + size }));
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const char *const text = (const char *)data;
    td_tokens *t;

    td_log_set_level(TD_LOG_ERROR + 1);
    if (!fuzz_end(td_tokens_parse(text, size, "tokens.txt", &t))) return;
    const char *const lf = memchr(text, '\n', size);
    const size_t first = lf ? (size_t)(lf - text) : size;
    bool is_plain = first > 0 && text[0] != '#' && (first < 7 || memcmp(text, "sha256:", 7) != 0);

    for (size_t i = 0; i < first; i++)
        is_plain &= text[i] > ' ' && text[i] <= '~';
    TD_ASSERT(!is_plain || lets_in(t, text, first));
    if (size <= TD_TOKEN_MOST) (void)lets_in(t, text, size);
    (void)fuzz_end(td_tokens_check(t, (td_string){ text, size }));
    td_tokens_free(t);
}
