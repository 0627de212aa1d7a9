/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/fields.h"

#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"

int fields_check_tags(Tag *const *tags, size_t count, const StorageParams *params, struct err *err) {
    if (count > params->tags_max)
        return err_set(err, CODE_TAGS, "%zu tags; at most %llu are allowed", count,
                       (unsigned long long)params->tags_max);
    for (size_t i = 0; i < count; i++) {
        size_t key_len = strlen(tags[i]->key);
        if (key_len == 0 || key_len > TAG_KEY_MAX || strlen(tags[i]->value) > TAG_VALUE_MAX)
            return err_set(err, CODE_TAGS, "tag %zu: a key has 1 to %d bytes, a value at most %d", i, TAG_KEY_MAX,
                           TAG_VALUE_MAX);
        for (size_t j = 0; j < i; j++)
            if (strcmp(tags[i]->key, tags[j]->key) == 0)
                return err_set(err, CODE_TAGS, "tag %s is given twice", tags[i]->key);
    }
    return CODE_OK;
}

int fields_check_text(const char *what, const char *text, size_t max, struct err *err) {
    size_t len = strlen(text);
    if (len > max)
        return err_set(err, CODE_METADATA, "the %s has %zu bytes; at most %zu are allowed", what, len, max);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return err_set(err, CODE_METADATA, "the %s has a control character at byte %zu", what, i);
    return CODE_OK;
}

int fields_check_spec(ProtobufCBinaryData spec, struct err *err) {
    return spec.len == 0 || spec.len > SPEC_LEN_MAX
               ? err_set(err, CODE_TOO_LARGE, "an object's spec has 1 to %zu bytes, not %zu", SPEC_LEN_MAX, spec.len)
               : CODE_OK;
}

int fields_check_reason(const char *reason, struct err *err) {
    size_t len = strlen(reason);
    if (len == 0 || len > REASON_MAX)
        return err_set(err, CODE_REASON, "a reason of 1 to %d bytes is needed, not %zu", REASON_MAX, len);
    return CODE_OK;
}

int fields_check_metadata(ProtobufCBinaryData metadata, const StorageParams *params, struct err *err) {
    if (metadata.len > params->metadata_bytes_max)
        return err_set(err, CODE_METADATA, "the metadata has %zu bytes; at most %llu are allowed", metadata.len,
                       (unsigned long long)params->metadata_bytes_max);
    return CODE_OK;
}

int fields_check_envelope(ProtobufCBinaryData digest, struct err *err) {
    return digest.len && digest.len != sizeof(struct hash)
               ? err_set(err, CODE_METADATA, "the envelope digest is a hash of 32 bytes or absent")
               : CODE_OK;
}

int fields_check_object_visibility(int visibility, struct err *err) {
    return visibility == VISIBILITY_PRIVATE || visibility == VISIBILITY_PUBLIC_READ || visibility == VISIBILITY_INHERIT
               ? CODE_OK
               : err_set(err, CODE_VISIBILITY,
                         "an object is private, public-read, or inherits its bucket's visibility");
}

int fields_check_price(uint64_t price, const BucketInfo *bucket, const Params *params, struct err *err) {
    if (price > params->payment->price_max)
        return err_set(err, CODE_PRICE, "the price limit of %llu is above the largest price of %llu",
                       (unsigned long long)price, (unsigned long long)params->payment->price_max);
    if (bucket->price_cap && price > bucket->price_cap)
        return err_set(err, CODE_PRICE, "the price limit of %llu is above the %llu that bucket %s allows",
                       (unsigned long long)price, (unsigned long long)bucket->price_cap, bucket->bucket_name);
    return CODE_OK;
}

int fields_check_offer(struct ctx *ctx, uint64_t price, const BucketInfo *bucket, struct err *err) {
    struct addr owner = bucket_owner(bucket);
    StorageProvider *sp;
    int rc = fields_check_price(price, bucket, ctx->params, err);
    if (rc || bucket->price_cap || addr_eq(&owner, &ctx->signer))
        return rc;
    rc = sp_get(ctx, bucket->primary_sp, &sp, err);
    if (rc)
        return rc;
    uint64_t most = u64_min(sp->store_price, UINT64_MAX / 2) * 2;
    return price <= most ? CODE_OK
                         : err_set(err, CODE_PRICE,
                                   "bucket %s is somebody else's and has no price cap: a price of at most %llu may be "
                                   "agreed to in it, twice what its primary asks",
                                   bucket->bucket_name, (unsigned long long)most);
}

/* Gives what a shared check found this module's code. */
static int recode(int rc, int code, struct err *err) {
    if (rc == CODE_INVALID_ARGUMENT) {
        if (err)
            err->code = code;
        return code;
    }
    return rc;
}

int fields_check_profile(const Profile *profile, const StorageParams *params, struct err *err) {
    int rc = recode(profile_check(profile, err), CODE_PROFILE, err);
    if (rc)
        return rc;
    if (profile->kind == PROFILE_KIND_KEYED_REPLICA)
        return err_set(err, CODE_PROFILE, "keyed replicas are not supported yet");
    if (profile_positions(profile) > params->positions_max)
        return err_set(err, CODE_PROFILE, "the profile has %u positions; at most %llu are allowed",
                       profile_positions(profile), (unsigned long long)params->positions_max);
    return CODE_OK;
}

int fields_check_bucket_name(const char *name, struct err *err) {
    return recode(name_check_bucket(name, err), CODE_BUCKET_NAME, err);
}

int fields_check_object_name(const char *name, struct err *err) {
    return recode(name_check_object(name, err), CODE_OBJECT_NAME, err);
}

int fields_check_group_name(const char *name, struct err *err) {
    return recode(name_check_group(name, err), CODE_GROUP_NAME, err);
}
