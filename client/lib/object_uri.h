/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_OBJECT_URI_H
#define CAIRN_CLIENT_LIB_OBJECT_URI_H
/* How people name an object: cairn://bucket/key. */
#include "chain/base/bytes.h"

enum { OBJECT_URI_BUCKET_MAX = 64, OBJECT_URI_KEY_MAX = 1025 };

struct object_uri {
    char bucket[OBJECT_URI_BUCKET_MAX]; /* NUL-terminated; the names' own rules are judged elsewhere
                                           (chain/types/name.h) */
    char key[OBJECT_URI_KEY_MAX];       /* "" when only a bucket was named */
};

/* "cairn://bucket", "cairn://bucket/", "cairn://bucket/key"; the key is taken as it is, byte for byte.
 * CODE_INVALID_ARGUMENT for anything else; *ret is untouched then. */
int object_uri_parse(const char *text, struct object_uri *ret, struct err *err);

#endif
