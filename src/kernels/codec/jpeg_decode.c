/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg_decode.c -- JPEG to pixels, bit for bit as TensorFlow has them: the same library, told the same.
 *
 * What a client can make a file cost is bounded: pixels by td_image_check(), the library's own memory, and the scans of a
 * progressive file, each of which goes over the whole image. */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "kernels/codec/codec.h"
#include "kernels/codec/jpeg_api.h"

#include <jerror.h>

enum { MOST_SCANS = 500 };
enum { MOST_MEMORY = 1 << 30 };

typedef struct job {
    struct jpeg_decompress_struct d;
    td_jpeg_errors errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    td_string file;
    const td_jpeg_how *how;
    const td_image_sink *sink;
    td_status status; /* of ours; the library's are jumps */
    uint8_t *pixels;
    JSAMPLE *line; /* as the library gives it, where that is not what is wanted */
    size_t height, stride, read;
    const JOCTET *again_from; /* what is read again, as nothing is behind it */
    int again;
} job;

/* ---------------------------------------------------------------- where the bytes come from */

static void begin_source(j_decompress_ptr d)
{
    const job *const j = d->client_data;

    d->src->next_input_byte = (const JOCTET *)j->file.data;
    d->src->bytes_in_buffer = j->file.size;
}

static const JOCTET end_of_image[] = { 0xff, JPEG_EOI };

static void fail_to_read(j_decompress_ptr d)
{
    d->err->msg_code = JERR_FILE_READ;
    d->err->error_exit((j_common_ptr)d);
}

/* The library wants more in the middle of something, and takes the same bytes for it again; more often than anything
 * is long, it looks for the end of what has none. */
static void read_again(j_decompress_ptr d)
{
    enum { MOST_AGAIN = 10000 };
    job *const j = d->client_data;

    if (d->src->next_input_byte != j->again_from) j->again = 0;
    j->again_from = d->src->next_input_byte;
    if (++j->again > MOST_AGAIN) fail_to_read(d);
}

/* Behind the last byte: an end that the file lacks, once, if that is allowed. */
static boolean refill(j_decompress_ptr d)
{
    const job *const j = d->client_data;

    if (d->src->bytes_in_buffer > 0) {
        if (j->how->recovers) read_again(d);
        return j->how->recovers ? TRUE : FALSE;
    }
    if (!j->how->recovers || d->src->next_input_byte == end_of_image ||
        d->src->next_input_byte == (const JOCTET *)j->file.data)
        fail_to_read(d);
    d->src->next_input_byte = end_of_image;
    d->src->bytes_in_buffer = sizeof end_of_image;
    return TRUE;
}

static void skip(j_decompress_ptr d, long n)
{
    if (n <= 0) return;
    if ((size_t)n > d->src->bytes_in_buffer) {
        d->src->bytes_in_buffer = 0;
        (void)refill(d);
        return;
    }
    d->src->next_input_byte += n;
    d->src->bytes_in_buffer -= (size_t)n;
}

static void end_source(j_decompress_ptr d)
{
    (void)d;
}

static void count_scans(j_common_ptr c)
{
    if (((j_decompress_ptr)(void *)c)->input_scan_number <= MOST_SCANS) return;
    c->err->msg_code = JERR_TOO_LITTLE_DATA;
    c->err->error_exit(c);
}

static void begin(job *j)
{
    td_jpeg.CreateDecompress(&j->d, JPEG_LIB_VERSION, sizeof j->d);
    j->source = (struct jpeg_source_mgr){
        .init_source = begin_source,
        .fill_input_buffer = refill,
        .skip_input_data = skip,
        .resync_to_restart = td_jpeg.resync_to_restart,
        .term_source = end_source,
    };
    j->progress.progress_monitor = count_scans;
    j->d.client_data = j;
    j->d.src = &j->source;
    j->d.progress = &j->progress;
    j->d.mem->max_memory_to_use = MOST_MEMORY;
    (void)td_jpeg.read_header(&j->d, TRUE);
}

/* ---------------------------------------------------------------- lines */

/* What the printer's four colors look like. */
static void cmyk_to_rgb(uint8_t *out, const JSAMPLE *in, size_t width, bool is_inverted)
{
    for (size_t x = 0; x < width; x++, in += 4)
        for (int i = 0; i < 3; i++)
            *out++ = (uint8_t)(is_inverted ? in[3] * in[i] / 255 : (255 - in[3]) * (255 - in[i]) / 255);
}

/* One line to `out`; false: there is none. */
static bool read_line(job *j, uint8_t *out, size_t width, size_t channels)
{
    const bool is_cmyk = j->d.out_color_space == JCS_CMYK;
    JSAMPLE *line = j->line ? j->line : out;

    if (td_jpeg.read_scanlines(&j->d, &line, 1) == 0) return false;
    /* blocks begin left of a window */
    const size_t before = (j->d.output_width - width) * (is_cmyk ? 4 : channels);

    if (is_cmyk)
        cmyk_to_rgb(out, line + before, width, j->d.saw_Adobe_marker);
    else if (j->line)
        memcpy(out, line + before, width * channels);
    return true;
}

/* Lines that are missing are copies of the last one, if they may be; else the caller decides. */
static void read_lines(job *j, size_t width, size_t channels)
{
    uint8_t *out = j->pixels;

    for (j->read = 0; j->read < j->height; j->read++, out += j->stride)
        if (!read_line(j, out, width, channels)) break;
    if (j->read == j->height || !j->how->recovers) return;
    for (; j->read < j->height; j->read++, out += j->stride)
        if (j->read == 0)
            memset(out, 0, j->stride);
        else
            memcpy(out, out - j->stride, j->stride);
}

/* ---------------------------------------------------------------- the image */

static void choose_output(job *j, size_t channels)
{
    struct jpeg_decompress_struct *const d = &j->d;
    const bool is_cmyk = d->jpeg_color_space == JCS_CMYK || d->jpeg_color_space == JCS_YCCK;

    d->out_color_space = channels == 1 ? JCS_GRAYSCALE : is_cmyk ? JCS_CMYK : JCS_RGB;
    d->do_fancy_upsampling = j->how->smooth ? TRUE : FALSE;
    d->scale_num = 1;
    d->scale_denom = (unsigned)j->how->shrink;
    d->dct_method = j->how->is_accurate ? JDCT_ISLOW : JDCT_IFAST;
    td_jpeg.calc_output_dimensions(d);
}

static td_status check_window(const job *j)
{
    const int32_t *const w = j->how->window;

    if (w[0] >= 0 && w[1] >= 0 && w[2] > 0 && w[3] > 0 &&
        (int64_t)w[0] + w[2] <= (int64_t)j->d.output_height &&
        (int64_t)w[1] + w[3] <= (int64_t)j->d.output_width)
        return NULL;
    return TD_ERR(INVALID_ARGUMENT,
                  "Invalid JPEG data or crop window: [%d, %d, %d, %d] of an image of %u x %u", w[0], w[1],
                  w[2], w[3], j->d.output_height, j->d.output_width);
}

/* To the first line of the window, and to the block where it begins. */
static void enter_window(job *j)
{
    JDIMENSION x = (JDIMENSION)j->how->window[1], width = (JDIMENSION)j->how->window[3];

    td_jpeg.crop_scanline(&j->d, &x, &width);
    (void)td_jpeg.skip_scanlines(&j->d, (JDIMENSION)j->how->window[0]);
}

static td_status make_room(job *j, const td_image_size *size)
{
    const bool is_cmyk = j->d.out_color_space == JCS_CMYK;
    void *pixels;

    if (is_cmyk || j->d.output_width != size->width) {
        const size_t bytes = (size_t)j->d.output_width * (is_cmyk ? 4 : size->channels);

        if (!(j->line = td_try_alloc(bytes, 16))) return TD_ERR(RESOURCE_EXHAUSTED, "out of memory");
    }
    TD_TRY(j->sink->make(j->sink->ctx, size, &pixels));
    j->pixels = pixels;
    j->height = size->height;
    j->stride = size->width * size->channels;
    return NULL;
}

static td_status start(job *j, td_image_size *size)
{
    *size = (td_image_size){ 1, j->d.output_height, j->d.output_width,
                             j->how->channels ? (size_t)j->how->channels
                                              : (size_t)TD_MIN(j->d.num_components, 3) };
    if (size->channels == 2) return TD_ERR(INVALID_ARGUMENT, "JPEG images of two colors are not known");
    choose_output(j, size->channels);
    size->height = j->d.output_height;
    size->width = j->d.output_width;
    TD_TRY(td_image_check("JPEG", size));
    if (j->how->crops) TD_TRY(check_window(j));
    (void)td_jpeg.start_decompress(&j->d);
    if (j->how->crops) {
        enter_window(j);
        size->height = (size_t)j->how->window[2];
        size->width = (size_t)j->how->window[3];
    }
    return make_room(j, size);
}

static void decode(void *ctx)
{
    job *const j = ctx;
    td_image_size size;

    begin(j);
    j->status = start(j, &size);
    if (!j->status) read_lines(j, size.width, size.channels);
}

/* Too few lines are an error; else those that are missing are black. */
static td_status finish(job *j)
{
    const float part = j->height ? (float)j->read / (float)j->height : 1.0f;

    if (part < TD_MIN(1.0f, j->how->least))
        return TD_ERR(INVALID_ARGUMENT, "Invalid JPEG data or crop window: %zu of %zu lines", j->read,
                      j->height);
    memset(j->pixels + j->read * j->stride, 0, (j->height - j->read) * j->stride);
    return NULL;
}

static td_status library_error(const job *j)
{
    return TD_ERR(INVALID_ARGUMENT, "Invalid JPEG data or crop window, size %zu: %s", j->file.size,
                  j->errors.text);
}

td_status td_jpeg_decode(td_string file, const td_jpeg_how *how, const td_image_sink *sink)
{
    job j = { .file = file, .how = how, .sink = sink };

    TD_TRY(td_jpeg_open());
    j.d.err = td_jpeg_errors_init(&j.errors);
    if (!td_jpeg_guard(&j.errors, decode, &j)) j.status = library_error(&j);
    td_jpeg.destroy((j_common_ptr)&j.d);
    td_free(j.line);
    return j.status ? j.status : finish(&j);
}

/* ---------------------------------------------------------------- only the size */

static void read_size(void *ctx)
{
    job *const j = ctx;

    begin(j);
    td_jpeg.calc_output_dimensions(&j->d);
}

td_status td_jpeg_size(td_string file, td_image_size *out)
{
    static const td_jpeg_how plain = { .shrink = 1 };
    job j = { .file = file, .how = &plain };

    TD_TRY(td_jpeg_open());
    j.d.err = td_jpeg_errors_init(&j.errors);
    if (td_jpeg_guard(&j.errors, read_size, &j))
        *out = (td_image_size){ 1, j.d.output_height, j.d.output_width, (size_t)j.d.output_components };
    else
        j.status = TD_ERR(INVALID_ARGUMENT, "Invalid JPEG data, size %zu: %s", file.size, j.errors.text);
    td_jpeg.destroy((j_common_ptr)&j.d);
    return j.status;
}
