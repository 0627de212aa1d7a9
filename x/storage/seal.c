/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/seal.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "chain/types/signed.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/receipt.h"
#include "x/storage/renew.h"
#include "x/storage/replace.h"
#include "x/storage/slot.h"
#include "x/storage/term.h"

bool seal_is_primary(const struct ctx *ctx, const StorageProvider *sp) {
    struct pubkey key;
    if (!pubkey_from(bytes_of(sp->seal_key.data, sp->seal_key.len), &key))
        return false;
    struct addr account = addr_of_key(&key);
    return addr_eq(&account, &ctx->signer);
}

static int find_group(struct ctx *ctx, struct seal *s, struct err *err) {
    uint64_t id = s->group_id ? s->group_id : ctx->group_opened;
    if (id == 0)
        return err_set(err, CODE_PLACEMENT_GROUP,
                       "no placement group is named, and none was opened in this transaction");
    int rc = placement_get(ctx, id, &s->group, err);
    if (rc)
        return rc;
    const PlacementGroup *g = s->group;
    if (g->status != GROUP_STATUS_OPEN)
        return err_set(err, CODE_PLACEMENT_GROUP, "placement group %llu takes no new objects now",
                       (unsigned long long)id);
    if (!profile_eq(g->profile, s->object->profile))
        return err_set(err, CODE_PLACEMENT_GROUP, "placement group %llu has another profile than the object",
                       (unsigned long long)id);
    if (g->n_members == 0 || g->n_members != profile_positions(g->profile) || g->members[0] != s->object->primary_sp)
        return err_set(err, CODE_PLACEMENT_GROUP,
                       "the primary of placement group %llu is not provider %u, which approved the object",
                       (unsigned long long)id, s->object->primary_sp);
    return CODE_OK;
}

/* What the owner signed: at create, or in the statement that the seal carries. */
static int find_content(struct ctx *ctx, struct seal *s, struct err *err) {
    PayloadStatement *statement = NULL;
    s->size = s->object->payload_size;
    s->content_root = pb_bytes(s->object->content_root);
    if (s->content_root.len) {
        if (s->statement)
            return err_set(err, CODE_STATEMENT,
                           "the creator signed the content root at create; no statement is needed");
        return CODE_OK;
    }
    int rc = statement_check(ctx, s->statement, s->object, s->upload_id, &statement, err);
    if (rc)
        return rc;
    if (s->object->stream ? statement->size == 0 || statement->size > s->size : statement->size != s->size)
        return err_set(
            err, CODE_OBJECT_SIZE, "the creator's statement is about %llu bytes, the object was created for %s%llu",
            (unsigned long long)statement->size, s->object->stream ? "up to " : "", (unsigned long long)s->size);
    s->size = statement->size;
    s->content_root = pb_bytes(statement->content_root);
    return CODE_OK;
}

/* What has no receipt yet is named all the same: whole segments are what the owner signed, columns are in the seal. */
static int name_the_rest(struct ctx *ctx, struct seal *s, struct err *err) {
    ObjectInfo *o = s->object;
    size_t named = 0;
    if (!profile_readable(o->profile, s->fresh))
        return err_set(err, CODE_SEAL_PARTIAL, "the object could not be read with the receipts of positions %s alone",
                       seal_positions_text(ctx, s->fresh));
    for (uint32_t i = 0; i < o->n_checksums; i++) {
        if (s->fresh >> i & 1)
            continue;
        if (profile_is_whole(o->profile, i)) {
            o->checksums[i] = ctx_data(ctx, s->content_root);
        } else if (named == s->n_checksums || s->checksums[named].len != sizeof(struct hash)) {
            return err_set(err, CODE_SEAL_PARTIAL,
                           "position %u has no receipt, and the seal does not name its checksum", i);
        } else {
            o->checksums[i] = s->checksums[named++];
        }
    }
    if (named != s->n_checksums)
        return err_set(err, CODE_SEAL_PARTIAL, "the seal names %zu checksums; %zu columns have no receipt",
                       s->n_checksums, named);
    return CODE_OK;
}

static bool has_columns(const Profile *profile) {
    for (uint32_t i = 0; i < profile_positions(profile); i++)
        if (!profile_is_whole(profile, i))
            return true;
    return false;
}

/* Who answers for the columns: the client that coded them and sends the seal itself, or the primary. */
static int check_coder(struct ctx *ctx, struct seal *s, struct err *err) {
    struct addr creator = object_creator(s->object);
    if (!has_columns(s->object->profile) || s->coded_by_sp) {
        if (s->layout_root.len)
            return err_set(err, CODE_LAYOUT_ROOT, "a layout root is for columns that the client coded");
        if (s->coded_by_sp && !has_columns(s->object->profile))
            return err_set(err, CODE_LAYOUT_ROOT, "this profile has no columns that anyone could have coded");
        return CODE_OK;
    }
    struct hash content, checksums[OBJECT_POSITIONS_MAX];
    hash_from(s->content_root, &content);
    for (size_t i = 0; i < s->object->n_checksums; i++)
        hash_from(pb_bytes(s->object->checksums[i]), &checksums[i]);
    struct hash want = signed_layout_root(&content, checksums, s->object->n_checksums);
    if (!addr_eq(&ctx->signer, &creator))
        return err_set(err, CODE_LAYOUT_ROOT,
                       "the layout root must be signed by the creator; a provider seals what it coded itself");
    if (!bytes_eq(pb_bytes(s->layout_root), hash_bytes(&want)))
        return err_set(err, CODE_LAYOUT_ROOT, "the layout root is not the one over content root and checksums");
    return CODE_OK;
}

/* A version that was made with its end given (a renewal that makes copies) keeps it; others live for their term from
 * now on. */
static int set_end(struct ctx *ctx, ObjectInfo *o, struct err *err) {
    uint64_t fixed = o->expires_at;
    if (!fixed) {
        term_set(ctx, o, o->term);
    } else {
        if (fixed <= ctx->time)
            return err_set(err, CODE_TERM, "the term of object %.200s was over at ledger time %llu", o->object_name,
                           (unsigned long long)fixed);
        o->ends_at = fixed + ctx->params->storage->grace_ms;
    }
    renew_schedule(ctx, o);
    return CODE_OK;
}

static void mark_sealed(struct ctx *ctx, struct seal *s) {
    ObjectInfo *o = s->object;
    uint8_t bits[OBJECT_POSITIONS_MAX / 8];
    store_le64(bits, s->fresh);
    o->sealed_positions = ctx_data(ctx, bytes_of(bits, (o->n_checksums + 7) / 8));
    o->object_status = OBJECT_STATUS_SEALED;
    o->payload_size = s->size;
    o->content_root = ctx_data(ctx, s->content_root);
    o->coded_by_sp = s->coded_by_sp;
    o->layout_root = s->layout_root;
    o->sealed_at = o->updated_at = ctx->height;
    o->sealed_time = ctx->time;
    o->locked_balance = 0;
    o->copy_of_id = o->copy_of_version = 0;
    o->stream = false;
}

static void emit(struct ctx *ctx, const struct seal *s, const char *sps) {
    ctx_event(ctx, "storage.object_sealed", "bucket", s->bucket->bucket_name, "object", s->object->object_name,
              "bucket_id", ctx_u64_text(ctx, s->bucket->id), "object_id", ctx_u64_text(ctx, s->object->id), "version",
              ctx_u64_text(ctx, s->object->version), "size", ctx_u64_text(ctx, s->object->payload_size), "group",
              ctx_u64_text(ctx, s->group->id), "slot", ctx_u64_text(ctx, s->object->slot), "primary_sp",
              ctx_u64_text(ctx, s->object->primary_sp), "sps", sps, "sealed", seal_positions_text(ctx, s->fresh),
              "upload_id", ctx_hex_text(ctx, s->upload_id), NULL);
}

/* What waited for its seal is unlocked and leaves the queue of what is not sealed; what it replaces makes room. */
static int leave(struct ctx *ctx, struct seal *s, struct err *err) {
    struct key k;
    struct addr payer = object_payer(s->object);
    int rc = payment_unlock(ctx, &payer, s->object->locked_balance, err);
    if (rc == CODE_OK && s->old)
        return replacement_take_over(ctx, s->bucket, s->old, s->object, err);
    if (rc == CODE_OK && !s->one_step)
        rc = record_del(ctx, key_unsealed(&k, s->object->create_deadline, s->object->id), err);
    return rc;
}

/* Slot entered, flow started or term paid; queues, record, index. */
static int enter(struct ctx *ctx, struct seal *s, struct err *err) {
    bool fresh = s->one_step && !s->old;
    int rc = placement_get(ctx, s->group->id, &s->group, err); /* what was replaced may have left the same one */
    if (rc == CODE_OK)
        rc = slot_add_object(ctx, s->bucket, s->group, s->object, err);
    s->bucket->stored_bytes += s->object->payload_size;
    s->bucket->objects += fresh;
    if (rc == CODE_OK && fresh) /* queues too */
        rc = object_insert(ctx, s->object, err);
    else if (rc == CODE_OK)
        rc = object_enqueue(ctx, s->object, err);
    if (rc == CODE_OK && !fresh)
        rc = object_put(ctx, s->object, err);
    return rc ? rc : bucket_put(ctx, s->bucket, err);
}

int seal_object(struct ctx *ctx, struct seal *s, struct err *err) {
    char *sps = NULL;
    int rc = find_group(ctx, s, err);
    if (rc == CODE_OK)
        rc = find_content(ctx, s, err);
    if (rc == CODE_OK)
        rc = seal_take_receipts(ctx, s, err);
    if (rc == CODE_OK)
        rc = name_the_rest(ctx, s, err);
    if (rc == CODE_OK)
        rc = check_coder(ctx, s, err);
    if (rc == CODE_OK)
        rc = leave(ctx, s, err);
    if (rc)
        return rc;
    mark_sealed(ctx, s);
    rc = set_end(ctx, s->object, err);
    if (rc == CODE_OK)
        rc = enter(ctx, s, err);
    if (rc == CODE_OK)
        rc = slot_sps_text(ctx, s->object, &sps, err);
    if (rc == CODE_OK)
        emit(ctx, s, sps);
    return rc;
}

int seal_check_parts(size_t receipts, ProtobufCBinaryData upload_id, ProtobufCBinaryData layout_root, struct err *err) {
    if (receipts == 0 || receipts > OBJECT_POSITIONS_MAX)
        return err_set(err, CODE_RECEIPT_MISSING, "a seal carries a receipt of each position that is sealed, 1 to %d",
                       OBJECT_POSITIONS_MAX);
    if (upload_id.len != UPLOAD_ID_LEN)
        return err_set(err, CODE_INVALID_ARGUMENT, "an upload id has %d bytes, not %zu", UPLOAD_ID_LEN, upload_id.len);
    if (layout_root.len && layout_root.len != sizeof(struct hash))
        return err_set(err, CODE_LAYOUT_ROOT, "the layout root is a hash of 32 bytes or absent");
    return CODE_OK;
}
