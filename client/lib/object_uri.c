/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/object_uri.h"

#define OBJECT_URI_SCHEME "cairn://"

int object_uri_parse(const char *text, struct object_uri *ret, struct err *err) {
    size_t scheme = sizeof OBJECT_URI_SCHEME - 1;
    if (strncmp(text, OBJECT_URI_SCHEME, scheme))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not an address: write cairn://bucket/key", text);
    const char *bucket = text + scheme;
    size_t bucket_len = strcspn(bucket, "/");
    const char *key = bucket[bucket_len] ? bucket + bucket_len + 1 : "";
    if (bucket_len < 1 || bucket_len >= sizeof ret->bucket)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" does not name a bucket: write cairn://bucket/key", text);
    if (strlen(key) >= sizeof ret->key)
        return err_set(err, CODE_INVALID_ARGUMENT, "the object's name is longer than %d bytes", OBJECT_URI_KEY_MAX - 1);
    memset(ret, 0, sizeof *ret);
    memcpy(ret->bucket, bucket, bucket_len);
    memcpy(ret->key, key, strlen(key));
    return CODE_OK;
}
