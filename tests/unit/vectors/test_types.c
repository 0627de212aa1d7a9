/* SPDX-License-Identifier: Apache-2.0 */
/* tests/vectors/{layouts,names,state_keys,signed,requests}.json. */
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/keys_params.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_permission.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "chain/types/keys_validator.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "chain/types/proof.h"
#include "chain/types/request.h"
#include "chain/types/signed.h"
#include "chain/types/tx.h"
#include "tests/unit/vectors/vectors.h"

/* The i-th key of keys.json. */
static struct seckey key_of(size_t i) {
    struct seckey key;
    json_t *all = vectors_load("keys");
    assert_ok(seckey_init(&key, vectors_hex(json_array_get(vectors_get(all, "keys"), i), "secret").data, NULL), NULL);
    json_decref(all);
    return key;
}

static uint64_t element(const json_t *object, const char *key, size_t i) {
    return strtoull(json_string_value(json_array_get(vectors_get(object, key), i)), NULL, 10);
}

static void layouts(void **state) {
    (void)state;
    json_t *all = vectors_load("layouts"), *at;
    size_t i;
    json_array_foreach(vectors_get(all, "layouts"), i, at) {
        Profile p;
        uint64_t size = vectors_u64(at, "size"), segments = vectors_u64(at, "segments");
        assert_ok(profile_parse(vectors_text(at, "profile"), vectors_u64(at, "segment_size"), &p, NULL), NULL);
        assert_int_equal(profile_positions(&p), vectors_u64(at, "positions"));
        assert_int_equal(layout_segments(&p, size), segments);
        assert_int_equal(layout_billed_bytes(&p, size), vectors_u64(at, "billed"));
        for (uint32_t pos = 0; pos < profile_positions(&p); pos++) {
            assert_int_equal(layout_position_bytes(&p, size, pos), element(at, "position_bytes", pos));
            if (segments > 0)
                assert_int_equal(layout_piece_len(&p, size, segments - 1, pos), element(at, "last_piece", pos));
        }
    }
    json_array_foreach(vectors_get(all, "refused"), i, at) {
        Profile p;
        assert_code(profile_parse(json_string_value(at), 0, &p, NULL), CODE_INVALID_ARGUMENT);
    }
    json_decref(all);
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *kind;
        int (*check)(const char *name, struct err *err);
    } kinds[] = {{"buckets", name_check_bucket}, {"objects", name_check_object}, {"groups", name_check_group}};
    json_t *all = vectors_load("names"), *at;
    size_t i;
    for (size_t k = 0; k < 3; k++)
        json_array_foreach(vectors_get(all, kinds[k].kind), i, at) {
            bool valid = kinds[k].check(vectors_text(at, "name"), NULL) == CODE_OK;
            if (valid != json_is_true(vectors_get(at, "valid")))
                fail_msg("%s: '%s' is judged otherwise", kinds[k].kind, vectors_text(at, "name"));
        }
    json_decref(all);
}

static void state_keys(void **state) {
    (void)state;
    struct seckey secret = key_of(0);
    struct pubkey pub = seckey_pubkey(&secret);
    struct addr a = addr_of_key(&pub);
    static struct key k[33];
    struct hash evidence = hash_of(DOMAIN_EVIDENCE, BYTES_NONE);
    const char *name = "my.bucket", *obj = "a/b \xc3\xa9";
    struct key *at = k;
    const struct {
        const char *name;
        struct bytes key;
    } table[] = {{"chain_state", key_chain_state(at++)},
                 {"sequences", key_sequences(at++)},
                 {"params", key_params(at++, 3)},
                 {"account", key_account(at++, &a)},
                 {"validator", key_validator(at++, &a)},
                 {"validator_set", key_validator_set(at++, 9)},
                 {"set_state", key_set_state(at++)},
                 {"height_page", key_height_page(at++, 3 * HEIGHT_PAGE + 5)},
                 {"rewards", key_rewards(at++, &a)},
                 {"used_evidence", key_used_evidence(at++, &evidence)},
                 {"seed", key_seed(at++)},
                 {"sp", key_sp(at++, 3)},
                 {"sp_by_addr", key_sp_by_addr(at++, &a)},
                 {"placement_group", key_placement_group(at++, 4)},
                 {"sp_group", key_sp_group(at++, 3, 4)},
                 {"primary_group", key_primary_group(at++, 3, 4)},
                 {"bucket", key_bucket(at++, name)},
                 {"bucket_id", key_bucket_id(at++, 5)},
                 {"bucket_owner", key_bucket_owner(at++, &a, name)},
                 {"object", key_object(at++, 5, obj)},
                 {"object_id", key_object_id(at++, 6)},
                 {"group", key_group(at++, &a, "friends")},
                 {"group_id", key_group_id(at++, 7)},
                 {"member", key_member(at++, 7, &a)},
                 {"slot", key_slot(at++, 5, 0)},
                 {"policy_account", key_policy_account(at++, 1, 5, &a)},
                 {"policy_group", key_policy_group(at++, 2, 6, 7)},
                 {"payment_account", key_payment_account(at++, &a)},
                 {"read_quota", key_read_quota(at++, 5)},
                 {"channel", key_channel(at++, 4)},
                 {"challenge", key_challenge(at++, 8)},
                 {"challenge_sp", key_challenge_sp(at++, 3, 8)},
                 {"repair", key_repair(at++, 6, 2)}};
    json_t *all = vectors_load("state_keys"), *list = vectors_get(all, "keys");
    assert_int_equal(json_array_size(list), sizeof table / sizeof *table);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const json_t *want = json_array_get(list, i);
        assert_string_equal(vectors_text(want, "name"), table[i].name);
        vectors_same(table[i].key, vectors_hex(want, "key"), table[i].name);
        vectors_same_hash(proof_key_hash(table[i].key), want, "key_hash");
    }
    json_decref(all);
}

/* --- signed.json --- */

static struct bytes encoded_value(const ProtobufCMessageDescriptor *desc, const json_t *value, void **ret_message) {
    struct err err;
    struct bytes out;
    void *message;
    assert_ok(json_to_pb(desc, value, &vectors_arena, &message, &err), &err);
    assert_ok(pb_encode(message, &vectors_arena, &out, &err), &err);
    if (ret_message)
        *ret_message = message;
    return out;
}

/* Signs the message of one structure by its own function, and compares. */
#define CHECK_STRUCTURE(at, verb, Type, Signed, field, desc)                                                           \
    do {                                                                                                               \
        void *message;                                                                                                 \
        struct bytes bytes = encoded_value(&(desc), vectors_get(at, "value"), &message);                               \
        Signed *out;                                                                                                   \
        Type *back;                                                                                                    \
        vectors_same(bytes, vectors_hex(at, "bytes"), #Type);                                                          \
        assert_ok(verb##_sign(message, &key, &tag, &vectors_arena, &out, NULL), NULL);                                 \
        vectors_same(pb_bytes(out->field), vectors_hex(at, "bytes"), #Type);                                           \
        vectors_same(pb_bytes(out->signature), vectors_hex(at, "signature"), #Type " signature");                      \
        assert_ok(verb##_open(out, &tag, &vectors_arena, &back, NULL), NULL);                                          \
        assert_ok(verb##_verify(out, &pub, &tag, NULL), NULL);                                                         \
    } while (0)

static void signed_structures(void **state) {
    (void)state;
    json_t *all = vectors_load("signed"), *list = vectors_get(all, "structures");
    struct hash tag = vectors_hash(all, "chain_tag");
    struct seckey key = key_of(1);
    struct pubkey pub = seckey_pubkey(&key);
    CHECK_STRUCTURE(json_array_get(list, 0), approval, Approval, SignedApproval, approval, approval__descriptor);
    CHECK_STRUCTURE(json_array_get(list, 1), statement, PayloadStatement, SignedStatement, statement,
                    payload_statement__descriptor);
    CHECK_STRUCTURE(json_array_get(list, 2), ask, SecondaryAsk, SignedSecondaryAsk, ask, secondary_ask__descriptor);
    CHECK_STRUCTURE(json_array_get(list, 3), offer, SecondaryApproval, SignedSecondaryApproval, approval,
                    secondary_approval__descriptor);
    CHECK_STRUCTURE(json_array_get(list, 4), voucher, Voucher, SignedVoucher, voucher, voucher__descriptor);
    assert_int_equal(json_array_size(list), 5);

    const json_t *spec = vectors_get(all, "spec");
    struct bytes spec_bytes = encoded_value(&create_bucket_spec__descriptor, vectors_get(spec, "value"), NULL);
    vectors_same(spec_bytes, vectors_hex(spec, "bytes"), "spec");
    vectors_same_hash(signed_spec_hash(spec_bytes), spec, "spec_hash");

    const json_t *layout = vectors_get(all, "layout");
    struct hash content = vectors_hash(layout, "content_root"), sums[3];
    for (size_t i = 0; i < 3; i++)
        assert_true(
            hash_from(vectors_unhex(json_string_value(json_array_get(vectors_get(layout, "checksums"), i))), &sums[i]));
    vectors_same_hash(signed_layout_root(&content, sums, 3), layout, "layout_root");
    json_decref(all);
}

static void receipt_batch(void **state) {
    (void)state;
    json_t *all = vectors_load("signed"), *batch = vectors_get(all, "receipt_batch"), *at, *step;
    struct hash tag = vectors_hash(all, "chain_tag");
    struct seckey key = key_of(1);
    struct pubkey pub = seckey_pubkey(&key);
    const Receipt *receipts[3];
    SignedReceipt *out[3];
    size_t i, j;
    json_array_foreach(vectors_get(batch, "receipts"), i, at) {
        void *message;
        vectors_same(encoded_value(&receipt__descriptor, vectors_get(at, "value"), &message), vectors_hex(at, "bytes"),
                     "receipt");
        receipts[i] = message;
    }
    assert_ok(receipts_sign(receipts, 3, &key, &tag, &vectors_arena, out, NULL), NULL);
    json_array_foreach(vectors_get(batch, "receipts"), i, at) {
        vectors_same(pb_bytes(out[i]->signature), vectors_hex(batch, "signature"), "batch signature");
        assert_ok(receipt_verify(out[i], &pub, &tag, NULL), NULL);
        json_array_foreach(vectors_get(at, "path"), j, step)
            vectors_same(pb_bytes(out[i]->path[j]), vectors_unhex(json_string_value(step)), "receipt path");
    }
    json_decref(all);
}

static void transaction(void **state) {
    (void)state;
    json_t *all = vectors_load("signed"), *at = vectors_get(all, "tx");
    struct hash tag = vectors_hash(all, "chain_tag");
    struct seckey key = key_of(0);
    void *body;
    struct bytes wire;
    struct tx tx;
    vectors_same(encoded_value(&tx_body__descriptor, vectors_get(at, "value"), &body), vectors_hex(at, "body"), "body");
    assert_ok(tx_sign(body, &key, &tag, &vectors_arena, &wire, NULL), NULL);
    vectors_same(wire, vectors_hex(at, "wire"), "wire transaction");
    assert_ok(tx_parse(wire, &tag, &vectors_arena, &tx, NULL), NULL);
    vectors_same_hash(tx.id, at, "tx_id");
    vectors_same_hash(tx.wire_hash, at, "wire_hash");
    assert_ok(tx_verify(&tx, NULL), NULL);
    json_decref(all);
}

static const char *header_of(void *ctx, const char *name) {
    return json_string_value(json_object_get(ctx, name));
}

static void requests(void **state) {
    (void)state;
    json_t *all = vectors_load("requests"), *at;
    struct hash tag = vectors_hash(all, "chain_tag");
    struct seckey key = key_of(0);
    size_t i;
    json_array_foreach(vectors_get(all, "requests"), i, at) {
        struct request_http http = {.method = vectors_text(at, "method"),
                                    .host = vectors_text(at, "host"),
                                    .path = vectors_text(at, "path"),
                                    .query = vectors_text(at, "query"),
                                    .header = header_of,
                                    .ctx = vectors_get(at, "headers")};
        struct request_auth auth, again;
        char text[REQUEST_TEXT_MAX];
        struct buf canonical;
        uint32_t sp_id = (uint32_t)vectors_u64(at, "sp_id");
        assert_ok(request_auth_parse(vectors_text(at, "auth"), &auth, NULL), NULL);
        assert_ok(request_verify(&auth, &http, sp_id, &tag, NULL), NULL);
        buf_init(&canonical, 64 * KIB);
        assert_ok(request_canonical(&auth, &http, sp_id, &canonical, NULL), NULL);
        vectors_same(buf_bytes(&canonical), bytes_str(vectors_text(at, "canonical")), "canonical request");
        buf_release(&canonical);
        again = auth;
        assert_ok(request_sign(&again, &http, sp_id, &key, &tag, NULL), NULL);
        request_auth_print(&again, text);
        assert_string_equal(text, vectors_text(at, "auth"));
    }
    json_decref(all);
}

TEST_MAIN(cmocka_unit_test(layouts), cmocka_unit_test(names), cmocka_unit_test(state_keys),
          cmocka_unit_test(signed_structures), cmocka_unit_test(receipt_batch), cmocka_unit_test(transaction),
          cmocka_unit_test(requests))
