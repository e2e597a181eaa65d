/* SPDX-License-Identifier: Apache-2.0 */
/* words.c -- see words.h. */
#include "words.h"

#include <string.h>

bool words_have(const char *words, const char *word)
{
    const size_t n = strlen(word);

    for (const char *s = words; *s; s += *s == ' ') {
        const size_t size = strcspn(s, " ");

        if (size == n && !strncmp(s, word, n)) return true;
        s += size;
    }
    return false;
}
