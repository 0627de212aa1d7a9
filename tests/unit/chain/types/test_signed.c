/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/types/signed.h"
#include "tests/lib/test.h"

static struct arena arena;
static struct seckey key;
static struct pubkey pub, other_pub;
static const struct hash tag = {{1}}, other_tag = {{2}}, some = {{3}};
static const struct addr creator = {{4}};

static int setup(void **state) {
    (void)state;
    uint8_t raw[32] = {5};
    arena_init(&arena, 32 * MIB);
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    pub = seckey_pubkey(&key);
    raw[0] = 6;
    struct seckey other;
    assert_int_equal(seckey_init(&other, raw, NULL), CODE_OK);
    other_pub = seckey_pubkey(&other);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static void approval__signed_opened_verified(void **state) {
    (void)state;
    struct err err;
    Approval in = APPROVAL__INIT, *out;
    SignedApproval *sealed;
    in.chain_tag = pb_data(hash_bytes(&tag));
    in.sp_id = 3;
    in.spec_hash = pb_data(hash_bytes(&some));
    in.price = 7;
    in.timeout = 1000;
    in.nonce = 9;
    assert_ok(approval_sign(&in, &key, &tag, &arena, &sealed, &err), &err);
    assert_ok(approval_open(sealed, &tag, &arena, &out, &err), &err);
    assert_int_equal(out->nonce, 9);
    assert_ok(approval_verify(sealed, &pub, &tag, &err), &err);
    assert_code(approval_verify(sealed, &other_pub, &tag, &err), CODE_BAD_SIGNATURE);
    assert_code(approval_verify(sealed, &pub, &other_tag, &err), CODE_BAD_SIGNATURE);
    assert_code(approval_open(sealed, &other_tag, &arena, &out, &err), CODE_CHAIN_MISMATCH);
    sealed->approval.data[sealed->approval.len - 1] ^= 1;
    assert_code(approval_verify(sealed, &pub, &tag, &err), CODE_BAD_SIGNATURE);
    sealed->approval.len--;
    assert_true(approval_open(sealed, &tag, &arena, &out, &err) != CODE_OK);
}

/* A statement's bytes signed as an approval do not pass as a statement: domains differ. */
static void greenfield_11_3_25__domains_keep_kinds_apart(void **state) {
    (void)state;
    SecondaryAsk ask = SECONDARY_ASK__INIT;
    SignedSecondaryAsk *as_ask;
    SignedSecondaryApproval as_offer = SIGNED_SECONDARY_APPROVAL__INIT;
    ask.chain_tag = pb_data(hash_bytes(&tag));
    ask.from_sp = 1;
    assert_ok(ask_sign(&ask, &key, &tag, &arena, &as_ask, NULL), NULL);
    assert_ok(ask_verify(as_ask, &pub, &tag, NULL), NULL);
    as_offer.approval = as_ask->ask;
    as_offer.signature = as_ask->signature;
    assert_code(offer_verify(&as_offer, &pub, &tag, NULL), CODE_BAD_SIGNATURE);
}

static void statement_and_offer__round_trip(void **state) {
    (void)state;
    PayloadStatement in = PAYLOAD_STATEMENT__INIT, *out;
    SignedStatement *sealed;
    in.chain_tag = pb_data(hash_bytes(&tag));
    in.creator = pb_data(addr_bytes(&creator));
    in.object_name = pb_text("a/b");
    in.size = 5;
    in.content_root = pb_data(hash_bytes(&some));
    assert_ok(statement_sign(&in, &key, &tag, &arena, &sealed, NULL), NULL);
    assert_ok(statement_open(sealed, &tag, &arena, &out, NULL), NULL);
    assert_string_equal(out->object_name, "a/b");
    assert_ok(statement_verify(sealed, &pub, &tag, NULL), NULL);

    SecondaryApproval offer = SECONDARY_APPROVAL__INIT, *offer_out;
    SignedSecondaryApproval *offered;
    offer.chain_tag = pb_data(hash_bytes(&tag));
    offer.sp_id = 4;
    assert_ok(offer_sign(&offer, &key, &tag, &arena, &offered, NULL), NULL);
    assert_ok(offer_open(offered, &tag, &arena, &offer_out, NULL), NULL);
    assert_int_equal(offer_out->sp_id, 4);
    assert_ok(offer_verify(offered, &pub, &tag, NULL), NULL);
}

enum { BATCH = 20 };
static Receipt receipts[BATCH];
static Profile profile;

static void sign_batch(size_t count, SignedReceipt **ret) {
    const Receipt *list[BATCH];
    profile = (Profile)PROFILE__INIT;
    profile.kind = PROFILE_KIND_REPLICA;
    profile.k = 1;
    for (size_t i = 0; i < count; i++) {
        receipts[i] = (Receipt)RECEIPT__INIT;
        receipts[i].chain_tag = pb_data(hash_bytes(&tag));
        receipts[i].object_id = i + 1;
        receipts[i].profile = &profile;
        receipts[i].object_name = pb_text("x");
        list[i] = &receipts[i];
    }
    struct err err;
    assert_ok(receipts_sign(list, count, &key, &tag, &arena, ret, &err), &err);
}

static void receipts__one_signature_covers_each(void **state) {
    (void)state;
    for (size_t count = 1; count <= BATCH; count++) {
        SignedReceipt *sealed[BATCH];
        sign_batch(count, sealed);
        for (size_t i = 0; i < count; i++) {
            Receipt *out;
            assert_ok(receipt_open(sealed[i], &tag, &arena, &out, NULL), NULL);
            assert_int_equal(out->object_id, i + 1);
            assert_ok(receipt_verify(sealed[i], &pub, &tag, NULL), NULL);
            assert_code(receipt_verify(sealed[i], &other_pub, &tag, NULL), CODE_BAD_SIGNATURE);
            assert_code(receipt_verify(sealed[i], &pub, &other_tag, NULL), CODE_BAD_SIGNATURE);
        }
    }
}

static void greenfield_11_3_10__receipts_cannot_be_moved_or_swapped(void **state) {
    (void)state;
    SignedReceipt *sealed[BATCH];
    sign_batch(5, sealed);
    SignedReceipt bent = *sealed[1];
    bent.index = 2;
    assert_true(receipt_verify(&bent, &pub, &tag, NULL) != CODE_OK);
    bent = *sealed[1];
    bent.count = 6;
    assert_true(receipt_verify(&bent, &pub, &tag, NULL) != CODE_OK);
    bent = *sealed[1];
    bent.receipt = sealed[2]->receipt;
    assert_code(receipt_verify(&bent, &pub, &tag, NULL), CODE_BAD_SIGNATURE);
    bent = *sealed[1];
    bent.n_path--;
    assert_code(receipt_verify(&bent, &pub, &tag, NULL), CODE_MALFORMED);
    bent = *sealed[1];
    bent.count = RECEIPT_BATCH_MAX + 1;
    assert_code(receipt_verify(&bent, &pub, &tag, NULL), CODE_MALFORMED);
    bent = *sealed[1];
    bent.signature.len = 63;
    assert_code(receipt_verify(&bent, &pub, &tag, NULL), CODE_BAD_SIGNATURE);
    const Receipt *none[1] = {&receipts[0]};
    assert_code(receipts_sign(none, 0, &key, &tag, &arena, sealed, NULL), CODE_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(approval__signed_opened_verified),
        cmocka_unit_test(greenfield_11_3_25__domains_keep_kinds_apart),
        cmocka_unit_test(statement_and_offer__round_trip),
        cmocka_unit_test(receipts__one_signature_covers_each),
        cmocka_unit_test(greenfield_11_3_10__receipts_cannot_be_moved_or_swapped),
    };
    test_setup();
    return cmocka_run_group_tests(tests, setup, teardown);
}
