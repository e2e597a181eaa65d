/* SPDX-License-Identifier: Apache-2.0 */
/* condense.c -- see condense.h. */
#include "net/rest/condense.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"

enum state {
    START, /* empty lines may come before the first */
    LINE,
    FIELD, /* at the start of a line, or in a name */
    CR,    /* at the start of a line, behind a CR: it is held, or has passed */
    KEEP,  /* the rest of a line that passes */
    DROP,
    OVER, /* the head was too large */
    BODY, /* or what else follows a head, up to td_condense_from() */
};

enum {
    KEPT_BYTES = 8 << 10, /* of fields that pass: libmicrohttpd has room for no more */
    FIELD_BYTES = 64,     /* that libmicrohttpd takes for each, besides its text */
};

/* Bytes of a call: in is looked at next, before out lies what passes. */
typedef struct walk {
    const char *in, *end;
    char *out;
} walk;

/* All that libmicrohttpd (0.9.75, without cookies and upgrades) and head.c ask for. */
static bool is_read(const char *name, size_t size)
{
    static const struct {
        const char *name;
        size_t size;
    } all[] = {
#define NAME(text) { text, sizeof text - 1 }
        NAME("Accept"),          NAME("Accept-Encoding"),   NAME("Connection"),   NAME("Content-Encoding"),
        NAME("Content-Length"),  NAME("Content-Type"),      NAME("Expect"),       NAME("Origin"),
        NAME("traceparent"),     NAME("Transfer-Encoding"), NAME("X-Request-Id"), NAME("X-Tensord-Tensor"),
        NAME("X-Tensord-Trace"),
#undef NAME
    };

    for (size_t i = 0; i < TD_COUNT(all); i++)
        if (size == all[i].size && !strncasecmp(name, all[i].name, size)) return true;
    return false;
}

/* Long ones are common where nobody reads them. */
static bool is_authorization(const char *name, size_t size)
{
    static const char want[] = "Authorization";

    return size == sizeof want - 1 && !strncasecmp(name, want, size);
}

static bool is_in_name(char c)
{
    return (unsigned char)c > ' ' && c != ':' && c != 127;
}

static void begin_line(td_condenser *c)
{
    c->state = FIELD;
    c->n_held = 0;
}

static void begin_head(td_condenser *c, enum state state)
{
    begin_line(c);
    c->state = (uint8_t)state;
    c->verdict = TD_HEAD_FINE;
    c->is_dropped = false; /* a line that folds the first one is malformed: head.c is to see it */
    c->fields = 0;
    c->size = c->kept = 0;
}

/* Each byte beyond the limit becomes one of the LFs that are owed. At least that many come: without them the
 * client's head has no end either. */
static void give_up(td_condenser *c)
{
    c->n_owed = c->state == KEEP ? 2 : 1;
    c->n_held = 0;
    c->verdict = TD_HEAD_LARGE;
    c->state = OVER;
}

/* ---- pieces ---- */

static void pass(walk *w, const char *to)
{
    const size_t n = (size_t)(to - w->in);

    if (w->out != w->in) memmove(w->out, w->in, n);
    w->out += n;
    w->in = to;
}

static void pass_held(td_condenser *c, walk *w)
{
    memcpy(w->out, c->held, c->n_held);
    w->out += c->n_held;
    c->n_held = 0;
}

static const char *end_of_line(const walk *w)
{
    const char *const lf = memchr(w->in, '\n', (size_t)(w->end - w->in));

    return lf ? lf + 1 : w->end;
}

static void take_start(td_condenser *c, walk *w)
{
    const char *p = w->in;

    while (p < w->end && (*p == '\r' || *p == '\n'))
        p++;
    pass(w, p);
    if (p < w->end) c->state = LINE;
}

static void take_line(td_condenser *c, walk *w)
{
    const char *const to = end_of_line(w);

    if (to[-1] == '\n') begin_line(c);
    pass(w, to);
}

static void take_kept(td_condenser *c, walk *w)
{
    const char *const to = end_of_line(w);

    if ((size_t)(to - w->in) <= KEPT_BYTES - c->kept) {
        c->kept += (uint32_t)(to - w->in);
        take_line(c, w);
    } else {
        pass(w, w->in + (KEPT_BYTES - c->kept));
        give_up(c);
    }
}

static void take_dropped(td_condenser *c, walk *w)
{
    const char *const to = end_of_line(w);

    if (to[-1] == '\n') begin_line(c);
    w->in = to;
}

/* ---- fields ---- */

static void keep(td_condenser *c, walk *w)
{
    const uint32_t cost = c->n_held + FIELD_BYTES;

    if (c->kept + cost >= KEPT_BYTES) {
        give_up(c);
        return;
    }
    c->kept += cost;
    c->is_dropped = false;
    c->state = KEEP;
    pass_held(c, w);
}

static void drop(td_condenser *c)
{
    c->is_dropped = true;
    c->state = DROP;
    c->n_held = 0;
}

static void drop_odd(td_condenser *c)
{
    c->verdict = TD_HEAD_ODD;
    drop(c);
}

static void end_head(td_condenser *c, walk *w)
{
    pass_held(c, w); /* the CR */
    pass(w, w->in + 1);
    c->state = BODY;
    c->beyond = 0;
    c->is_whole = true;
}

static void hold(td_condenser *c, const char *name, size_t size)
{
    const size_t n = TD_MIN(size, sizeof c->held - c->n_held);

    memcpy(c->held + c->n_held, name, n);
    c->n_held = (uint8_t)(c->n_held + n);
}

static void take_name(td_condenser *c, walk *w)
{
    const char *p = w->in;

    while (p < w->end && is_in_name(*p))
        p++;
    hold(c, w->in, (size_t)(p - w->in));
    w->in = p;
    if (p == w->end) return;
    if (*p != ':' || !c->n_held)
        drop_odd(c);
    else if (is_read(c->held, c->n_held) || (c->has_tokens && is_authorization(c->held, c->n_held)))
        keep(c, w);
    else
        drop(c);
}

/* At the start of a line that is not empty. */
static void take_first(td_condenser *c, walk *w)
{
    if (*w->in == ' ' || *w->in == '\t')
        c->state = c->is_dropped ? DROP : KEEP;
    else if (c->fields++ == TD_HEAD_FIELDS)
        give_up(c);
    else
        take_name(c, w);
}

static void take_field(td_condenser *c, walk *w)
{
    if (c->n_held) {
        take_name(c, w);
    } else if (*w->in == '\n') {
        end_head(c, w);
    } else if (*w->in == '\r') {
        c->held[c->n_held++] = *w->in++;
        c->state = CR;
    } else {
        take_first(c, w);
    }
}

static void take_behind_cr(td_condenser *c, walk *w)
{
    if (*w->in == '\n')
        end_head(c, w);
    else
        drop_odd(c);
}

/* ---- all of it ---- */

static void take_over(td_condenser *c, walk *w)
{
    for (; c->n_owed && w->in < w->end; c->n_owed--, w->in++)
        *w->out++ = '\n';
    w->in = w->end;
}

static void take_head(td_condenser *c, walk *w)
{
    while (w->in < w->end && c->state < OVER) {
        switch ((enum state)c->state) {
        case START:
            take_start(c, w);
            break;
        case LINE:
            take_line(c, w);
            break;
        case FIELD:
            take_field(c, w);
            break;
        case CR:
            take_behind_cr(c, w);
            break;
        case KEEP:
            take_kept(c, w);
            break;
        case DROP:
            take_dropped(c, w);
            break;
        case OVER:
        case BODY:
            break;
        }
    }
}

static void take_body(td_condenser *c, walk *w)
{
    c->beyond += (uint64_t)(w->end - w->in);
    pass(w, w->end);
}

/* As much of the bytes as a head may still have. */
static void take_within(td_condenser *c, walk *w)
{
    const char *const from = w->in, *const end = w->end;
    const size_t left = (c->most ? c->most : TD_HEAD_BYTES) - c->size;

    w->end = from + TD_MIN((size_t)(end - from), left);
    take_head(c, w);
    c->size += (uint32_t)(w->in - from);
    if (w->end < end && c->state < OVER) give_up(c);
    w->end = end;
}

size_t td_condense(td_condenser *c, char *buf, size_t n)
{
    walk w = { .in = buf + td_condense_room(c), .out = buf };

    w.end = w.in + n;
    if (c->state == KEEP && c->n_held) pass_held(c, &w);
    if (c->state < OVER) take_within(c, &w);
    if (c->state == OVER) take_over(c, &w);
    if (c->state == BODY) take_body(c, &w);

    const size_t out = (size_t)(w.out - buf);

    if (out > 1) c->tail[0] = buf[out - 2];
    if (out == 1) c->tail[0] = c->tail[1];
    if (out) c->tail[1] = buf[out - 1];
    return out;
}

void td_condense_fill(td_condenser *c, char *buf, size_t n)
{
    TD_ASSERT(n <= td_condense_room(c));
    memcpy(buf, c->held, n);
    c->n_held = (uint8_t)(c->n_held - n);
    memmove(c->held, c->held + n, c->n_held);
    if (c->state == CR) return;
    c->state = KEEP;
    c->is_dropped = false;
}

/* Where the fields go on whose beginning came behind a body. */
static enum state state_behind(const char tail[2])
{
    if (tail[1] == '\n') return FIELD;
    return tail[0] == '\n' && tail[1] == '\r' ? CR : KEEP;
}

/* A reader that waits for a first line has read all lines before, so that it has none of this one if it has read
 * all bytes, or if the last was a LF. In other cases the line may have begun: all passes until it is complete. */
void td_condense_from(td_condenser *c, td_head_part part)
{
    if (part == TD_AT_BODY)
        c->state = BODY;
    else if (c->state != BODY)
        return;
    else if (part == TD_AT_FIELDS)
        begin_head(c, state_behind(c->tail));
    else if (!c->beyond || c->tail[1] == '\n')
        begin_head(c, START);
}

/* Of a body in chunks only the size of the data is known: less is taken off then than was read, never more. */
void td_condense_end(td_condenser *c, size_t head, uint64_t body)
{
    const uint64_t n = c->is_whole ? body : head + body;

    c->beyond -= TD_MIN(n, c->beyond);
    c->is_whole = false;
}
