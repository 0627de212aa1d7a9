/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "tests/lib/test.h"

static Profile profile;
static ObjectInfo object;
static uint8_t bitmap[1];

static struct deal_facts sealed_object(uint64_t positions) {
    assert_int_equal(profile_parse("ec:4+2+w", 0, &profile, NULL), CODE_OK);
    object = (ObjectInfo)OBJECT_INFO__INIT;
    object.profile = &profile;
    object.payload_size = 100;
    object.object_status = OBJECT_STATUS_SEALED;
    bitmap[0] = (uint8_t)positions;
    object.sealed_positions = (ProtobufCBinaryData){1, bitmap};
    return (struct deal_facts){.object = &object, .live = UINT64_MAX, .now = 1000, .warning_ms = 100};
}

static void by_positions(void **state) {
    (void)state;
    struct deal_facts facts = sealed_object(0x7f);
    assert_int_equal(deal_state(&facts), DEAL_STATE_DEAL);
    facts.live = ~(uint64_t)1;
    assert_int_equal(deal_state(&facts), DEAL_STATE_PART_DEAL);
    facts.live = 1;
    assert_int_equal(deal_state(&facts), DEAL_STATE_PART_DEAL);
    facts.live = 0x0e;
    assert_int_equal(deal_state(&facts), DEAL_STATE_BID);
    facts = sealed_object(0x7f);
    object.lost = true;
    assert_int_equal(deal_state(&facts), DEAL_STATE_BID);
    facts = sealed_object(0x7f);
    object.object_status = OBJECT_STATUS_CREATED;
    assert_int_equal(deal_state(&facts), DEAL_STATE_BID);
    facts = sealed_object(0);
    object.payload_size = 0;
    assert_int_equal(deal_state(&facts), DEAL_STATE_DEAL);
    facts = sealed_object(0x1f);
    assert_int_equal(deal_state(&facts), DEAL_STATE_PART_DEAL);
}

static void by_time(void **state) {
    (void)state;
    static const struct {
        uint64_t expires;
        DealState want;
    } cases[] = {{0, DEAL_STATE_DEAL},           {1101, DEAL_STATE_DEAL},
                 {1100, DEAL_STATE_PENDING_END}, {1001, DEAL_STATE_PENDING_END},
                 {1000, DEAL_STATE_PENDING_END}, {951, DEAL_STATE_PENDING_END},
                 {950, DEAL_STATE_END},          {1, DEAL_STATE_END}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deal_facts facts = sealed_object(0x7f);
        object.expires_at = cases[i].expires;
        object.ends_at = cases[i].expires ? cases[i].expires + 50 : 0;
        assert_int_equal(deal_state(&facts), cases[i].want);
    }
    struct deal_facts facts = sealed_object(0x7f);
    facts.settled = true;
    assert_int_equal(deal_state(&facts), DEAL_STATE_END);
}

static void by_other_ends(void **state) {
    (void)state;
    struct deal_facts facts = sealed_object(0x7f);
    facts.doomed = true;
    assert_int_equal(deal_state(&facts), DEAL_STATE_PENDING_END);
    facts = sealed_object(0x7f);
    object.object_status = OBJECT_STATUS_DISCONTINUED;
    assert_int_equal(deal_state(&facts), DEAL_STATE_PENDING_END);
    facts.live = 2; /* cannot be read: that is said first */
    assert_int_equal(deal_state(&facts), DEAL_STATE_BID);
}

/* Not yet stored is not no longer stored. */
static void lost(void **state) {
    (void)state;
    struct deal_facts facts = sealed_object(0x7f);
    assert_false(deal_lost(&facts));
    facts.live = 2;
    assert_true(deal_lost(&facts));
    object.object_status = OBJECT_STATUS_CREATED;
    assert_false(deal_lost(&facts));
}

/* Every combination of stored facts is exactly one state, and its code is 0 to 4. */
static void every_combination(void **state) {
    (void)state;
    unsigned seen[5] = {0};
    for (unsigned i = 0; i < 1u << 11; i++) {
        struct deal_facts facts = sealed_object(i & 1 ? 0x7f : 0x07);
        static const ObjectStatus statuses[] = {OBJECT_STATUS_CREATED, OBJECT_STATUS_SEALED, OBJECT_STATUS_DISCONTINUED,
                                                OBJECT_STATUS_SEALED};
        static const uint64_t ends[] = {0, 900, 980, 1050, 2000, 1000, 1100, 1};
        object.object_status = statuses[i >> 1 & 3];
        object.expires_at = ends[i >> 3 & 7];
        object.ends_at = object.expires_at ? object.expires_at + 50 : 0;
        object.lost = i >> 6 & 1;
        object.payload_size = i >> 7 & 1 ? 100 : 0;
        facts.live = i >> 8 & 1 ? UINT64_MAX : 0x0e;
        facts.doomed = i >> 9 & 1;
        facts.settled = i >> 10 & 1;
        DealState got = deal_state(&facts);
        assert_in_range(deal_state_code(got), 0, 4);
        seen[deal_state_code(got)]++;
        assert_string_not_equal(deal_state_name(got), "unknown");
        if (deal_lost(&facts))
            assert_true(got == DEAL_STATE_BID || got == DEAL_STATE_PENDING_END || got == DEAL_STATE_END);
    }
    for (size_t i = 0; i < 5; i++)
        assert_true(seen[i] > 0);
}

TEST_MAIN(cmocka_unit_test(by_positions), cmocka_unit_test(by_time), cmocka_unit_test(by_other_ends),
          cmocka_unit_test(lost), cmocka_unit_test(every_combination))
