/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets, objects and seals on a fixture's ledger. */
#include "tests/lib/ledger/deal.h"

#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "chain/types/signed.h"

void deal_init(struct deal *d, struct fixture *f, const char *owner, const char *bucket, const char *object,
               const char *profile, uint64_t segment_size, uint64_t size) {
    struct err err = {0};
    *d = (struct deal){.f = f, .owner = owner, .bucket = bucket, .object = object, .size = size};
    d->price = f->sp_price;
    d->max_price = 2 * f->sp_price;
    d->nonce = 1;
    d->seed = (uint8_t)strlen(object);
    memset(d->upload_id, 7, sizeof d->upload_id);
    assert_ok(profile_parse(profile, segment_size, &d->profile, &err), &err);
}

static ProtobufCBinaryData tag(struct deal *d) {
    return fixture_data(d->f, d->f->chain_tag.b, sizeof d->f->chain_tag.b);
}

static ProtobufCBinaryData encoded(struct deal *d, const ProtobufCMessage *msg) {
    struct bytes out;
    struct err err = {0};
    assert_ok(pb_encode(msg, &d->f->tx_arena, &out, &err), &err);
    return pb_data(out);
}

static char *text(struct deal *d, const char *s) {
    return arena_strdup(&d->f->tx_arena, s);
}

static const TxResult *must(const TxResult *r) {
    if (r->code)
        print_error("%s\n", r->log);
    assert_code((int)r->code, CODE_OK);
    return r;
}

void deal_fund(struct deal *d, uint64_t amount) {
    MsgDeposit m = MSG_DEPOSIT__INIT;
    m.payment_address = fixture_addr_data(d->f, d->owner);
    m.amount = amount;
    must(fixture_do(d->f, d->owner, &m.base));
}

/* --- approvals --- */

static void fill_approval(struct deal *d, Approval *a) {
    *a = (Approval)APPROVAL__INIT;
    a->chain_tag = tag(d);
    a->sp_id = 1;
    a->price = d->price;
    a->timeout = fixture_ledger_time(d->f) + d->f->params.storage.approval_ttl_max_ms / 2;
    a->nonce = d->nonce++;
}

static SignedApproval *sign_approval(struct deal *d, Approval *a, const char *approver, ProtobufCBinaryData spec,
                                     bool flip) {
    SignedApproval *out;
    struct err err = {0};
    struct hash spec_hash = signed_spec_hash(pb_bytes(spec));
    if (!approver)
        return NULL;
    struct seckey key = fixture_key(approver);
    if (!a->spec_hash.len)
        a->spec_hash = fixture_data(d->f, spec_hash.b, sizeof spec_hash.b);
    assert_ok(approval_sign(a, &key, &d->f->chain_tag, &d->f->tx_arena, &out, &err), &err);
    if (flip)
        out->signature.data[40] ^= 1;
    return out;
}

/* --- bucket --- */

void deal_bucket_try(struct deal *d, struct bucket_try *t) {
    *t = (struct bucket_try){.profile = d->profile, .approver = "sp0.approval"};
    create_bucket_spec__init(&t->spec);
    t->spec.creator = fixture_addr_data(d->f, d->owner);
    t->spec.bucket_name = text(d, d->bucket);
    t->spec.visibility = VISIBILITY_PRIVATE;
    t->spec.primary_sp = 1;
    fill_approval(d, &t->approval);
}

const TxResult *deal_bucket_send(struct deal *d, struct bucket_try *t, const char *signer) {
    MsgCreateBucket m = MSG_CREATE_BUCKET__INIT;
    t->spec.profile = &t->profile;
    m.spec = encoded(d, &t->spec.base);
    m.approval = sign_approval(d, &t->approval, t->approver, m.spec, t->flip);
    return fixture_do(d->f, signer, &m.base);
}

void deal_must_bucket(struct deal *d) {
    struct bucket_try t;
    deal_bucket_try(d, &t);
    must(deal_bucket_send(d, &t, d->owner));
}

/* --- to another primary --- */

void deal_migrate_try(struct deal *d, struct migrate_try *t, uint32_t sp_id, const char *name) {
    const BucketInfo *bucket = deal_bucket(d);
    *t = (struct migrate_try){.approver = arena_printf(&d->f->tx_arena, "%s.approval", name)};
    migrate_bucket_spec__init(&t->spec);
    t->spec.creator = fixture_addr_data(d->f, d->owner);
    t->spec.bucket_name = text(d, d->bucket);
    t->spec.bucket_id = bucket ? bucket->id : 1;
    t->spec.to_sp = sp_id;
    fill_approval(d, &t->approval);
    t->approval.sp_id = sp_id;
}

void deal_migrate_message(struct deal *d, struct migrate_try *t, MsgMigrateBucket *ret) {
    msg_migrate_bucket__init(ret);
    ret->spec = encoded(d, &t->spec.base);
    ret->approval = sign_approval(d, &t->approval, t->approver, ret->spec, t->flip);
}

const TxResult *deal_migrate_send(struct deal *d, struct migrate_try *t, const char *signer) {
    MsgMigrateBucket m;
    deal_migrate_message(d, t, &m);
    return fixture_do(d->f, signer, &m.base);
}

const BucketMigration *deal_migration(struct deal *d) {
    struct key k;
    const BucketInfo *bucket = deal_bucket(d);
    return bucket ? fixture_record(d->f, key_migration(&k, bucket->id), &bucket_migration__descriptor) : NULL;
}

/* --- object --- */

void deal_object_try(struct deal *d, struct object_try *t) {
    struct hash root = d->size ? deal_checksum(d, UINT32_MAX) : list_tree_empty();
    *t = (struct object_try){.profile = d->profile, .approver = d->size ? "sp0.approval" : NULL};
    create_object_spec__init(&t->spec);
    t->spec.creator = fixture_addr_data(d->f, d->owner);
    t->spec.bucket_name = text(d, d->bucket);
    t->spec.object_name = text(d, d->object);
    t->spec.payload_size = d->size;
    t->spec.visibility = VISIBILITY_INHERIT;
    t->spec.content_type = text(d, "application/octet-stream");
    t->spec.content_root = fixture_data(d->f, root.b, sizeof root.b);
    t->spec.max_price = d->max_price;
    fill_approval(d, &t->approval);
}

void deal_object_message(struct deal *d, struct object_try *t, MsgCreateObject *ret) {
    msg_create_object__init(ret);
    t->spec.profile = &t->profile;
    ret->spec = encoded(d, &t->spec.base);
    ret->approval = sign_approval(d, &t->approval, t->approver, ret->spec, t->flip);
}

const TxResult *deal_object_send(struct deal *d, struct object_try *t, const char *signer) {
    MsgCreateObject m;
    deal_object_message(d, t, &m);
    return fixture_do(d->f, signer, &m.base);
}

void deal_must_create(struct deal *d) {
    struct object_try t;
    deal_object_try(d, &t);
    const TxResult *r = must(deal_object_send(d, &t, d->owner));
    d->object_id = r->ids[0];
}

/* --- placement group --- */

void deal_must_group(struct deal *d) {
    MsgOpenGroup m = MSG_OPEN_GROUP__INIT;
    uint32_t members[DEAL_POSITIONS_MAX];
    m.profile = &d->profile;
    m.n_members = profile_positions(&d->profile);
    m.members = members;
    for (uint32_t i = 0; i < m.n_members; i++)
        members[i] = i + 1;
    const TxResult *r = must(fixture_do(d->f, "sp0", &m.base));
    d->group_id = r->ids[0];
}

/* --- seal --- */

static void fill_receipt(struct deal *d, struct seal_try *t, uint32_t i) {
    Receipt *r = &t->receipts[i];
    struct hash checksum = deal_checksum(d, i);
    receipt__init(r);
    t->profiles[i] = d->profile;
    t->keys[i] = arena_printf(&d->f->tx_arena, "sp%u.seal", i);
    r->chain_tag = tag(d);
    r->creator = fixture_addr_data(d->f, d->owner);
    r->bucket_id = deal_bucket(d)->id;
    r->object_name = text(d, d->object);
    r->version = t->msg.version;
    r->upload_id = t->msg.upload_id;
    r->size = d->size;
    r->profile = &t->profiles[i];
    r->position = i;
    r->sp_id = i + 1;
    r->checksum = fixture_data(d->f, checksum.b, sizeof checksum.b);
    r->price = d->price;
    r->valid_until = fixture_ledger_time(d->f) + d->f->params.storage.receipt_ttl_max_ms / 2;
    r->object_id = d->object_id;
}

static void fill_statement(struct deal *d, struct seal_try *t) {
    PayloadStatement *s = &t->statement;
    struct hash root = deal_checksum(d, UINT32_MAX);
    payload_statement__init(s);
    s->chain_tag = tag(d);
    s->creator = fixture_addr_data(d->f, d->owner);
    s->bucket_id = deal_bucket(d)->id;
    s->object_name = text(d, d->object);
    s->version = t->msg.version;
    s->upload_id = t->msg.upload_id;
    s->size = d->size;
    s->content_root = fixture_data(d->f, root.b, sizeof root.b);
}

static bool has_columns(const Profile *profile) {
    return !profile_is_whole(profile, profile_positions(profile) - 1);
}

void deal_seal_try(struct deal *d, struct seal_try *t) {
    *t = (struct seal_try){.flip = SIZE_MAX, .count = profile_positions(&d->profile), .stater = d->owner};
    msg_seal_object__init(&t->msg);
    t->msg.bucket_name = text(d, d->bucket);
    t->msg.object_name = text(d, d->object);
    t->msg.object_id = d->object_id;
    const ObjectInfo *o = deal_object(d);
    t->msg.version = !o ? 0 : o->replacing ? o->replacing : o->version;
    t->msg.group_id = d->group_id;
    t->msg.upload_id = fixture_data(d->f, d->upload_id, sizeof d->upload_id);
    t->msg.coded_by_sp = has_columns(&d->profile);
    for (uint32_t i = 0; i < t->count; i++)
        fill_receipt(d, t, i);
    fill_statement(d, t);
}

static void add_layout_root(struct deal *d, struct seal_try *t) {
    struct hash content, sums[DEAL_POSITIONS_MAX];
    hash_from(pb_bytes(t->statement.content_root), &content);
    for (size_t i = 0; i < t->count; i++)
        hash_from(pb_bytes(t->receipts[i].checksum), &sums[i]);
    struct hash root = signed_layout_root(&content, sums, t->count);
    t->msg.layout_root = fixture_data(d->f, root.b, sizeof root.b);
    t->msg.coded_by_sp = false;
}

static bool has_receipt(const struct seal_try *t, size_t position) {
    return !(t->without >> position & 1);
}

SignedReceipt **deal_receipts(struct deal *d, struct seal_try *t) {
    struct err err = {0};
    SignedReceipt **list = arena_array(&d->f->tx_arena, t->count + 1, sizeof *list);
    for (size_t i = 0, n = 0; i < t->count; i++) {
        const Receipt *one = &t->receipts[i];
        struct seckey key = fixture_key(t->keys[i]);
        if (!has_receipt(t, i))
            continue;
        assert_ok(receipts_sign(&one, 1, &key, &d->f->chain_tag, &d->f->tx_arena, &list[n], &err), &err);
        if (i == t->flip)
            list[n]->signature.data[40] ^= 1;
        n++;
    }
    return list;
}

/* Of the columns that have no receipt. */
static void name_checksums(struct deal *d, struct seal_try *t) {
    t->msg.checksums = arena_array(&d->f->tx_arena, t->count + 1, sizeof *t->msg.checksums);
    t->msg.n_checksums = 0;
    for (uint32_t i = 0; i < t->count; i++)
        if (!has_receipt(t, i) && !profile_is_whole(&d->profile, i))
            t->msg.checksums[t->msg.n_checksums++] = t->receipts[i].checksum;
}

const TxResult *deal_seal_send(struct deal *d, struct seal_try *t, const char *signer) {
    struct err err = {0};
    t->msg.receipts = deal_receipts(d, t);
    t->msg.n_receipts = 0;
    for (size_t i = 0; i < t->count; i++)
        t->msg.n_receipts += has_receipt(t, i);
    if (!t->more && !t->msg.checksums)
        name_checksums(d, t);
    if (t->layout)
        add_layout_root(d, t);
    if (t->stated) {
        struct seckey key = fixture_key(t->stater);
        assert_ok(statement_sign(&t->statement, &key, &d->f->chain_tag, &d->f->tx_arena, &t->msg.statement, &err),
                  &err);
    }
    return fixture_do(d->f, signer, &t->msg.base);
}

void deal_must_seal(struct deal *d) {
    struct seal_try t;
    deal_seal_try(d, &t);
    must(deal_seal_send(d, &t, "sp0.seal"));
}

void deal_must(struct deal *d) {
    deal_must_bucket(d);
    deal_must_group(d);
    deal_must_create(d);
    deal_must_seal(d);
}

/* --- content --- */

/* position UINT32_MAX: whole segments, whatever the profile. */
static struct bytes piece(struct deal *d, uint64_t segment, uint32_t position) {
    bool whole = position == UINT32_MAX || profile_is_whole(&d->profile, position);
    uint64_t len = whole ? layout_segment_len(&d->profile, d->size, segment)
                         : layout_piece_len(&d->profile, d->size, segment, position);
    uint8_t *b = arena_alloc(&d->f->tx_arena, len);
    assert_non_null(b);
    uint8_t start = (uint8_t)(d->seed + segment * 3 + (whole ? 0 : position + 1) * 31);
    for (uint64_t i = 0; i < len; i++)
        b[i] = (uint8_t)(start + i + (i >> 12));
    return bytes_of(b, len);
}

struct bytes deal_piece(struct deal *d, uint64_t segment, uint32_t position) {
    return piece(d, segment, position);
}

static struct hash root_of(struct deal *d, struct bytes data) {
    struct hash *leaves = arena_array(&d->f->tx_arena, leaf_count(data.len), sizeof *leaves);
    return piece_root_of(data.data, data.len, leaves);
}

/* The roots of all pieces of a position. */
static struct hash *roots_of(struct deal *d, uint32_t position, size_t *ret_n) {
    size_t n = layout_segments(&d->profile, d->size);
    struct hash *roots = arena_array(&d->f->tx_arena, n, sizeof *roots);
    for (size_t i = 0; i < n; i++)
        roots[i] = root_of(d, piece(d, i, position));
    *ret_n = n;
    return roots;
}

struct hash deal_checksum(struct deal *d, uint32_t position) {
    size_t n;
    struct hash *roots = roots_of(d, position, &n);
    return checksum_of(roots, n);
}

static ProtobufCBinaryData *path_data(struct deal *d, const struct hash *path, size_t len) {
    ProtobufCBinaryData *out = arena_array(&d->f->tx_arena, len, sizeof *out);
    for (size_t i = 0; i < len; i++)
        out[i] = fixture_data(d->f, path[i].b, sizeof path[i].b);
    return out;
}

static LeafProof *prove_leaf(struct deal *d, struct bytes data, uint64_t index) {
    struct hash path[LIST_PATH_MAX];
    LeafProof *p = ARENA_NEW(&d->f->tx_arena, LeafProof);
    size_t n = leaf_count(data.len), off = index * LEAF_LEN;
    struct hash *leaves = arena_array(&d->f->tx_arena, n, sizeof *leaves);
    leaf_proof__init(p);
    leaf_hash_many(data.data, data.len, leaves);
    list_tree_prove(DOMAIN_NODE, leaves, n, index, path, &p->n_path);
    p->index = index;
    p->data = fixture_data(d->f, data.data + off, piece_leaf_len(data.len, index));
    p->path = path_data(d, path, p->n_path);
    return p;
}

void deal_answer(struct deal *d, const Challenge *c, MsgAnswerChallenge *m) {
    struct hash path[LIST_PATH_MAX];
    size_t n;
    struct bytes data = piece(d, c->segment, c->position);
    msg_answer_challenge__init(m);
    m->challenge_id = c->id;
    m->n_leaves = c->n_leaves;
    m->leaves = arena_array(&d->f->tx_arena, c->n_leaves, sizeof *m->leaves);
    for (size_t i = 0; i < c->n_leaves; i++)
        m->leaves[i] = prove_leaf(d, data, c->leaves[i]);
    struct hash *roots = roots_of(d, c->position, &n);
    list_tree_prove(DOMAIN_PNODE, roots, n, c->segment, path, &m->n_piece_path);
    m->piece_path = path_data(d, path, m->n_piece_path);
}

/* --- records --- */

const BucketInfo *deal_bucket(struct deal *d) {
    struct key k;
    return fixture_record(d->f, key_bucket(&k, d->bucket), &bucket_info__descriptor);
}

const ObjectInfo *deal_object(struct deal *d) {
    struct key k;
    const BucketInfo *b = deal_bucket(d);
    return b ? fixture_record(d->f, key_object(&k, b->id, d->object), &object_info__descriptor) : NULL;
}

const ObjectInfo *deal_next(struct deal *d) {
    struct key k;
    const BucketInfo *b = deal_bucket(d);
    return b ? fixture_record(d->f, key_replacement(&k, b->id, d->object), &object_info__descriptor) : NULL;
}

const DealAnswer *deal_state_of(struct deal *d) {
    return fixture_query(d->f, "/storage/deal", "bucket_name", d->bucket, "object_name", d->object, NULL);
}

int deal_delete(struct deal *d) {
    MsgDeleteObject m = MSG_DELETE_OBJECT__INIT;
    m.bucket_name = text(d, d->bucket);
    m.object_name = text(d, d->object);
    return (int)fixture_do(d->f, d->owner, &m.base)->code;
}

const StorageProvider *deal_sp(struct fixture *f, uint32_t id) {
    struct key k;
    return fixture_record(f, key_sp(&k, id), &storage_provider__descriptor);
}

const PaymentAccount *deal_payer(struct deal *d) {
    struct key k;
    struct addr a = fixture_addr(d->owner);
    return fixture_record(d->f, key_payment_account(&k, &a), &payment_account__descriptor);
}
