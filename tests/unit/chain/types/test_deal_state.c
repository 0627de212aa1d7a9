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
    return (struct deal_facts){.object = &object, .live = UINT64_MAX, .now = 1000, .warning_ms = 100, .grace_ms = 50};
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
        assert_int_equal(deal_state(&facts), cases[i].want);
    }
    struct deal_facts facts = sealed_object(0x7f);
    facts.settled = true;
    assert_int_equal(deal_state(&facts), DEAL_STATE_END);
}

TEST_MAIN(cmocka_unit_test(by_positions), cmocka_unit_test(by_time))
