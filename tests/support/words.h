/* SPDX-License-Identifier: Apache-2.0 */
/* words.h -- forms of a graph as words: "turned mask_keys shared_logits". */
#ifndef TD_TESTS_SUPPORT_WORDS_H
#define TD_TESTS_SUPPORT_WORDS_H

#include <stdbool.h>

/* Is word one of the words, which have spaces between them? */
bool words_have(const char *words, const char *word);

#endif
