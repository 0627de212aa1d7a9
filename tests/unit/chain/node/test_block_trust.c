/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that were certified although a transaction in them is not signed; and a block that the operator trusts, up to
 * which that is not looked at. */
#include "tests/unit/chain/node/syncing.h"

/* The first block with a transaction that its sender has not signed, decided by three of four; its header's id. */
static struct bytes not_signed(struct hash *ret_id) {
    struct err err;
    StoredBlock *pb = NULL;
    Block *block = NULL;
    Header *header = NULL;
    struct bytes bytes;
    struct hash hashes[TXS];
    struct block *b = NULL;
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, 1, &arena), &arena, &pb, &err), &err);
    assert_ok(pb_decode(&block__descriptor, pb_bytes(pb->block), &arena, &block, &err), &err);
    assert_ok(pb_decode(&header__descriptor, pb_bytes(block->header), &arena, &header, &err), &err);
    block->txs[1].data[block->txs[1].len - 40] ^= 1;
    for (size_t i = 0; i < TXS; i++) {
        struct bytes wire = pb_bytes(block->txs[i]);
        struct sig sig;
        memcpy(sig.b, wire.data + wire.len - sizeof sig.b, sizeof sig.b);
        hashes[i] = tx_wire_hash_of(bytes_of(wire.data + 4, wire.len - TX_FRAME_LEN), &sig);
    }
    struct hash root = header_txs_root(hashes, TXS);
    header->txs_root = pb_data(hash_bytes(&root));
    assert_ok(pb_encode(header, &arena, &bytes, &err), &err);
    block->header = pb_data(bytes);
    assert_ok(pb_encode(block, &arena, &bytes, &err), &err);
    assert_ok(block_new(bytes, &chain.tag, &b, &err), &err);
    pb->block = pb_data(bytes);
    struct certificate cert = made_chain_certify(&chain, b, 3);
    assert_ok(certificate_to_pb(&cert, 4, &arena, &pb->certificate, &err), &err);
    assert_ok(pb_encode(pb, &arena, &bytes, &err), &err);
    *ret_id = b->header.id;
    block_unref(b);
    return bytes;
}

/* The same of a transaction's signature, which is judged before the block is executed. */
static void block_sync__decided_and_not_signed(void **state) {
    (void)state;
    struct hash id;
    struct bytes bytes = not_signed(&id);
    claim(1, 3);
    assert_true(asked(1));
    batch(1, 1, &bytes, 1);
    assert_int_equal(seen.diverged, 1);
    assert_int_equal(ex.head->height, 0);
    assert_int_equal(seen.points[1], 0);
}

/* What a trusted block covers is not verified; the block behind it is, and at its height the chain must be at it. */
static void check_run__signatures_that_a_trusted_block_covers(void **state) {
    (void)state;
    struct hash id, other = {{9}};
    struct bytes bytes = not_signed(&id);
    const struct {
        struct check_trust trust;
        int want;
    } rows[] = {
        {{0, {{0}}}, CODE_BAD_SIGNATURE}, {{1, id}, CODE_OK}, {{1, other}, CODE_UNTRUSTED}, {{2, other}, CODE_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct check_point point;
        check_point_of(ex.head, &point);
        struct check *k = check_new(&chain.tag, &point, 1);
        assert_non_null(k);
        k->trust = rows[i].trust;
        k->count = 1;
        k->blocks[0].stored = malloc(bytes.len);
        k->blocks[0].len = bytes.len;
        memcpy(k->blocks[0].stored, bytes.data, bytes.len);
        check_run(k, verify);
        assert_code(k->failed, rows[i].want);
        assert_true(k->certified);
        check_free(k);
    }
}

static struct hash id_of(uint64_t height) {
    struct err err;
    StoredBlock *pb = NULL;
    struct block *b = NULL;
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, height, &arena), &arena, &pb, &err), &err);
    assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &b, &err), &err);
    struct hash id = b->header.id;
    block_unref(b);
    return id;
}

enum { TRUSTED = HEIGHTS / 2 };

static void block_sync__up_to_a_trusted_block(void **state) {
    (void)state;
    core_close(&core);
    trust = (struct check_trust){TRUSTED, id_of(TRUSTED)};
    reopen(NULL);
    finish(1);
    assert_int_equal(verify_stats(verify).checked, (HEIGHTS - TRUSTED) * TXS);
}

static void block_sync__not_to_the_trusted_block(void **state) {
    (void)state;
    core_close(&core);
    trust = (struct check_trust){TRUSTED, id_of(TRUSTED + 1)};
    reopen(NULL);
    for (int i = 0; i < 50 && seen.diverged == 0; i++) {
        claim(1, HEIGHTS + 1);
        answer_asks(1, 0, HONEST);
        later(400);
    }
    assert_int_equal(seen.diverged, TRUSTED);
    assert_true(ex.head->height < TRUSTED);
    assert_int_equal(seen.points[1], 0);
}

/* A height that the chain has not come to: all that there is by block sync is covered, nothing says yet that the chain
 * is the right one. What comes by consensus then is verified as ever. */
static void block_sync__trusted_block_is_beyond_the_end(void **state) {
    (void)state;
    struct err err;
    struct hash id;
    StoredBlock *pb = NULL;
    struct block *b = NULL;
    bool invalid = false;
    assert_ok(pb_decode(&stored_block__descriptor, not_signed(&id), &arena, &pb, &err), &err);
    assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &b, &err), &err);
    ex.options.trust = (struct check_trust){HEIGHTS + 1, id};
    assert_code(executor_judge(&ex, b, &invalid, &err), CODE_BAD_SIGNATURE);
    assert_true(invalid);
    block_unref(b);
    uint64_t before = verify_stats(verify).checked;
    core_close(&core);
    trust = ex.options.trust;
    reopen(NULL);
    finish(1);
    assert_int_equal(verify_stats(verify).checked, before);
    assert_int_equal(seen.diverged, 0);
}

/* The blocks before it came by block sync and unverified, it comes by consensus: it must be the trusted one all the
 * same. */
static void executor_judge__another_than_the_trusted_block(void **state) {
    (void)state;
    struct err err;
    StoredBlock *pb = NULL;
    struct block *b = NULL;
    bool invalid = false;
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, 1, &arena), &arena, &pb, &err), &err);
    assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &b, &err), &err);
    ex.options.trust = (struct check_trust){1, id_of(2)};
    assert_code(executor_judge(&ex, b, &invalid, &err), CODE_UNTRUSTED);
    assert_true(invalid);
    ex.options.trust = (struct check_trust){1, id_of(1)};
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    ex.options.trust = (struct check_trust){2, id_of(1)};
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    assert_false(invalid);
    block_unref(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(block_sync__decided_and_not_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(check_run__signatures_that_a_trusted_block_covers, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__up_to_a_trusted_block, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__not_to_the_trusted_block, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__trusted_block_is_beyond_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(executor_judge__another_than_the_trusted_block, setup, teardown),
    };
    syncing_begin();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    syncing_end();
    return rc;
}
