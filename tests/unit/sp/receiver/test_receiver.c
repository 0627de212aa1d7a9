/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/receiver/receiver.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/coding/cut.h"
#include "chain/os/file.h"
#include "sp/piecestore/checked.h"
#include "sp/piecestore/piece_local.h"
#include "sp/spdb/pieces.h"
#include "tests/lib/test.h"

#define SIZE    (3 * 64 * KIB + 777) /* four segments */
#define SEGMENT (64 * KIB)

static struct spdb db;
static struct piecestore *store;
static struct receiver receiver;
static struct arena arena;
static struct err err;
static struct coder coder;
static struct cut cut;
static Profile profile;
static uint8_t payload[SIZE];
static int ticket_answer;
static unsigned signed_count;

static uint64_t fake_ms(void *ctx) {
    (void)ctx;
    return 1000000;
}

static int fake_check(void *ctx, const PieceTicket *ticket, struct err *e) {
    (void)ctx;
    (void)ticket;
    return ticket_answer ? err_set(e, ticket_answer, "no") : CODE_OK;
}

static int fake_sign(void *ctx, const Receipt *receipt, struct arena *on, SignedReceipt **ret_signed, struct err *e) {
    SignedReceipt wrapped = SIGNED_RECEIPT__INIT;
    struct bytes bytes;
    (void)ctx;
    int rc = pb_encode(receipt, on, &bytes, e);
    if (rc)
        return rc;
    wrapped.receipt = pb_data(bytes);
    wrapped.count = ++signed_count;
    return pb_copy(&wrapped, on, ret_signed, e);
}

static PieceTicket ticket_for(uint32_t position) {
    static SignedSecondaryApproval approval = SIGNED_SECONDARY_APPROVAL__INIT;
    static uint8_t upload_id[16] = {7}, creator[20] = {3};
    PieceTicket ticket = PIECE_TICKET__INIT;
    ticket.approval = &approval;
    ticket.object_id = 9;
    ticket.bucket_id = 2;
    ticket.object_name = pb_text("a/b");
    ticket.creator = pb_data(bytes_of(creator, 20));
    ticket.version = 1;
    ticket.upload_id = pb_data(bytes_of(upload_id, 16));
    ticket.payload_size = SIZE;
    ticket.profile = &profile;
    ticket.position = position;
    ticket.price = 5;
    ticket.valid_until = 99;
    return ticket;
}

static struct cut_piece piece_of(uint64_t segment, uint32_t position) {
    size_t len = SIZE - segment * SEGMENT < SEGMENT ? SIZE - segment * SEGMENT : SEGMENT;
    memcpy(cut.segment, payload + segment * SEGMENT, len);
    cut_run(&cut, len);
    return cut.pieces[position];
}

static int put(uint64_t segment, uint32_t position) {
    PieceTicket ticket = ticket_for(position);
    struct cut_piece piece = piece_of(segment, position);
    return receiver_put(&receiver, &ticket, segment, piece.data, &piece.root, &err);
}

static int setup(void **state) {
    struct rng rng;
    (void)state;
    rng_init(&rng, 1);
    rng_fill(&rng, payload, sizeof payload);
    ticket_answer = CODE_OK;
    signed_count = 0;
    arena_init(&arena, 8 * MIB);
    assert_ok(profile_parse("ec:2+1+w", SEGMENT, &profile, &err), &err);
    assert_ok(coder_init(&coder, &profile, &err), &err);
    assert_ok(cut_init(&cut, &coder, &err), &err);
    assert_ok(spdb_open_mem(&db, &err), &err);
    assert_ok(piece_local_open(test_path("pieces"), &store, &err), &err);
    receiver = (struct receiver){.db = &db,
                                 .store = store,
                                 .env = {.real_ms = fake_ms, .check_ticket = fake_check, .sign_receipt = fake_sign},
                                 .chain_tag = {{8}},
                                 .sp_id = 4,
                                 .unsealed_ttl_ms = 1000};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    cut_release(&cut);
    piecestore_free(store);
    spdb_close(&db);
    arena_release(&arena);
    return dir_remove(test_path("pieces"), &err);
}

static void receiver__whole_position(void **state) {
    (void)state;
    PieceTicket ticket = ticket_for(3);
    SignedReceipt *receipt;
    Receipt *body;
    HeldPosition *held;
    struct bytes bitmap;
    uint64_t have;
    struct hash roots[4];
    assert_code(receiver_receipt(&receiver, &ticket, &arena, &receipt, &err), CODE_NOT_FOUND);
    for (uint64_t s = 4; s-- > 1;) /* any order */
        assert_ok(put(s, 3), &err);
    assert_ok(receiver_have(&receiver, &ticket, &arena, &bitmap, &have, &err), &err);
    assert_int_equal(have, 3);
    assert_int_equal(bitmap.data[0], 0xe);
    assert_code(receiver_receipt(&receiver, &ticket, &arena, &receipt, &err), CODE_CONFLICT);
    assert_non_null(strstr(err.msg, "1 of 4 pieces are missing"));
    assert_ok(put(0, 3), &err);
    assert_ok(put(0, 3), &err); /* again: fine */
    assert_ok(receiver_receipt(&receiver, &ticket, &arena, &receipt, &err), &err);
    assert_ok(pb_decode(&receipt__descriptor, pb_bytes(receipt->receipt), &arena, &body, &err), &err);
    for (uint64_t s = 0; s < 4; s++)
        roots[s] = piece_of(s, 3).root;
    struct hash checksum = checksum_of(roots, 4);
    assert_true(bytes_eq(pb_bytes(body->checksum), hash_bytes(&checksum)));
    assert_int_equal(body->position, 3);
    assert_int_equal(body->sp_id, 4);
    assert_int_equal(body->valid_until, 99);
    assert_ok(held_get(&db, 9, 1, 3, &arena, &held, &err), &err);
    assert_int_equal(held->expires_ms, 1001000);
    assert_true(bytes_eq(pb_bytes(held->checksum), hash_bytes(&checksum)));
}

static void receiver_put__refuses(void **state) {
    (void)state;
    PieceTicket ticket = ticket_for(1);
    struct cut_piece piece = piece_of(0, 1);
    struct hash wrong = {{1}};
    uint8_t longer[SEGMENT];
    ticket_answer = CODE_EXPIRED;
    assert_code(receiver_put(&receiver, &ticket, 0, piece.data, NULL, &err), CODE_EXPIRED);
    ticket_answer = CODE_OK;
    assert_code(receiver_put(&receiver, &ticket, 0, piece.data, &wrong, &err), CODE_INTEGRITY);
    assert_code(receiver_put(&receiver, &ticket, 4, piece.data, NULL, &err), CODE_INVALID_ARGUMENT);
    assert_code(receiver_put(&receiver, &ticket, 0, bytes_of(piece.data.data, piece.data.len - 1), NULL, &err),
                CODE_INVALID_ARGUMENT);
    memset(longer, 0, sizeof longer);
    assert_code(receiver_put(&receiver, &ticket, 0, bytes_of(longer, sizeof longer), NULL, &err),
                CODE_INVALID_ARGUMENT);
    ticket.position = 4;
    assert_code(receiver_put(&receiver, &ticket, 0, piece.data, NULL, &err), CODE_INVALID_ARGUMENT);
    ticket.position = 1;
    ticket.payload_size = 0;
    assert_code(receiver_put(&receiver, &ticket, 0, piece.data, NULL, &err), CODE_INVALID_ARGUMENT);
    ticket.payload_size = SIZE;
    assert_ok(receiver_put(&receiver, &ticket, 0, piece.data, NULL, &err), &err);
    ticket.payload_size = SIZE - 1; /* the same position under another size */
    assert_code(receiver_put(&receiver, &ticket, 0, piece.data, NULL, &err), CODE_CONFLICT);
}

static void receiver_put__sealed_stays(void **state) {
    (void)state;
    PieceTicket ticket = ticket_for(1);
    HeldPosition *held;
    assert_ok(put(0, 1), &err);
    assert_ok(held_get(&db, 9, 1, 1, &arena, &held, &err), &err);
    held->sealed = true;
    assert_ok(held_put(&db, held, &err), &err);
    assert_ok(put(0, 1), &err);
    payload[5] ^= 1;
    struct cut_piece other = piece_of(0, 1);
    assert_code(receiver_put(&receiver, &ticket, 0, other.data, NULL, &err), CODE_CONFLICT);
    payload[5] ^= 1;
    struct piece_key key = {9, 1, 1, 0};
    assert_ok(piecestore_delete(store, &key, &err), &err); /* a lost piece may be brought back */
    assert_ok(put(0, 1), &err);
    struct piece_meta meta;
    assert_ok(piecestore_head(store, &key, &meta, &err), &err);
}

/* --- stages --- */

static PieceTicket stage_ticket(uint32_t position) {
    PieceTicket ticket = ticket_for(position);
    ticket.version = 5; /* that is to be replaced */
    ticket.object_id = stage_id(ticket.bucket_id, pb_bytes(ticket.upload_id), ticket.object_name);
    return ticket;
}

static int put_staged(uint64_t segment, uint32_t position) {
    PieceTicket ticket = stage_ticket(position);
    struct cut_piece piece = piece_of(segment, position);
    return receiver_put(&receiver, &ticket, segment, piece.data, &piece.root, &err);
}

/* The object that the ledger made of it. */
static ObjectInfo sealed_as(ProtobufCBinaryData *checksums, struct hash *checksum, uint32_t position) {
    ObjectInfo o = OBJECT_INFO__INIT;
    PieceTicket ticket = stage_ticket(position);
    struct hash roots[4];
    for (uint64_t s = 0; s < 4; s++)
        roots[s] = piece_of(s, position).root;
    *checksum = checksum_of(roots, 4);
    for (size_t i = 0; i < 4; i++)
        checksums[i] = pb_data(hash_bytes(checksum));
    o.id = o.version = 31;
    o.bucket_id = ticket.bucket_id;
    o.creator = ticket.creator;
    o.payload_size = SIZE;
    o.profile = &profile;
    o.checksums = checksums;
    o.n_checksums = 4;
    return o;
}

static void stage__receipt_names_no_object(void **state) {
    (void)state;
    PieceTicket ticket = stage_ticket(2);
    SignedReceipt *receipt;
    Receipt *body;
    HeldPosition *held;
    for (uint64_t s = 0; s < 4; s++)
        assert_ok(put_staged(s, 2), &err);
    assert_ok(held_get(&db, ticket.object_id, 5, 2, &arena, &held, &err), &err);
    assert_int_equal(held->valid_until, 99);
    ticket.valid_until = 80; /* a receipt of a shorter life */
    assert_ok(receiver_receipt(&receiver, &ticket, &arena, &receipt, &err), &err);
    assert_ok(pb_decode(&receipt__descriptor, pb_bytes(receipt->receipt), &arena, &body, &err), &err);
    assert_int_equal(body->object_id, 0);
    assert_int_equal(body->version, 5);
    assert_int_equal(body->valid_until, 80);
    assert_ok(held_get(&db, ticket.object_id, 5, 2, &arena, &held, &err), &err);
    assert_int_equal(held->valid_until, 99); /* what was promised before still holds */
}

static void stage__limit_before_any_byte(void **state) {
    (void)state;
    receiver.stages.account_count = 1;
    assert_ok(put_staged(0, 2), &err);
    assert_code(put_staged(0, 3), CODE_LIMIT);
    assert_ok(put_staged(1, 2), &err);
}

static void stage__becomes_the_objects(void **state) {
    (void)state;
    PieceTicket ticket = stage_ticket(2);
    ProtobufCBinaryData checksums[4];
    struct hash checksum;
    SignedReceipt *receipt;
    HeldPosition *held;
    ObjectInfo o = sealed_as(checksums, &checksum, 2);
    for (uint64_t s = 0; s < 4; s++)
        assert_ok(put_staged(s, 2), &err);
    assert_code(receiver_adopt(&receiver, ticket.object_id, 2, &o, &err), CODE_CONFLICT); /* nothing was promised */
    assert_ok(receiver_receipt(&receiver, &ticket, &arena, &receipt, &err), &err);
    checksum.b[0] ^= 1;
    assert_code(receiver_adopt(&receiver, ticket.object_id, 2, &o, &err), CODE_CONFLICT);
    checksum.b[0] ^= 1;
    o.payload_size++;
    assert_code(receiver_adopt(&receiver, ticket.object_id, 2, &o, &err), CODE_CONFLICT);
    o.payload_size--;
    assert_ok(receiver_adopt(&receiver, ticket.object_id, 1, &o, &err), &err); /* no such position here */
    assert_ok(receiver_adopt(&receiver, ticket.object_id, 2, &o, &err), &err);
    assert_ok(receiver_adopt(&receiver, ticket.object_id, 2, &o, &err), &err); /* done already */
    assert_ok(held_get(&db, 31, 31, 2, &arena, &held, &err), &err);
    assert_true(held->sealed);
    for (uint64_t s = 0; s < 4; s++) {
        struct cut_piece piece = piece_of(s, 2);
        struct piece_key key = {31, 31, 2, s};
        struct hash root, scratch[16];
        uint8_t back[SEGMENT];
        assert_ok(piece_root_get(&db, &key, &root, &err), &err);
        assert_ok(checked_read(store, &key, &root, piece.data.len, scratch, back, &err), &err);
        assert_memory_equal(back, piece.data.data, piece.data.len);
    }
}

/* A crash at any point before the batch: the same again ends it. */
static void stage__adopted_after_a_crash(void **state) {
    (void)state;
    PieceTicket ticket = stage_ticket(2);
    ProtobufCBinaryData checksums[4];
    struct hash checksum;
    SignedReceipt *receipt;
    ObjectInfo o = sealed_as(checksums, &checksum, 2);
    for (uint64_t s = 0; s < 4; s++)
        assert_ok(put_staged(s, 2), &err);
    assert_ok(receiver_receipt(&receiver, &ticket, &arena, &receipt, &err), &err);
    for (uint64_t s = 0; s < 3; s++) { /* these had their name, and nothing was written down */
        struct piece_key from = {ticket.object_id, 5, 2, s}, to = {31, 31, 2, s};
        assert_ok(piecestore_rename(store, &from, &to, &err), &err);
    }
    assert_ok(receiver_adopt(&receiver, ticket.object_id, 2, &o, &err), &err);
    for (uint64_t s = 0; s < 4; s++) {
        struct piece_key key = {31, 31, 2, s};
        struct piece_meta meta;
        assert_ok(piecestore_head(store, &key, &meta, &err), &err);
    }
}

/* What a receipt was given for stays, whoever sends other bytes afterwards, also as another upload. */
static void receipt__its_bytes_stay(void **state) {
    (void)state;
    uint8_t other[16] = {9};
    PieceTicket tickets[] = {stage_ticket(2), ticket_for(2), ticket_for(2)};
    tickets[2].upload_id = pb_data(bytes_of(other, sizeof other));
    SignedReceipt *receipt;
    HeldPosition *held;
    for (uint64_t s = 0; s < 4; s++) {
        assert_ok(put_staged(s, 2), &err);
        assert_ok(put(s, 2), &err);
    }
    for (size_t i = 0; i < 2; i++)
        assert_ok(receiver_receipt(&receiver, &tickets[i], &arena, &receipt, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        struct piece_key key = {tickets[i].object_id, tickets[i].version, 2, 0};
        struct cut_piece bad = piece_of(1, 2), good;
        struct hash root;
        assert_code(receiver_put(&receiver, &tickets[i], 0, bad.data, &bad.root, &err), CODE_CONFLICT);
        good = piece_of(0, 2);
        assert_ok(piece_root_get(&db, &key, &root, &err), &err);
        assert_true(hash_eq(&root, &good.root));
        assert_ok(receiver_put(&receiver, &tickets[i], 0, good.data, &good.root, &err), &err); /* the same: fine */
        assert_ok(held_get(&db, key.object_id, key.version, 2, &arena, &held, &err), &err);
        assert_int_equal(held->checksum.len, sizeof(struct hash));
    }
    assert_ok(receiver_receipt(&receiver, &tickets[2], &arena, &receipt, &err), &err); /* of the other upload, too */
}

static void stage__wrong_root_takes_no_place(void **state) {
    (void)state;
    PieceTicket ticket = stage_ticket(3);
    struct cut_piece piece = piece_of(0, 3);
    HeldPosition *held;
    receiver.stages.account_count = 1;
    piece.root.b[0] ^= 1;
    assert_code(receiver_put(&receiver, &ticket, 0, piece.data, &piece.root, &err), CODE_INTEGRITY);
    assert_code(held_get(&db, ticket.object_id, 5, 3, &arena, &held, &err), CODE_NOT_FOUND);
    assert_ok(put_staged(0, 2), &err);
}

/* Bytes that come while those before are removed would go with them. */
static void receiver_put__not_while_removed(void **state) {
    (void)state;
    PieceTicket ticket = stage_ticket(2);
    assert_ok(put(0, 2), &err);
    assert_ok(put_staged(0, 2), &err);
    assert_ok(gc_mark(&db, 9, 1, 2, "never sealed", 1, &err), &err);
    assert_ok(gc_mark(&db, ticket.object_id, 5, 2, "over", 1, &err), &err);
    assert_code(put(0, 2), CODE_BUSY);
    assert_code(put_staged(0, 2), CODE_BUSY);
    assert_ok(gc_unmark(&db, 9, 1, 2, &err), &err);
    assert_ok(gc_unmark(&db, ticket.object_id, 5, 2, &err), &err);
    assert_ok(put(0, 2), &err);
    assert_ok(put_staged(0, 2), &err);
}

/* Staged for an earlier version as well, and never promised: that is no reason to lose what was. */
static void stage__adopted_beside_another_version(void **state) {
    (void)state;
    PieceTicket ticket = stage_ticket(2), decoy = stage_ticket(2);
    struct cut_piece piece = piece_of(1, 2);
    ProtobufCBinaryData checksums[4];
    struct hash checksum;
    SignedReceipt *receipt;
    HeldPosition *held;
    decoy.version = 1;
    assert_ok(receiver_put(&receiver, &decoy, 0, piece.data, &piece.root, &err), &err);
    for (uint64_t s = 0; s < 4; s++)
        assert_ok(put_staged(s, 2), &err);
    assert_ok(receiver_receipt(&receiver, &ticket, &arena, &receipt, &err), &err);
    ObjectInfo o = sealed_as(checksums, &checksum, 2);
    assert_ok(receiver_adopt(&receiver, ticket.object_id, 2, &o, &err), &err);
    assert_ok(held_get(&db, 31, 31, 2, &arena, &held, &err), &err);
    assert_true(held->sealed);
    assert_ok(held_get(&db, ticket.object_id, 1, 2, &arena, &held, &err), &err); /* goes when its time is over */
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(receiver__whole_position), UNIT(receiver_put__refuses), UNIT(receiver_put__sealed_stays),
          UNIT(stage__receipt_names_no_object), UNIT(stage__limit_before_any_byte), UNIT(stage__becomes_the_objects),
          UNIT(stage__adopted_after_a_crash), UNIT(receipt__its_bytes_stay), UNIT(stage__wrong_root_takes_no_place),
          UNIT(receiver_put__not_while_removed), UNIT(stage__adopted_beside_another_version))
