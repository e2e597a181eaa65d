/* SPDX-License-Identifier: Apache-2.0 */
/* media.h -- what bodies and replies are written in.
 *
 * As in TensorFlow Serving, all is JSON unless the client says otherwise, and by a name of its own: */
#ifndef TD_NET_REST_MEDIA_H
#define TD_NET_REST_MEDIA_H

typedef enum td_rest_media {
    TD_REST_JSON,     /* and whatever else a Content-Type names */
    TD_REST_PROTOBUF, /* application/x-protobuf: the message that gRPC would carry */
    TD_REST_OCTETS,   /* application/octet-stream: the bytes of one tensor */
    TD_REST_NPY,      /* application/x-npy: numpy's file of one */
} td_rest_media;

td_rest_media td_rest_media_of(const char *content_type);
/* Of a client with that Accept: what it names and wants more than JSON. */
td_rest_media td_rest_media_wanted(const char *accept);
const char *td_rest_media_name(td_rest_media media);

#endif
