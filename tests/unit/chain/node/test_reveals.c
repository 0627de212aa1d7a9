/* SPDX-License-Identifier: Apache-2.0 */
/* The own reveal chains, with the ledger's records made by hand; and on a whole ledger, a renewal that is taken. */
#include "chain/node/reveals.h"

#include "tests/lib/ledger/fixture.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_validator.h"

static const struct hash secret = {{1, 2, 3}};

static RevealChain chain_of(struct hash *tip, uint64_t number, uint64_t remaining) {
    RevealChain c = REVEAL_CHAIN__INIT;
    struct hash first = reveal_secret_of(&secret, number);
    *tip = reveal_value(&first, remaining);
    c.tip = pb_data(hash_bytes(tip));
    c.number = number;
    c.remaining = remaining;
    return c;
}

static void value__every_turn_of_two_chains(void **state) {
    (void)state;
    struct reveals r;
    struct hash tip, next_tip, value, first = reveal_secret_of(&secret, 5);
    bool foreign;
    reveals_init(&r, &secret);
    RevealChain c = chain_of(&tip, 4, 2500);
    for (; c.remaining; c.remaining--) {
        value = reveals_value(&r, &c, 10, &foreign);
        assert_false(foreign);
        assert_true(reveal_fits(&tip, &value));
        tip = value;
    }
    value = reveals_value(&r, &c, 10, &foreign);
    assert_true(hash_is_zero(&value) && !foreign); /* spent */
    next_tip = reveal_value(&first, 7);
    c.next_tip = pb_data(hash_bytes(&next_tip));
    c.next_remaining = 7;
    c.next_not_before = 11;
    value = reveals_value(&r, &c, 10, &foreign);
    assert_true(hash_is_zero(&value));
    value = reveals_value(&r, &c, 11, &foreign);
    assert_true(reveal_fits(&next_tip, &value));
    reveals_release(&r);
}

static void value__of_another_secret_is_told(void **state) {
    (void)state;
    struct reveals r;
    struct hash tip, other = {{9}};
    bool foreign;
    reveals_init(&r, &other);
    RevealChain c = chain_of(&tip, 0, 10);
    struct hash value = reveals_value(&r, &c, 1, &foreign);
    assert_true(hash_is_zero(&value) && foreign);
    reveals_release(&r);
}

static void due__below_half_and_only_once(void **state) {
    (void)state;
    RevealChain c = REVEAL_CHAIN__INIT;
    c.remaining = REVEAL_LENGTH / 2;
    assert_false(reveals_due(&c));
    c.remaining--;
    assert_true(reveals_due(&c));
    c.next_remaining = 1;
    assert_false(reveals_due(&c));
    assert_true(reveals_due(NULL));
}

static void renewal__is_taken_by_the_ledger(void **state) {
    (void)state;
    struct fixture f;
    struct reveals r;
    struct store_view *view;
    struct state *st;
    struct bytes wire;
    struct err err = {0};
    struct seckey key = fixture_key("val0");
    struct addr self = fixture_addr("val0");
    struct key k;
    bool foreign;
    fixture_init(&f);
    f.validators = 1;
    f.chain_len = 3; /* far below half of what our programs make */
    fixture_account(&f, "val0", PEBBLE_PER_CAIRN);
    fixture_start(&f);
    reveals_init(&r, &secret);
    assert_ok(store_view_open(f.store, &view, &err), &err);
    assert_ok(store_view_state(view, 0, &st, &err), &err);
    assert_ok(reveals_renewal(&r, st, 0, &key, &f.chain_tag, &f.tx_arena, &wire, &err), &err);
    state_free(st);
    store_view_close(view);
    struct tx *tx = ARENA_NEW(&f.tx_arena, struct tx);
    assert_ok(tx_parse(wire, &f.chain_tag, &f.tx_arena, tx, &err), &err);
    const struct tx *txs[] = {tx};
    assert_code((int)fixture_block(&f, txs, 1)->txs[0]->code, CODE_OK);
    fixture_block(&f, NULL, 0);
    fixture_block(&f, NULL, 0); /* spent now; adopted from height 3 on */
    const Validator *v = fixture_record(&f, key_validator(&k, &self), &validator__descriptor);
    struct app_block block = fixture_next(&f, NULL, 0);
    assert_code(fixture_process_block(&f, &block, NULL), CODE_REVEAL); /* zeros are not enough any more */
    block.reveal = reveals_value(&r, v->reveal, f.height + 1, &foreign);
    assert_code(fixture_process_block(&f, &block, NULL), CODE_OK);
    reveals_release(&r);
    fixture_release(&f);
}

TEST_MAIN(cmocka_unit_test(value__every_turn_of_two_chains), cmocka_unit_test(value__of_another_secret_is_told),
          cmocka_unit_test(due__below_half_and_only_once), cmocka_unit_test(renewal__is_taken_by_the_ledger))
