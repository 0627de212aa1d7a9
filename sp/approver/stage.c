/* SPDX-License-Identifier: Apache-2.0 */
/* Staging: may the client of an object that it codes itself leave a position of it here? */
#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "chain/types/signed.h"
#include "sp/approver/judge.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>

enum { STAGE_OFFER_MS = 600000, UPLOAD_ID_BYTES = 16 };

int approver_stage_hash(const SecondaryAsk *ask, uint64_t price, const struct hash *tag, struct arena *arena,
                        struct hash *ret, struct err *err) {
    SecondaryAsk whole = *ask;
    struct bytes encoded;
    whole.chain_tag = pb_data(hash_bytes(tag));
    whole.from_sp = 0;
    whole.object_id = 0;
    whole.max_price = price;
    int rc = pb_encode(&whole, arena, &encoded, err);
    if (!rc)
        *ret = ask_hash(encoded);
    return rc;
}

static int check_shape(const SecondaryAsk *ask, struct err *err) {
    int rc = ask->profile ? profile_check(ask->profile, err)
                          : err_set(err, CODE_INVALID_ARGUMENT, "the question names no profile");
    if (!rc && ask->profile->kind == PROFILE_KIND_KEYED_REPLICA)
        rc = err_set(err, CODE_UNSUPPORTED, "keyed replicas are not served by this version");
    if (!rc && ask->position >= profile_positions(ask->profile))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "position %u is not one of the profile's %u", ask->position,
                     profile_positions(ask->profile));
    if (!rc && (ask->payload_size == 0 || ask->payload_size > PAYLOAD_LEN_MAX))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "an object of %" PRIu64 " bytes has no pieces to stage",
                     ask->payload_size);
    if (!rc && ask->nonce.len != UPLOAD_ID_BYTES)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the question's nonce is the upload's id, of %d bytes",
                     UPLOAD_ID_BYTES);
    if (!rc)
        rc = name_check_object(ask->object_name, err);
    return rc;
}

/* Whose it is, where, and at what price. */
static int judge_ask(struct approver *a, const struct caller *caller, const SecondaryAsk *ask,
                     const StorageProvider *own, struct arena *arena, struct err *err) {
    struct acting what = {"MsgStoreObject", ask->bucket_name, ask->object_name, ask->payload_size};
    struct caller creator;
    BucketInfo *bucket;
    int rc = judge_creator(a, caller, ask->creator, &what, &creator, err);
    if (!rc)
        rc = judge_bucket(a, ask->bucket_name, arena, &bucket, err);
    if (!rc && bucket->id != ask->bucket_id)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "bucket %s has the id %" PRIu64 ", not %" PRIu64, ask->bucket_name,
                     bucket->id, ask->bucket_id);
    if (!rc && ask->position == 0 && bucket->primary_sp != own->id)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the primary of bucket %s is provider %u, this is provider %u",
                     ask->bucket_name, bucket->primary_sp, own->id);
    if (!rc)
        rc = authenticator_may(a->auth, &creator, ACTION_CREATE_OBJECT, ask->bucket_name, ask->object_name,
                               ask->payload_size, err);
    if (!rc && own->store_price > ask->max_price)
        rc = err_set(err, CODE_PRICE, "this provider asks %" PRIu64 ", above the limit of %" PRIu64, own->store_price,
                     ask->max_price);
    return rc;
}

/* Is there room for it? One that is open already takes no more. */
static int judge_room(struct approver *a, const SecondaryAsk *ask, const StorageProvider *own, uint64_t *ret_free,
                      struct arena *arena, struct err *err) {
    const SpPolicy *policy = a->config->policy;
    uint64_t bytes = layout_position_bytes(ask->profile, ask->payload_size, ask->position);
    struct stage_usage usage;
    HeldPosition *held;
    if (policy && policy->object_size_max && ask->payload_size > policy->object_size_max)
        return err_set(err, CODE_TOO_LARGE, "this provider takes objects of at most %" PRIu64 " bytes",
                       policy->object_size_max);
    int rc = judge_capacity(own, bytes, err);
    if (!rc)
        rc = judge_space(a, bytes, ret_free, err);
    if (rc || !held_get(a->db, stage_id(ask->bucket_id, pb_bytes(ask->nonce), ask->object_name), ask->version,
                        ask->position, arena, &held, NULL))
        return rc;
    rc = stage_usage(a->db, pb_bytes(ask->creator), &usage, err);
    return rc ? rc : stage_check(&usage, bytes, &a->stages, err);
}

int approver_stage(struct approver *a, const struct caller *caller, const SecondaryAsk *ask, struct arena *arena,
                   SignedSecondaryApproval **ret, struct err *err) {
    const struct hash *tag = ledger_chain_tag(a->ledger);
    SecondaryApproval offer = SECONDARY_APPROVAL__INIT;
    StorageProvider *own = NULL;
    struct hash id;
    uint64_t now;
    int rc = check_shape(ask, err);
    if (!rc)
        rc = ledger_time(a->ledger, &now, err);
    if (!rc)
        rc = judge_own(a, arena, &own, err);
    if (!rc)
        rc = judge_ask(a, caller, ask, own, arena, err);
    if (!rc)
        rc = judge_room(a, ask, own, &offer.free_bytes, arena, err);
    if (!rc)
        rc = approver_stage_hash(ask, own->store_price, tag, arena, &id, err);
    if (rc)
        return rc;
    offer.chain_tag = pb_data(hash_bytes(tag));
    offer.sp_id = a->signer->sp_id;
    offer.ask_hash = pb_data(hash_bytes(&id));
    offer.price = own->store_price;
    offer.timeout = now + STAGE_OFFER_MS;
    offer.reason = (char *)(uintptr_t) "";
    return signer_offer(a->signer, &offer, arena, ret, err);
}

int approver_placement(struct approver *a, const struct caller *caller, const SecondaryAsk *ask, struct arena *arena,
                       struct err *err) {
    StorageProvider *own = NULL;
    int rc = check_shape(ask, err);
    if (!rc && ask->position != 0)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "who keeps an object is asked of its primary, for position 0");
    if (!rc)
        rc = judge_own(a, arena, &own, err);
    return rc ? rc : judge_ask(a, caller, ask, own, arena, err);
}
