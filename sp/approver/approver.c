/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/approver/approver.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/os/clock.h"
#include "chain/os/random.h"
#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "chain/types/signed.h"
#include "client/lib/placement.h"
#include "sp/approver/judge.h"
#include "sp/spdb/notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

enum { APPROVAL_TTL_S = 600, OFFER_TTL_MS = 600000, EXPIRES_SOON_MS = 5000, BUCKET_PATH_MAX = 128 };

void approver_init(struct approver *a, struct ledger *ledger, struct authenticator *auth, struct signer *signer,
                   struct spdb *db, struct piecestore *pieces, const SpConfig *config,
                   const struct stage_limits *stages) {
    *a = (struct approver){.ledger = ledger,
                           .auth = auth,
                           .signer = signer,
                           .db = db,
                           .pieces = pieces,
                           .config = config,
                           .stages = *stages};
    mutex_init(&a->lock);
}

void approver_release(struct approver *a) {
    mutex_release(&a->lock);
}

/* --- the operator's policy ---------------------------------------------------------------------------------------- */

static bool listed(char *const *accounts, size_t count, const char *address) {
    for (size_t i = 0; i < count; i++)
        if (!strcasecmp(accounts[i], address))
            return true;
    return false;
}

int judge_account(const struct approver *a, const struct addr *account, struct err *err) {
    const SpPolicy *policy = a->config->policy;
    char address[ADDR_TEXT_MAX];
    if (!policy)
        return CODE_OK;
    addr_to_text(account, address);
    if (policy->maintenance)
        return err_set(err, CODE_NOT_READY, "this provider is in maintenance and takes nothing new");
    if (listed(policy->deny, policy->n_deny, address))
        return err_set(err, CODE_DENIED, "this provider does not serve %s (its deny list)", address);
    if (policy->n_allow && !listed(policy->allow, policy->n_allow, address))
        return err_set(err, CODE_DENIED, "this provider serves only accounts on its allow list");
    return CODE_OK;
}

int judge_space(const struct approver *a, uint64_t bytes, uint64_t *ret_free, struct err *err) {
    uint64_t room, total;
    uint64_t keep = a->config->policy ? a->config->policy->free_space_min_mib << 20 : 0;
    int rc = piecestore_space(a->pieces, &room, &total, err);
    if (rc)
        return rc;
    room = room > keep ? room - keep : 0;
    if (bytes > room)
        return err_set(err, CODE_DISK_FULL, "this provider has room for %llu bytes, %llu are needed",
                       (unsigned long long)room, (unsigned long long)bytes);
    if (ret_free)
        *ret_free = room;
    return CODE_OK;
}

static int judge_object(const struct approver *a, const CreateObjectSpec *spec, const Profile *profile,
                        struct err *err) {
    const SpPolicy *policy = a->config->policy;
    if (policy && policy->object_size_max && spec->payload_size > policy->object_size_max)
        return err_set(err, CODE_TOO_LARGE, "this provider takes objects of at most %llu bytes",
                       (unsigned long long)policy->object_size_max);
    for (size_t i = 0; policy && i < policy->n_content_types_deny; i++)
        if (!strcasecmp(policy->content_types_deny[i], spec->content_type))
            return err_set(err, CODE_DENIED, "this provider does not take content of type %s", spec->content_type);
    if (profile->kind == PROFILE_KIND_KEYED_REPLICA)
        return err_set(err, CODE_UNSUPPORTED, "keyed replicas are not served by this version");
    return judge_space(a, layout_position_bytes(profile, spec->payload_size, 0), NULL, err);
}

/* --- approvals ---------------------------------------------------------------------------------------------------- */

int judge_own(const struct approver *a, struct arena *arena, StorageProvider **ret, struct err *err) {
    int rc = placement_sp(a->ledger, a->signer->sp_id, arena, ret, err);
    if (!rc && (*ret)->status != SP_STATUS_IN_SERVICE)
        rc = err_set(err, CODE_NOT_READY, "this provider is not in service");
    return rc;
}

/* An approval for the same spec that is still good: not about to expire, its nonce not used on the ledger. */
static bool find_given(struct approver *a, const struct hash *spec_hash, uint64_t now, struct arena *arena,
                       ApprovalBody *body) {
    ApprovalRecord *record;
    Approval *approval;
    struct bytes used;
    struct key k;
    if (approval_get(a->db, spec_hash, arena, &record, NULL) || !record->approval ||
        record->timeout <= now + EXPIRES_SOON_MS ||
        approval_open(record->approval, ledger_chain_tag(a->ledger), arena, &approval, NULL))
        return false;
    if (ledger_record_raw(a->ledger, key_nonce(&k, a->signer->sp_id, approval->nonce), 0, arena, &used, NULL, NULL) !=
        CODE_NOT_FOUND)
        return false;
    body->approval = record->approval;
    body->decoded = approval;
    return true;
}

static int give(struct approver *a, const struct hash *spec_hash, uint64_t price, uint64_t now, struct arena *arena,
                ApprovalBody *body, struct err *err) {
    const struct hash *tag = ledger_chain_tag(a->ledger);
    uint64_t ttl = (a->config->approval_ttl_seconds ? a->config->approval_ttl_seconds : APPROVAL_TTL_S) * 1000;
    Approval *approval = ARENA_NEW(arena, Approval);
    ApprovalRecord record = APPROVAL_RECORD__INIT;
    if (!approval)
        return err_set(err, CODE_NO_MEMORY, "no memory for an approval");
    approval__init(approval);
    approval->chain_tag = (ProtobufCBinaryData){sizeof tag->b, (uint8_t *)(uintptr_t)tag->b};
    approval->sp_id = a->signer->sp_id;
    approval->spec_hash = (ProtobufCBinaryData){sizeof spec_hash->b, (uint8_t *)(uintptr_t)spec_hash->b};
    approval->price = price;
    approval->timeout = now + ttl;
    do
        random_bytes(&approval->nonce, sizeof approval->nonce);
    while (!approval->nonce);
    int rc = signer_approve(a->signer, approval, arena, &body->approval, err);
    if (rc)
        return rc;
    body->decoded = approval;
    record.spec_hash = approval->spec_hash;
    record.approval = body->approval;
    record.timeout = approval->timeout;
    return approval_put(a->db, spec_hash, &record, err); /* recorded before it leaves */
}

int judge_approve(struct approver *a, struct bytes spec, struct arena *arena, ApprovalBody **ret, struct err *err) {
    struct hash *spec_hash = ARENA_NEW(arena, struct hash);
    ApprovalBody *body = ARENA_NEW(arena, ApprovalBody);
    StorageProvider *own;
    uint64_t now;
    if (!spec_hash || !body)
        return err_set(err, CODE_NO_MEMORY, "no memory for an approval");
    approval_body__init(body);
    *spec_hash = signed_spec_hash(spec);
    int rc = ledger_time(a->ledger, &now, err);
    if (!rc)
        rc = judge_own(a, arena, &own, err);
    if (rc)
        return rc;
    mutex_lock(&a->lock);
    if (!find_given(a, spec_hash, now, arena, body))
        rc = give(a, spec_hash, own->store_price, now, arena, body, err);
    mutex_unlock(&a->lock);
    if (!rc)
        *ret = body;
    return rc;
}

int judge_creator(const struct approver *a, const struct caller *caller, ProtobufCBinaryData creator,
                  const struct acting *what, struct caller *ret, struct err *err) {
    int rc = authenticator_acts_for(a->auth, caller, pb_bytes(creator), what, err);
    if (rc)
        return rc;
    *ret = (struct caller){.anonymous = false};
    addr_from(pb_bytes(creator), &ret->address);
    return judge_account(a, &ret->address, err);
}

int approver_bucket(struct approver *a, const struct caller *caller, struct bytes spec, struct arena *arena,
                    ApprovalBody **ret, struct err *err) {
    CreateBucketSpec *s;
    struct caller creator;
    int rc = pb_decode(&create_bucket_spec__descriptor, spec, arena, &s, err);
    if (!rc) {
        struct acting what = {.message = "MsgCreateBucket", .bucket = s->bucket_name, .object = ""};
        rc = judge_creator(a, caller, s->creator, &what, &creator, err);
    }
    if (!rc)
        rc = name_check_bucket(s->bucket_name, err);
    if (!rc && s->primary_sp != a->signer->sp_id)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the bucket names provider %u as its primary, this is provider %u",
                     s->primary_sp, a->signer->sp_id);
    if (!rc && s->profile)
        rc = profile_check(s->profile, err);
    return rc ? rc : judge_approve(a, spec, arena, ret, err);
}

int judge_bucket(const struct approver *a, const char *name, struct arena *arena, BucketInfo **ret, struct err *err) {
    char path[BUCKET_PATH_MAX];
    int rc = name_check_bucket(name, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "/storage/bucket?bucket_name=%s", name); /* such a name needs no escapes */
    rc = ledger_query_pb(a->ledger, path, &bucket_info__descriptor, arena, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_BUCKET_NOT_FOUND, "there is no bucket named %s", name) : rc;
}

int approver_object(struct approver *a, const struct caller *caller, struct bytes spec, struct arena *arena,
                    ApprovalBody **ret, struct err *err) {
    CreateObjectSpec *s;
    BucketInfo *bucket;
    struct caller creator;
    int rc = pb_decode(&create_object_spec__descriptor, spec, arena, &s, err);
    if (!rc) {
        struct acting what = {"MsgCreateObject", s->bucket_name, s->object_name, s->payload_size};
        rc = judge_creator(a, caller, s->creator, &what, &creator, err);
    }
    if (!rc)
        rc = name_check_object(s->object_name, err);
    if (!rc)
        rc = judge_bucket(a, s->bucket_name, arena, &bucket, err);
    if (!rc && bucket->primary_sp != a->signer->sp_id)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the primary of bucket %s is provider %u, this is provider %u",
                     s->bucket_name, bucket->primary_sp, a->signer->sp_id);
    const Profile *profile = rc ? NULL : s->profile ? s->profile : bucket->profile;
    if (!rc && !profile)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "neither the object nor its bucket has a profile");
    if (!rc)
        rc = profile_check(profile, err);
    if (!rc)
        rc = authenticator_may(a->auth, &creator, ACTION_CREATE_OBJECT, s->bucket_name, s->object_name, s->payload_size,
                               err);
    if (!rc)
        rc = judge_object(a, s, profile, err);
    return rc ? rc : judge_approve(a, spec, arena, ret, err);
}

int judge_capacity(const StorageProvider *own, uint64_t bytes, struct err *err) {
    if (own->capacity && (own->stored_bytes > own->capacity || bytes > own->capacity - own->stored_bytes))
        return err_set(err, CODE_SP_CAPACITY, "this provider offers %" PRIu64 " bytes, of which %" PRIu64 " are taken",
                       own->capacity, own->stored_bytes);
    return CODE_OK;
}

/* --- secondaries -------------------------------------------------------------------------------------------------- */

/* Would this provider take a position of that object? */
static int judge_ask(const struct approver *a, const SecondaryAsk *ask, const StorageProvider *own, uint64_t *ret_free,
                     struct err *err) {
    struct addr creator;
    int rc =
        ask->profile ? profile_check(ask->profile, err) : err_set(err, CODE_MALFORMED, "the question has no profile");
    if (!rc && !addr_from(bytes_of(ask->creator.data, ask->creator.len), &creator))
        rc = err_set(err, CODE_MALFORMED, "the question names no creator");
    if (!rc)
        rc = judge_account(a, &creator, err);
    if (!rc && own->store_price > ask->max_price)
        rc = err_set(err, CODE_DENIED, "the price of this provider is above what is offered");
    if (rc)
        return rc;
    /* a column is at most what the position with most bytes keeps; position 0 may be the primary's whole copy */
    uint64_t bytes =
        layout_position_bytes(ask->profile, ask->payload_size, profile_positions(ask->profile) > 1 ? 1 : 0);
    rc = judge_capacity(own, bytes, err);
    return rc ? rc : judge_space(a, bytes, ret_free, err);
}

static int judge_asker(const struct approver *a, const SignedSecondaryAsk *in, const SecondaryAsk *ask,
                       struct arena *arena, struct err *err) {
    StorageProvider *asker;
    struct pubkey key;
    int rc = placement_sp(a->ledger, ask->from_sp, arena, &asker, err);
    if (!rc && !pubkey_from(bytes_of(asker->approval_key.data, asker->approval_key.len), &key))
        rc = err_set(err, CODE_CORRUPT, "provider %u has no approval key", ask->from_sp);
    return rc ? rc : ask_verify(in, &key, ledger_chain_tag(a->ledger), err);
}

int approver_secondary(struct approver *a, struct bytes question, struct arena *arena, SignedSecondaryApproval **ret,
                       struct err *err) {
    const struct hash *tag = ledger_chain_tag(a->ledger);
    SecondaryApproval offer = SECONDARY_APPROVAL__INIT;
    SignedSecondaryAsk *in;
    SecondaryAsk *ask;
    StorageProvider *own;
    struct err why;
    uint64_t now;
    err_clear(&why);
    int rc = pb_decode(&signed_secondary_ask__descriptor, question, arena, &in, err);
    if (!rc)
        rc = ask_open(in, tag, arena, &ask, err);
    if (!rc)
        rc = judge_asker(a, in, ask, arena, err);
    if (!rc)
        rc = ledger_time(a->ledger, &now, err);
    if (!rc)
        rc = judge_own(a, arena, &own, err);
    if (rc)
        return rc;
    struct hash id = ask_hash(bytes_of(in->ask.data, in->ask.len));
    offer.chain_tag = (ProtobufCBinaryData){sizeof tag->b, (uint8_t *)(uintptr_t)tag->b};
    offer.sp_id = a->signer->sp_id;
    offer.for_sp = ask->from_sp;
    offer.object_id = ask->object_id;
    offer.ask_hash = (ProtobufCBinaryData){sizeof id.b, id.b};
    offer.price = own->store_price;
    offer.timeout = now + OFFER_TTL_MS;
    offer.refused = judge_ask(a, ask, own, &offer.free_bytes, &why) != CODE_OK;
    offer.reason = offer.refused ? why.msg : (char *)(uintptr_t) "";
    return signer_offer(a->signer, &offer, arena, ret, err);
}
