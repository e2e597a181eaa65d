/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg_encode.c -- pixels to JPEG; see codec.h. */
#include <string.h>

#include "base/macros.h"
#include "kernels/codec/codec.h"
#include "kernels/codec/jpeg_api.h"

#include <jerror.h>

typedef struct job {
    struct jpeg_compress_struct c;
    td_jpeg_errors errors;
    struct jpeg_destination_mgr to;
    const uint8_t *pixels;
    const td_image_size *size;
    const td_jpeg_quality *q;
    td_strbuf *out;
} job;

/* ---------------------------------------------------------------- where the bytes go */

enum { ROOM = 16384 };

/* All of the buffer's room is the library's, beyond size. */
static void give_room(j_compress_ptr c)
{
    job *const j = c->client_data;

    if (!td_strbuf_try_reserve(j->out, TD_MAX((size_t)ROOM, j->out->size))) {
        c->err->msg_code = JERR_OUT_OF_MEMORY;
        c->err->error_exit((j_common_ptr)c);
    }
    c->dest->next_output_byte = (JOCTET *)j->out->data + j->out->size;
    c->dest->free_in_buffer = TD_MAX((size_t)ROOM, j->out->size);
}

static boolean empty(j_compress_ptr c)
{
    job *const j = c->client_data;

    j->out->size += TD_MAX((size_t)ROOM, j->out->size);
    give_room(c);
    return TRUE;
}

static void end(j_compress_ptr c)
{
    job *const j = c->client_data;
    j->out->size = (size_t)((const char *)c->dest->next_output_byte - j->out->data);
}

/* ---------------------------------------------------------------- */

static void set_up(job *j)
{
    struct jpeg_compress_struct *const c = &j->c;
    const td_jpeg_quality *const q = j->q;

    c->image_width = (JDIMENSION)j->size->width;
    c->image_height = (JDIMENSION)j->size->height;
    c->input_components = (int)j->size->channels;
    c->in_color_space = j->size->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    td_jpeg.set_defaults(c);
    if (q->is_optimized) c->optimize_coding = TRUE;
    c->density_unit = q->density_unit;
    c->X_density = (UINT16)q->x_density;
    c->Y_density = (UINT16)q->y_density;
    td_jpeg.set_quality(c, q->quality, TRUE);
    if (q->is_progressive) td_jpeg.simple_progression(c);
    for (int i = 0; !q->fewer_colors && i < c->num_components; i++)
        c->comp_info[i].h_samp_factor = c->comp_info[i].v_samp_factor = 1;
}

/* In a marker of its own, behind its name and a NUL. */
static void write_metadata(job *j)
{
    static const char name[] = "http://ns.adobe.com/xap/1.0/";
    enum { MOST = 65533 };
    JOCTET marker[MOST];
    const td_string text = j->q->metadata;

    if (text.size > MOST - sizeof name) {
        j->c.err->msg_code = JERR_BAD_LENGTH;
        j->c.err->error_exit((j_common_ptr)&j->c);
    }
    memcpy(marker, name, sizeof name);
    memcpy(marker + sizeof name, text.data, text.size);
    td_jpeg.write_marker(&j->c, JPEG_APP0 + 1, marker, (unsigned)(sizeof name + text.size));
}

static void encode(void *ctx)
{
    job *const j = ctx;
    const size_t line = j->size->width * j->size->channels;

    td_jpeg.CreateCompress(&j->c, JPEG_LIB_VERSION, sizeof j->c);
    j->to = (struct jpeg_destination_mgr){
        .init_destination = give_room,
        .empty_output_buffer = empty,
        .term_destination = end,
    };
    j->c.client_data = j;
    j->c.dest = &j->to;
    set_up(j);
    td_jpeg.start_compress(&j->c, TRUE);
    if (j->q->metadata.size) write_metadata(j);
    while (j->c.next_scanline < j->c.image_height) {
        JSAMPLE *row = (JSAMPLE *)(uintptr_t)(j->pixels + j->c.next_scanline * line); /* only read */

        (void)td_jpeg.write_scanlines(&j->c, &row, 1);
    }
    td_jpeg.finish_compress(&j->c);
}

td_status td_jpeg_encode(const uint8_t *pixels, const td_image_size *size, const td_jpeg_quality *q,
                         td_strbuf *out)
{
    job j = { .pixels = pixels, .size = size, .q = q, .out = out };

    TD_TRY(td_jpeg_open());
    j.c.err = td_jpeg_errors_init(&j.errors);
    const bool is_ok = td_jpeg_guard(&j.errors, encode, &j);

    td_jpeg.destroy((j_common_ptr)&j.c);
    if (is_ok) return NULL;
    if (j.errors.manager.msg_code == JERR_OUT_OF_MEMORY) return TD_ERR(RESOURCE_EXHAUSTED, "out of memory");
    return TD_ERR(INTERNAL, "JPEG encoding failed: %s", j.errors.text);
}
