/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- numbers of the usual shape; see json_run.h. */
#include "codec/json/run.h"

#include "tensor/parse_quick.h"

/* Passes over a space by a jump that can be foretold: a sum would make the next number wait for this byte. */
static inline const char *skip_one_space(const char *p)
{
    return TD_LIKELY(*p == ' ') ? p + 1 : p;
}

/* Behind a number: to the next one. False: something unusual, p has not moved. */
static inline bool run_on(const char **p, td_json_run *run)
{
    const char *q = *p + 1;

    if (TD_LIKELY(**p == ',')) {
        *p = skip_one_space(q);
        return true;
    }
    if (**p != ']' || run->column != run->width || *q++ != ',') return false;
    q = skip_one_space(q);
    if (*q != '[') return false;
    *p = q + 1;
    run->column = 0;
    run->lists++;
    return true;
}

void td_json_run_f32(td_json_run *run, const char *end)
{
    const char *p = run->p;
    td_quick_number n;
    float v;

    run->is_behind = false;
    while (run->out < run->limit && end - p >= TD_QUICK_BYTES && td_read_quick(p, &n) &&
           td_round_quick(&n, &v)) {
        *run->out++ = v;
        run->column++;
        p = n.end;
        run->is_behind = !run_on(&p, run);
        if (run->is_behind) break;
    }
    run->p = p;
}
