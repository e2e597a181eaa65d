/* SPDX-License-Identifier: Apache-2.0 */
/* image.h -- the contract of TensorFlow Serving's image, kept by the binary when it is called by the name of that image's
 * entry point: an image needs no shell then. */
#ifndef TD_CLI_IMAGE_H
#define TD_CLI_IMAGE_H

#include <stdbool.h>

#define TD_IMAGE_ENTRY_POINT "tf_serving_entrypoint.sh"

/* Is that the name it was called by? With or without directories. */
bool td_image_is_entry_point(const char *name);

/* The command line of the server that argv asks for: the image's ports, the model that MODEL_NAME and MODEL_BASE_PATH
 * name, then argv's flags, which win. NULL: its first word is no flag and not `serve`, but a verb or a path. The array
 * and its new words live as long as the process, of which it is called once; argv[0] and the flags are argv's. */
char **td_image_command_line(int argc, char **argv, int *n);

#endif
