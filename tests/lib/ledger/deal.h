/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_DEAL_H
#define CAIRN_TESTS_LIB_LEDGER_DEAL_H
/*
 * Buckets and objects on a fixture's ledger, with every signature made by test keys: approvals, receipts, statements,
 * answers to challenges. Each step has three calls: fill a try with what is right, change what the test is about, send
 * it.
 *
 *     struct deal d;
 *     deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
 *     deal_fund(&d);                           alice's payment account
 *     deal_must_bucket(&d);  deal_must_group(&d);  deal_must_create(&d);
 *     struct seal_try t;
 *     deal_seal_try(&d, &t);  t.receipts[2].price++;
 *     assert_code(deal_seal_send(&d, &t, "sp0.seal")->code, CODE_PRICE);
 *
 * The primary is sp0; position i of the group is sp<i>. The content of every position comes from a seed: whole segments
 * are the same everywhere, columns are not a real code (the ledger does not look).
 */
#include "tests/lib/ledger/fixture.h"

#include "chain/types/layout.h"

#include "cairn/challenge.h"
#include "cairn/payment.h"
#include "cairn/sp.h"
#include "cairn/storage.h"

#define DEAL_POSITIONS_MAX 64

struct deal {
    struct fixture *f;
    const char *owner, *bucket, *object;
    Profile profile;
    uint64_t size, price, max_price;
    uint8_t upload_id[16];
    uint8_t seed;      /* of the content */
    uint64_t nonce;    /* of the next approval */
    uint64_t group_id; /* set by the musts */
    uint64_t object_id;
};

void deal_init(struct deal *d, struct fixture *f, const char *owner, const char *bucket, const char *object,
               const char *profile, uint64_t segment_size, uint64_t size);

/* --- money: a deposit of most of the owner's coins into the own payment account --- */
void deal_fund(struct deal *d, uint64_t amount);

/* --- bucket --- */
struct bucket_try {
    CreateBucketSpec spec;
    Profile profile;
    Approval approval;    /* spec_hash is filled in when sent, unless it is set */
    const char *approver; /* key that signs it; NULL: no approval at all */
    bool flip;            /* a bit of the signature */
};
void deal_bucket_try(struct deal *d, struct bucket_try *ret);
const TxResult *deal_bucket_send(struct deal *d, struct bucket_try *t, const char *signer);
void deal_must_bucket(struct deal *d);

/* --- to another primary: whose operator is `name`, whose approval key "name.approval" --- */
struct migrate_try {
    MigrateBucketSpec spec;
    Approval approval;
    const char *approver;
    bool flip;
};
void deal_migrate_try(struct deal *d, struct migrate_try *ret, uint32_t sp_id, const char *name);
const TxResult *deal_migrate_send(struct deal *d, struct migrate_try *t, const char *signer);
/* Spec and approval as they are sent; for other messages too. On f->tx_arena. */
void deal_migrate_message(struct deal *d, struct migrate_try *t, MsgMigrateBucket *ret);
const BucketMigration *deal_migration(struct deal *d); /* NULL when there is none */

/* --- object --- */
struct object_try {
    CreateObjectSpec spec;
    Profile profile;
    Approval approval;
    const char *approver;
    bool flip;
};
void deal_object_try(struct deal *d, struct object_try *ret);
const TxResult *deal_object_send(struct deal *d, struct object_try *t, const char *signer);
void deal_must_create(struct deal *d);
/* Spec and approval as they are sent; for other messages too. On f->tx_arena. */
void deal_object_message(struct deal *d, struct object_try *t, MsgCreateObject *ret);

/* --- placement group of the deal's profile: sp0, sp1, ... --- */
void deal_must_group(struct deal *d);

/* --- seal --- */
struct seal_try {
    MsgSealObject msg;
    Receipt receipts[DEAL_POSITIONS_MAX];
    Profile profiles[DEAL_POSITIONS_MAX];
    const char *keys[DEAL_POSITIONS_MAX]; /* that sign them */
    size_t flip;                          /* a bit of this receipt's signature; SIZE_MAX: of none */
    size_t count;                         /* positions that may have one */
    uint64_t without;                     /* bit i: position i has none; a column's checksum is named instead */
    bool more;                            /* the object is sealed: no checksums are named */
    bool stated;                          /* with a payload statement */
    PayloadStatement statement;
    const char *stater;
    bool layout; /* the client's layout root, in place of coded_by_sp */
};
void deal_seal_try(struct deal *d, struct seal_try *ret);
const TxResult *deal_seal_send(struct deal *d, struct seal_try *t, const char *signer);
void deal_must_seal(struct deal *d);
/* The receipts as they are sent, signed; for other messages. On f->tx_arena. */
SignedReceipt **deal_receipts(struct deal *d, struct seal_try *t);

/* All of it, from funding to seal. */
void deal_must(struct deal *d);

/* --- content --- */
/* What a position holds of a segment; on f->tx_arena. */
struct bytes deal_piece(struct deal *d, uint64_t segment, uint32_t position);
struct hash deal_checksum(struct deal *d, uint32_t position);
/* The right answer to a challenge. */
void deal_answer(struct deal *d, const Challenge *challenge, MsgAnswerChallenge *ret);

/* --- records --- */
const BucketInfo *deal_bucket(struct deal *d);
const ObjectInfo *deal_object(struct deal *d); /* NULL when there is none */
const ObjectInfo *deal_next(struct deal *d);   /* the version on its way to replace it; NULL when there is none */
const DealAnswer *deal_state_of(struct deal *d);
int deal_delete(struct deal *d); /* the code */
const StorageProvider *deal_sp(struct fixture *f, uint32_t id);
const PaymentAccount *deal_payer(struct deal *d);

#endif
