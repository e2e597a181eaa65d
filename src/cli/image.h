/* SPDX-License-Identifier: Apache-2.0 */
/* image.h -- the contract of TensorFlow Serving's image, kept by the binary when it is called by the name of that image's
 * entry point: an image needs no shell then. */
#ifndef TD_CLI_IMAGE_H
#define TD_CLI_IMAGE_H

#include <stdbool.h>

#define TD_IMAGE_ENTRY_POINT "tf_serving_entrypoint.sh"

/* Is that the name it was called by? With or without directories. */
bool td_image_is_entry_point(const char *name);

/* A command line; argv[1] to argv[own] are its own, the others whoever's it was made of. */
typedef struct td_image_words {
    int argc, own;
    char **argv;
} td_image_words;

/* The command line of the server that argv asks for: the image's ports, the model that MODEL_NAME and MODEL_BASE_PATH
 * name, then argv's flags, which win. td_image_words_fini() it. False: argv's first word is no flag and not `serve`, but
 * a verb or a path. */
bool td_image_words_make(int argc, char **argv, td_image_words *out);
void td_image_words_fini(td_image_words *w); /* all zeros are fine */

#endif
