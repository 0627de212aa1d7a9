/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_FIELDS_H
#define CAIRN_X_STORAGE_FIELDS_H
/* Rules for the fields that specs of buckets, objects and groups share. */
#include "x/base/ctx.h"

#include "cairn/storage.h"

#define TAG_KEY_MAX      128
#define TAG_VALUE_MAX    256
#define CONTENT_TYPE_MAX 128
#define ETAG_MAX         128
#define GROUP_EXTRA_MAX  512
#define REASON_MAX       256

/* At most StorageParams.tags_max, keys 1..TAG_KEY_MAX bytes and each once, values to TAG_VALUE_MAX. CODE_TAGS. */
int fields_check_tags(Tag *const *tags, size_t count, const StorageParams *params, struct err *err);
/* CODE_METADATA when longer than max. */
int fields_check_text(const char *what, const char *text, size_t max, struct err *err);
/* A profile that new objects may have: well-formed, positions within StorageParams.positions_max, a kind that the
 * ledger can check (keyed replicas need their owner's keystream and come later). CODE_PROFILE. */
int fields_check_profile(const Profile *profile, const StorageParams *params, struct err *err);
/* Names, with the codes of this module. */
int fields_check_bucket_name(const char *name, struct err *err);
int fields_check_object_name(const char *name, struct err *err);
int fields_check_group_name(const char *name, struct err *err);

#endif
