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
#define SPEC_LEN_MAX     (16 * KIB) /* encoded spec of a bucket or object: names, tags, metadata with room */

/* At most StorageParams.tags_max, keys 1..TAG_KEY_MAX bytes and each once, values to TAG_VALUE_MAX. CODE_TAGS. */
int fields_check_tags(Tag *const *tags, size_t count, const StorageParams *params, struct err *err);
/* CODE_METADATA when longer than max. */
int fields_check_text(const char *what, const char *text, size_t max, struct err *err);
/* CODE_TOO_LARGE: an encoded spec of an object. */
int fields_check_spec(ProtobufCBinaryData spec, struct err *err);
/* CODE_REASON: 1..REASON_MAX bytes. */
int fields_check_reason(const char *reason, struct err *err);
/* CODE_METADATA: at most StorageParams.metadata_bytes_max; a hash or nothing. */
int fields_check_metadata(ProtobufCBinaryData metadata, const StorageParams *params, struct err *err);
int fields_check_envelope(ProtobufCBinaryData digest, struct err *err);
/* CODE_VISIBILITY unless it is one that an object may have. */
int fields_check_object_visibility(int visibility, struct err *err);
/* CODE_PRICE: a limit of at most PaymentParams.price_max, and of a bucket's cap when it has one. */
int fields_check_price(uint64_t price, const BucketInfo *bucket, const Params *params, struct err *err);
/* The same, and of who is not the bucket's owner: in a bucket without a cap of its own, at most twice what its primary
 * asks now, since the owner pays. */
int fields_check_offer(struct ctx *ctx, uint64_t price, const BucketInfo *bucket, struct err *err);
/* A profile that new objects may have: well-formed, positions within StorageParams.positions_max, a kind that the
 * ledger can check (keyed replicas need their owner's keystream and come later). CODE_PROFILE. */
int fields_check_profile(const Profile *profile, const StorageParams *params, struct err *err);
/* Names, with the codes of this module. */
int fields_check_bucket_name(const char *name, struct err *err);
int fields_check_object_name(const char *name, struct err *err);
int fields_check_group_name(const char *name, struct err *err);

#endif
