/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts from every position, and the transaction that seals. */
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "chain/types/signed.h"
#include "client/lib/placement.h"
#include "sp/executor/replication.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECEIPT_LIFE_MS = 300000, PATH_LEN = 160 };

/* --- what a receipt must say -------------------------------------------------------------------------------------- */

/* The checksum of a position, from the roots that were written down as its segments were cut. */
static int checksum_at(struct provider *p, const struct replication *r, uint32_t position, struct hash *ret,
                       struct err *err) {
    struct hash *roots = calloc((size_t)r->segments, sizeof *roots);
    struct segment_roots *of = malloc(sizeof *of);
    int rc = roots && of ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for piece roots");
    for (uint64_t s = 0; !rc && s < r->segments; s++) {
        rc = segment_get(p->db, r->object->id, r->object->version, s, of, err);
        if (!rc && position >= of->positions)
            rc = err_set(err, CODE_CORRUPT, "the roots of segment %" PRIu64 " are not complete", s);
        if (!rc)
            roots[s] = of->piece[position];
    }
    if (!rc)
        *ret = checksum_of(roots, (size_t)r->segments);
    free(of);
    free(roots);
    return rc;
}

static void fill_receipt(const struct provider *p, struct replication *r, uint32_t position, uint64_t valid_until,
                         struct hash *checksum, Receipt *ret) {
    const ObjectInfo *o = r->object;
    const struct hash *tag = ledger_chain_tag(p->ledger);
    receipt__init(ret);
    ret->chain_tag = (ProtobufCBinaryData){sizeof tag->b, (uint8_t *)(uintptr_t)tag->b};
    ret->creator = o->creator;
    ret->bucket_id = o->bucket_id;
    ret->object_name = o->object_name;
    ret->version = o->version;
    ret->upload_id = (ProtobufCBinaryData){sizeof r->upload_id, r->upload_id};
    ret->size = o->payload_size;
    ret->profile = o->profile;
    ret->position = position;
    ret->sp_id = r->picks[position].who.sp_id;
    ret->checksum = (ProtobufCBinaryData){sizeof checksum->b, checksum->b};
    ret->price = r->picks[position].who.price;
    ret->valid_until = valid_until;
    ret->object_id = o->id;
}

/* --- our own ------------------------------------------------------------------------------------------------------ */

/* What we ask: our price now, but never more than we approved. */
static int own_price(struct provider *p, const ObjectInfo *o, struct arena *arena, uint64_t *ret, struct err *err) {
    StorageProvider *own;
    int rc = placement_sp(p->ledger, p->sp_id, arena, &own, err);
    if (rc)
        return rc;
    *ret = own->store_price;
    if (o->n_prices && o->prices[0] && o->prices[0] < *ret)
        *ret = o->prices[0];
    if (o->max_price < *ret)
        *ret = o->max_price;
    return CODE_OK;
}

static int own_receipt(struct provider *p, struct replication *r, struct arena *arena, SignedReceipt **ret,
                       struct err *err) {
    Receipt receipt;
    const Receipt *list[] = {&receipt};
    struct hash checksum;
    uint64_t now;
    int rc = ledger_time(p->ledger, &now, err);
    if (!rc)
        rc = own_price(p, r->object, arena, &r->picks[0].who.price, err);
    if (!rc)
        rc = checksum_at(p, r, 0, &checksum, err);
    if (rc)
        return rc;
    fill_receipt(p, r, 0, now + RECEIPT_LIFE_MS, &checksum, &receipt);
    return signer_receipts(p->signer, list, 1, arena, ret, err);
}

/* --- theirs ------------------------------------------------------------------------------------------------------- */

static int check_receipt(struct provider *p, struct replication *r, uint32_t position, const SignedReceipt *in,
                         struct arena *arena, struct err *err) {
    const struct hash *tag = ledger_chain_tag(p->ledger);
    Receipt *receipt, wanted;
    StorageProvider *sp;
    struct hash checksum;
    struct pubkey key;
    struct bytes got, want;
    int rc = receipt_open(in, tag, arena, &receipt, err);
    if (!rc)
        rc = checksum_at(p, r, position, &checksum, err);
    if (rc)
        return rc;
    fill_receipt(p, r, position, receipt->valid_until, &checksum, &wanted);
    rc = pb_encode(&wanted, arena, &want, err);
    if (rc)
        return rc;
    got = bytes_of(in->receipt.data, in->receipt.len);
    if (!bytes_eq(got, want))
        return err_set(err, CODE_INTEGRITY, "provider %u signed another receipt than for what it was sent",
                       wanted.sp_id);
    rc = placement_sp(p->ledger, wanted.sp_id, arena, &sp, err);
    if (!rc && !pubkey_from(bytes_of(sp->seal_key.data, sp->seal_key.len), &key))
        rc = err_set(err, CODE_CORRUPT, "provider %u has no seal key", wanted.sp_id);
    return rc ? rc : receipt_verify(in, &key, tag, err);
}

static int ask_receipt(struct provider *p, struct replication *r, uint32_t position, struct arena *arena,
                       SignedReceipt **ret, struct err *err) {
    const char *ticket;
    char path[PATH_LEN];
    if (!r->picks[position].who.sp_id)
        return err_set(err, CODE_UNAVAILABLE, "nobody is chosen for position %u", position);
    int rc = columns_ticket(p, r, position, arena, &ticket, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "/v1/piece/%" PRIu64 "/%" PRIu64 "/%u/receipt", r->object->id, r->object->version,
             position);
    struct http_call call = {.method = "POST", .headers = {ticket}};
    rc = sp_client_call(p->peers, r->picks[position].who.sp_id, path, &call, err);
    if (!rc)
        rc = json_read_pb(&signed_receipt__descriptor, buf_bytes(&call.body), arena, ret, err);
    http_call_release(&call);
    return rc ? rc : check_receipt(p, r, position, *ret, arena, err);
}

/* Who has no receipt to give, or a wrong one, has to take the columns again, or to be replaced. */
static void distrust(struct replication *r, uint32_t position, const struct err *why) {
    mutex_lock(&r->lock);
    struct pick *pick = &r->picks[position];
    pick->failures++;
    memset(pick->done, 0, bitmap_len(r->segments));
    snprintf(pick->reason, sizeof pick->reason, "%s", err_text(why));
    mutex_unlock(&r->lock);
}

uint64_t seal_gathered(const struct replication *r) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < r->positions; i++)
        if (r->picks[i].receipt)
            bits |= (uint64_t)1 << i;
    return bits;
}

static bool wanted(const struct replication *r, uint32_t position) {
    if (r->sealed >> position & 1)
        return false;
    return !position || !r->partial || (r->picks[position].who.approval.len && columns_has_all(r, position));
}

static bool enough(const struct replication *r) {
    uint64_t gathered = seal_gathered(r);
    return r->partial && gathered && profile_readable(r->object->profile, gathered | r->sealed);
}

/* One round; CODE_OK when all that are wanted have theirs. */
static int gather(struct provider *p, struct replication *r, struct err *err) {
    struct err why;
    int rc = CODE_OK;
    err_clear(&why);
    for (uint32_t i = 0; i < r->positions; i++) {
        SignedReceipt *receipt;
        if (!wanted(r, i))
            continue;
        int one = i ? ask_receipt(p, r, i, &r->arena, &receipt, &why) : own_receipt(p, r, &r->arena, &receipt, &why);
        if (!one) {
            r->picks[i].receipt = receipt;
            continue;
        }
        rc = one;
        if (i)
            distrust(r, i, &why);
        if (err)
            *err = why;
    }
    return rc;
}

int seal_receipts(struct provider *p, struct replication *r, struct err *err) {
    for (uint32_t i = 0; i < r->positions; i++)
        r->picks[i].receipt = NULL;
    int rc = gather(p, r, err);
    if (rc && !r->sealed && !r->partial) { /* once more from the columns, before the whole stage is given up */
        rc = columns_complete(p, r, err);
        if (!rc)
            rc = gather(p, r, err);
    }
    if (!rc && !seal_gathered(r))
        rc = err_set(err, CODE_UNAVAILABLE, "nobody has all of a position yet");
    return rc && enough(r) ? CODE_OK : rc;
}

/* --- the transaction ---------------------------------------------------------------------------------------------- */

static ProtobufCBinaryData account(const struct provider *p) {
    return (ProtobufCBinaryData){sizeof p->signer->seal_account.b, (uint8_t *)(uintptr_t)p->signer->seal_account.b};
}

static int group_of(struct provider *p, struct replication *r, struct arena *arena, uint32_t members[CODE_N_MAX],
                    uint64_t *ret, struct err *err) {
    struct secondary chosen[CODE_N_MAX];
    bool all = true;
    for (uint32_t i = 0; i < r->positions; i++) {
        chosen[i] = r->picks[i].who;
        all = all && chosen[i].sp_id;
    }
    int rc = all ? secondaries_group(p, r->object->profile, chosen, arena, ret, err)
                 : secondaries_stand_in(p, r->object, chosen, arena, ret, err);
    for (uint32_t i = 0; i < r->positions; i++)
        members[i] = chosen[i].sp_id;
    return rc;
}

/* Of the columns that have no receipt: the ledger is told what they will be. */
static int name_columns(struct provider *p, struct replication *r, struct arena *arena, MsgSealObject *seal,
                        struct err *err) {
    struct hash *sums = arena_array(arena, r->positions, sizeof *sums);
    seal->checksums = arena_array(arena, r->positions, sizeof *seal->checksums);
    int rc = sums && seal->checksums ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for checksums");
    for (uint32_t i = 0; !rc && i < r->positions; i++) {
        if (r->picks[i].receipt || profile_is_whole(r->object->profile, i))
            continue;
        rc = checksum_at(p, r, i, &sums[i], err);
        seal->checksums[seal->n_checksums++] = (ProtobufCBinaryData){sizeof sums[i].b, sums[i].b};
    }
    return rc;
}

static int send_seal(struct provider *p, struct replication *r, struct arena *arena, struct hash *ret_tx_id,
                     struct err *err) {
    const ObjectInfo *o = r->object;
    MsgOpenGroup open = MSG_OPEN_GROUP__INIT;
    MsgSealObject seal = MSG_SEAL_OBJECT__INIT;
    Msg open_msg = MSG__INIT, seal_msg = MSG__INIT, *msgs[2];
    SignedReceipt *receipts[CODE_N_MAX];
    uint32_t members[CODE_N_MAX];
    struct signer_result result;
    size_t count = 0;
    int rc = group_of(p, r, arena, members, &seal.group_id, err);
    if (!rc && !r->sealed)
        rc = name_columns(p, r, arena, &seal, err);
    if (rc)
        return rc;
    for (uint32_t i = 0; i < r->positions; i++)
        if (r->picks[i].receipt)
            receipts[seal.n_receipts++] = r->picks[i].receipt;
    if (!seal.group_id) {
        open.creator = account(p);
        open.profile = o->profile;
        open.members = members;
        open.n_members = r->positions;
        open_msg.body_case = MSG__BODY_OPEN_GROUP;
        open_msg.open_group = &open;
        msgs[count++] = &open_msg;
    }
    seal.creator = account(p);
    seal.bucket_name = o->bucket_name;
    seal.object_name = o->object_name;
    seal.object_id = o->id;
    seal.version = o->version;
    seal.upload_id = (ProtobufCBinaryData){sizeof r->upload_id, r->upload_id};
    seal.receipts = receipts;
    seal.coded_by_sp = o->profile->kind == PROFILE_KIND_EC; /* copies are not coded */
    seal_msg.body_case = MSG__BODY_SEAL_OBJECT;
    seal_msg.seal_object = &seal;
    msgs[count++] = &seal_msg;
    rc = signer_send(p->signer, msgs, count, false, &result, err);
    if (!rc) {
        *ret_tx_id = result.tx_id;
        r->sealed |= seal_gathered(r);
    }
    return rc;
}

/* The ledger would not have one of the providers: all are chosen anew, among those that still offer. */
static void drop_choice(struct replication *r) {
    mutex_lock(&r->lock);
    for (uint32_t i = 1; i < r->positions; i++) {
        if (r->sealed >> i & 1)
            continue;
        r->picks[i].who = (struct secondary){.sp_id = 0};
        r->picks[i].failures = 0;
        memset(r->picks[i].done, 0, bitmap_len(r->segments));
    }
    r->chosen = false;
    mutex_unlock(&r->lock);
}

int seal_send(struct provider *p, struct replication *r, struct hash *ret_tx_id, struct err *err) {
    struct arena arena;
    arena_init(&arena, REPLICATION_ARENA_MAX);
    int rc = send_seal(p, r, &arena, ret_tx_id, err);
    if (rc == CODE_SP_STATUS || rc == CODE_SP_CAPACITY || rc == CODE_SP_DEPOSIT)
        drop_choice(r);
    if (rc && !code_retryable(rc)) /* receipts may have run out: gather anew next time */
        for (uint32_t i = 0; i < r->positions; i++)
            r->picks[i].receipt = NULL;
    arena_release(&arena);
    return rc;
}
