/* SPDX-License-Identifier: Apache-2.0 */
/* assert_status.c -- see assert_status.h. */
#include "assert_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void assert_ok(td_status s)
{
    assert_string_equal(td_status_text(s), "");
    assert_null(s);
}

void assert_status(td_status s, td_code code, const char *text)
{
    assert_string_equal(td_status_text(s), text);
    assert_int_equal(td_status_code(s), code);
    td_status_free(s);
}

void assert_status_begins(td_status s, td_code code, const char *head)
{
    if (strncmp(td_status_text(s), head, strlen(head)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", td_status_text(s), head);
    assert_int_equal(td_status_code(s), code);
    td_status_free(s);
}

void assert_status_like(td_status s, td_code code, const char *part)
{
    assert_int_equal(td_status_code(s), code);
    assert_says(s, part);
}

void assert_says(td_status s, const char *part)
{
    if (!strstr(td_status_text(s), part)) fail_msg("\"%s\" lacks \"%s\"", td_status_text(s), part);
    td_status_free(s);
}
