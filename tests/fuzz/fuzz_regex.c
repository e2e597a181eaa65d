/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_regex.c -- any pattern on any text: it answers or gives up, in bounded time; and what is replaced by nothing makes
 * no text longer.
 *
 * Pattern, rewrite and text are what lies between bytes of 0xff. */
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "driver.h"
#include "ops/text/regex.h"

static td_string next_part(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *const stop = *at < end ? memchr(*at, 0xff, (size_t)(end - *at)) : NULL;
    const td_string s = { (const char *)*at, (size_t)((stop ? stop : end) - *at) };

    *at = stop ? stop + 1 : end;
    return s;
}

static char *take(void *ctx, size_t size)
{
    return td_arena_try_alloc(ctx, size ? size : 1, 1);
}

static void try_text(const td_regex *r, td_string rewrite, td_string text, td_arena *arena)
{
    td_string once = { 0 }, all = { 0 };
    bool is_match = false;

    (void)fuzz_end(td_regex_full_match(r, text, &is_match));
    if (fuzz_end(td_regex_replace(r, text, rewrite, false, take, arena, &once)) && rewrite.size == 0)
        TD_ASSERT(once.size <= text.size);
    if (fuzz_end(td_regex_replace(r, text, rewrite, true, take, arena, &all)) && rewrite.size == 0)
        TD_ASSERT(all.size <= text.size);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *const end = data + size;
    const td_string pattern = next_part(&at, end), rewrite = next_part(&at, end), text = next_part(&at, end);
    td_arena *const arena = td_arena_make();
    td_regex *r = NULL;

    if (fuzz_end(td_regex_make(pattern, &r))) try_text(r, rewrite, text, arena);
    td_regex_free(r);
    td_arena_free(arena);
}
