/* SPDX-License-Identifier: Apache-2.0 */
/* condense.h -- heads of requests without the fields that nobody reads.
 *
 * libmicrohttpd keeps a head in memory that it clears after each request, so room for long heads would be paid
 * by short ones. Almost all of a long head is of no use here: cookies, tokens, what proxies add. It is taken out
 * of the bytes between the socket and libmicrohttpd, as they come:
 *
 *   POST /v1/models/m:predict HTTP/1.1    passes
 *   Cookie: ...                           dropped, with folded lines that follow
 *   Content-Length: 20                    passes, as the few do that libmicrohttpd or head.c reads (condense.c)
 *                                         passes
 *   {"instances": ...                     passes, as all that follows
 *
 * A line ends where libmicrohttpd ends it: at LF, whether CR is before it or not. Whatever the pieces in which
 * bytes come, those that pass are the same. No memory is taken for what is dropped; of a name that is not
 * complete yet the first bytes are held back.
 *
 * The limits count what the client has sent. What is beyond them is dropped, and the head ended for it, so that
 * libmicrohttpd asks for the reply; the verdict says what that is to be.
 */
#ifndef TD_NET_REST_CONDENSE_H
#define TD_NET_REST_CONDENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TD_HEAD_BYTES = 64 << 10, /* of a head, from its first line to the empty one, if nothing else is said */
    TD_HEAD_FIELDS = 1000,
    TD_HEAD_NAME = 17, /* the longest name of a field that passes */
};

typedef enum td_head_verdict {
    TD_HEAD_FINE,
    TD_HEAD_ODD, /* a name is malformed */
    TD_HEAD_LARGE,
} td_head_verdict;

/* What the reader of the bytes that pass waits for. */
typedef enum td_head_part {
    TD_AT_LINE,   /* a request's first line */
    TD_AT_FIELDS, /* it has that line */
    TD_AT_BODY,   /* or nothing */
} td_head_part;

/* One connection's. Zeros are its beginning; one thread at a time. */
typedef struct td_condenser {
    uint8_t state;   /* condense.c */
    uint8_t verdict; /* on the head that is read now, or was read last */
    bool is_dropped; /* the last field, and with it the lines that fold it */
    bool is_whole;   /* the last head was seen here up to its end */
    bool has_tokens; /* Authorization is read, and passes; set at the beginning */
    uint8_t n_owed;  /* LFs that end a head that is too large */
    uint8_t n_held;  /* TD_HEAD_NAME + 1: so long a name is none of ours, and is not held */
    char held[TD_HEAD_NAME + 1];
    char tail[2]; /* the last bytes that passed */
    uint16_t fields;
    uint32_t most;       /* bytes of a head, the user's to set at first; 0: TD_HEAD_BYTES */
    uint32_t size, kept; /* of the head; what passed of its fields */
    uint64_t beyond;     /* bytes that passed behind the last head, and are not known to have been read */
} td_condenser;

/* Before bytes are read: from which of them on a head is to be looked for. */
void td_condense_from(td_condenser *c, td_head_part part);

/* A request has ended whose head had `head` bytes when it was read, and its body that many if it had a
 * Content-Length, else 0. */
void td_condense_end(td_condenser *c, size_t head, uint64_t body);

/* The next n bytes lie at buf + td_condense_room(c). Returns how many pass, which then lie at buf: at most
 * room + n. */
size_t td_condense(td_condenser *c, char *buf, size_t n);

/* Bytes that may come to stand before the next ones. */
static inline size_t td_condense_room(const td_condenser *c)
{
    return c->n_held <= TD_HEAD_NAME ? c->n_held : 0;
}

/* The head was too large and has its end: nothing else will pass. */
static inline bool td_condense_is_over(const td_condenser *c)
{
    return c->verdict == TD_HEAD_LARGE && !c->n_owed;
}

/* Fills buf with n <= room of the bytes that are held back, whose field passes in any case then. */
void td_condense_fill(td_condenser *c, char *buf, size_t n);

#endif
