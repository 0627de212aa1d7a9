/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/bft/record.h"

static struct certificate cert_in, cert_out;

static void fill_vote(struct rng *r, struct vote *vote) {
    *vote = (struct vote){.height = rng_u64(r),
                          .round = (uint32_t)rng_u64(r),
                          .validator = (uint16_t)rng_u64(r),
                          .type = (uint8_t)rng_range(r, VOTE_PREVOTE, VOTE_PRECOMMIT)};
    rng_fill(r, vote->value.b, sizeof vote->value.b);
    rng_fill(r, vote->sig.b, sizeof vote->sig.b);
}

static void fill_proposal(struct rng *r, struct proposal *p) {
    *p = (struct proposal){.height = rng_u64(r),
                           .round = (uint32_t)rng_u64(r),
                           .pol_round = (int32_t)rng_below(r, 100) - 1,
                           .validator = (uint16_t)rng_u64(r)};
    rng_fill(r, p->value.b, sizeof p->value.b);
    rng_fill(r, p->sig.b, sizeof p->sig.b);
}

static void fill_certificate(struct rng *r, struct certificate *cert) {
    cert->kind = (uint8_t)rng_range(r, CERTIFICATE_POLKA, CERTIFICATE_ROUND);
    cert->height = rng_u64(r);
    cert->round = (uint32_t)rng_u64(r);
    cert->n = (uint16_t)rng_below(r, VALIDATORS_MAX + 1);
    rng_fill(r, cert->value.b, sizeof cert->value.b);
    for (uint16_t i = 0; i < cert->n; i++)
        fill_vote(r, &cert->votes[i]);
}

static struct bft_event some_event(struct rng *r, enum bft_event_kind kind) {
    struct bft_event e;
    memset(&e, 0, sizeof e);
    e.kind = kind;
    switch (kind) {
    case BFT_EVENT_START:
        e.start.height = rng_u64(r);
        e.start.wait_ms = (uint32_t)rng_u64(r);
        e.start.heartbeat_ms = (uint32_t)rng_u64(r);
        e.start.due = rng_chance(r, 1, 2);
        break;
    case BFT_EVENT_PROPOSAL:
        e.proposal.timely = rng_chance(r, 1, 2);
        fill_proposal(r, &e.proposal.proposal);
        break;
    case BFT_EVENT_VOTE:
        fill_vote(r, &e.vote);
        break;
    case BFT_EVENT_CERTIFICATE:
        fill_certificate(r, &cert_in);
        e.certificate = &cert_in;
        break;
    case BFT_EVENT_BODY:
        e.body.verdict = (uint8_t)rng_range(r, BFT_VERDICT_VALID, BFT_VERDICT_INVALID);
        rng_fill(r, e.body.value.b, sizeof e.body.value.b);
        break;
    case BFT_EVENT_BUILT:
        e.built.height = rng_u64(r);
        e.built.round = (uint32_t)rng_u64(r);
        rng_fill(r, e.built.value.b, sizeof e.built.value.b);
        break;
    case BFT_EVENT_TIMER:
        e.timer.kind = (uint8_t)rng_range(r, BFT_TIMER_START, BFT_TIMER_REBROADCAST);
        e.timer.height = rng_u64(r);
        e.timer.round = (uint32_t)rng_u64(r);
        break;
    case BFT_EVENT_SIGNED:
        e.sign.type = (uint8_t)rng_below(r, 3);
        if (e.sign.type == VOTE_PROPOSAL)
            fill_proposal(r, &e.sign.proposal);
        else
            fill_vote(r, &e.sign.vote);
        if (e.sign.type != VOTE_PROPOSAL)
            e.sign.vote.type = e.sign.type;
        break;
    case BFT_EVENT_DUE:
    case BFT_EVENT_RESUME:
        break;
    }
    return e;
}

/* encode(decode(encode(e))) = encode(e), for every kind; every shorter or longer text is refused. */
static void bft_record__round_trip(void **state) {
    static uint8_t a[BFT_RECORD_MAX + 1], b[BFT_RECORD_MAX];
    struct rng r;
    (void)state;
    rng_init(&r, 7);
    for (int i = 0; i < 2000; i++) {
        struct bft_event e = some_event(&r, (enum bft_event_kind)rng_range(&r, BFT_EVENT_START, BFT_EVENT_DUE)), back;
        size_t len = bft_record_encode(&e, a);
        assert_true(bft_record_decode(a, len, &cert_out, &back));
        assert_int_equal(back.kind, e.kind);
        assert_int_equal(bft_record_encode(&back, b), len);
        assert_memory_equal(a, b, len);
        a[len] = 0;
        assert_false(bft_record_decode(a, len + 1, &cert_out, &back));
        assert_false(bft_record_decode(a, rng_below(&r, len), &cert_out, &back));
    }
}

static void bft_record_decode__refuses(void **state) {
    static uint8_t bytes[BFT_RECORD_MAX];
    struct bft_event e;
    (void)state;
    assert_false(bft_record_decode(bytes, 0, &cert_out, &e));
    bytes[0] = 0;
    assert_false(bft_record_decode(bytes, 1, &cert_out, &e));
    bytes[0] = BFT_EVENT_RESUME;
    assert_false(bft_record_decode(bytes, 1, &cert_out, &e));
    bytes[0] = 99;
    assert_false(bft_record_decode(bytes, 1, &cert_out, &e));
    e = (struct bft_event){.kind = BFT_EVENT_BODY};
    e.body.verdict = 3;
    assert_false(bft_record_decode(bytes, bft_record_encode(&e, bytes), &cert_out, &e));
}

TEST_MAIN(cmocka_unit_test(bft_record__round_trip), cmocka_unit_test(bft_record_decode__refuses))
