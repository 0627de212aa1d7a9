/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/record.h"

#include <assert.h>

/* --- writing and reading fixed fields
 * ------------------------------------------------------------------------------------- */

struct writer {
    uint8_t *at;
};

static void put_u8(struct writer *w, uint8_t v) {
    *w->at++ = v;
}
static void put_u16(struct writer *w, uint16_t v) {
    store_be16(w->at, v);
    w->at += 2;
}
static void put_u32(struct writer *w, uint32_t v) {
    store_be32(w->at, v);
    w->at += 4;
}
static void put_u64(struct writer *w, uint64_t v) {
    store_be64(w->at, v);
    w->at += 8;
}
static void put_raw(struct writer *w, const void *data, size_t len) {
    memcpy(w->at, data, len);
    w->at += len;
}

struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct reader *r, size_t len) {
    static const uint8_t zeroes[64];
    assert(len <= sizeof zeroes);
    if (r->bad || r->left < len) {
        r->bad = true;
        return zeroes;
    }
    const uint8_t *got = r->at;
    r->at += len;
    r->left -= len;
    return got;
}
static uint8_t get_u8(struct reader *r) {
    return *take(r, 1);
}
static uint16_t get_u16(struct reader *r) {
    return load_be16(take(r, 2));
}
static uint32_t get_u32(struct reader *r) {
    return load_be32(take(r, 4));
}
static uint64_t get_u64(struct reader *r) {
    return load_be64(take(r, 8));
}
static bool get_flag(struct reader *r) {
    uint8_t v = get_u8(r);
    r->bad = r->bad || v > 1;
    return v == 1;
}
static void get_hash(struct reader *r, struct hash *ret) {
    memcpy(ret->b, take(r, sizeof ret->b), sizeof ret->b);
}
static void get_sig(struct reader *r, struct sig *ret) {
    memcpy(ret->b, take(r, sizeof ret->b), sizeof ret->b);
}

/* --- parts
 * ------------------------------------------------------------------------------------------------------------- */

static void put_vote(struct writer *w, const struct vote *vote) {
    put_u8(w, vote->type);
    put_u64(w, vote->height);
    put_u32(w, vote->round);
    put_u16(w, vote->validator);
    put_raw(w, vote->value.b, sizeof vote->value.b);
    put_raw(w, vote->sig.b, sizeof vote->sig.b);
}

static void get_vote(struct reader *r, struct vote *ret) {
    ret->type = get_u8(r);
    r->bad = r->bad || (ret->type != VOTE_PREVOTE && ret->type != VOTE_PRECOMMIT);
    ret->height = get_u64(r);
    ret->round = get_u32(r);
    ret->validator = get_u16(r);
    get_hash(r, &ret->value);
    get_sig(r, &ret->sig);
}

static void put_proposal(struct writer *w, const struct proposal *proposal) {
    put_u64(w, proposal->height);
    put_u32(w, proposal->round);
    put_u32(w, (uint32_t)proposal->pol_round);
    put_u16(w, proposal->validator);
    put_raw(w, proposal->value.b, sizeof proposal->value.b);
    put_raw(w, proposal->sig.b, sizeof proposal->sig.b);
}

static void get_proposal(struct reader *r, struct proposal *ret) {
    ret->height = get_u64(r);
    ret->round = get_u32(r);
    ret->pol_round = (int32_t)get_u32(r);
    r->bad = r->bad || ret->pol_round < POL_ROUND_NONE;
    ret->validator = get_u16(r);
    get_hash(r, &ret->value);
    get_sig(r, &ret->sig);
}

static void put_certificate(struct writer *w, const struct certificate *cert) {
    assert(cert->n <= VALIDATORS_MAX);
    put_u8(w, cert->kind);
    put_u64(w, cert->height);
    put_u32(w, cert->round);
    put_raw(w, cert->value.b, sizeof cert->value.b);
    put_u16(w, cert->n);
    for (uint16_t i = 0; i < cert->n; i++)
        put_vote(w, &cert->votes[i]);
}

static void get_certificate(struct reader *r, struct certificate *ret) {
    ret->kind = get_u8(r);
    ret->height = get_u64(r);
    ret->round = get_u32(r);
    get_hash(r, &ret->value);
    ret->n = get_u16(r);
    if (ret->n > VALIDATORS_MAX)
        r->bad = true;
    for (uint16_t i = 0; i < ret->n && !r->bad; i++)
        get_vote(r, &ret->votes[i]);
}

static void put_start(struct writer *w, const struct bft_start *start) {
    put_u64(w, start->height);
    put_u32(w, start->wait_ms);
    put_u32(w, start->heartbeat_ms);
    put_u8(w, start->due);
}

static void get_start(struct reader *r, struct bft_start *ret) {
    memset(ret, 0, sizeof *ret);
    ret->height = get_u64(r);
    ret->wait_ms = get_u32(r);
    ret->heartbeat_ms = get_u32(r);
    ret->due = get_flag(r);
}

static void put_timer(struct writer *w, const struct bft_timer *timer) {
    put_u8(w, timer->kind);
    put_u64(w, timer->height);
    put_u32(w, timer->round);
}

static void get_timer(struct reader *r, struct bft_timer *ret) {
    ret->kind = get_u8(r);
    r->bad = r->bad || ret->kind == 0 || ret->kind >= BFT_TIMER_KINDS;
    ret->height = get_u64(r);
    ret->round = get_u32(r);
    ret->delay_ms = 0;
}

static void put_sign(struct writer *w, const struct bft_sign *sign) {
    put_u8(w, sign->type);
    if (sign->type == VOTE_PROPOSAL)
        put_proposal(w, &sign->proposal);
    else
        put_vote(w, &sign->vote);
}

static void get_sign(struct reader *r, struct bft_sign *ret) {
    ret->type = get_u8(r);
    if (ret->type == VOTE_PROPOSAL) {
        get_proposal(r, &ret->proposal);
    } else {
        get_vote(r, &ret->vote);
        r->bad = r->bad || ret->vote.type != ret->type;
    }
}

/* --- records
 * -------------------------------------------------------------------------------------------------------------- */

size_t bft_record_encode(const struct bft_event *event, uint8_t *ret_bytes) {
    struct writer w = {ret_bytes};
    put_u8(&w, (uint8_t)event->kind);
    switch (event->kind) {
    case BFT_EVENT_START:
        put_start(&w, &event->start);
        break;
    case BFT_EVENT_PROPOSAL:
        put_u8(&w, event->proposal.timely);
        put_proposal(&w, &event->proposal.proposal);
        break;
    case BFT_EVENT_VOTE:
        put_vote(&w, &event->vote);
        break;
    case BFT_EVENT_CERTIFICATE:
        put_certificate(&w, event->certificate);
        break;
    case BFT_EVENT_BODY:
        put_u8(&w, event->body.verdict);
        put_raw(&w, event->body.value.b, sizeof event->body.value.b);
        break;
    case BFT_EVENT_BUILT:
        put_u64(&w, event->built.height);
        put_u32(&w, event->built.round);
        put_raw(&w, event->built.value.b, sizeof event->built.value.b);
        break;
    case BFT_EVENT_TIMER:
        put_timer(&w, &event->timer);
        break;
    case BFT_EVENT_SIGNED:
        put_sign(&w, &event->sign);
        break;
    case BFT_EVENT_DUE:
        break;
    case BFT_EVENT_RESUME:
        assert(false);
    }
    size_t len = (size_t)(w.at - ret_bytes);
    assert(len <= BFT_RECORD_MAX);
    return len;
}

bool bft_record_decode(const uint8_t *bytes, size_t len, struct certificate *certificate, struct bft_event *ret_event) {
    struct reader r = {bytes, len, false};
    ret_event->kind = (enum bft_event_kind)get_u8(&r);
    switch (ret_event->kind) {
    case BFT_EVENT_START:
        get_start(&r, &ret_event->start);
        break;
    case BFT_EVENT_PROPOSAL:
        ret_event->proposal.timely = get_flag(&r);
        get_proposal(&r, &ret_event->proposal.proposal);
        break;
    case BFT_EVENT_VOTE:
        get_vote(&r, &ret_event->vote);
        break;
    case BFT_EVENT_CERTIFICATE:
        get_certificate(&r, certificate);
        ret_event->certificate = certificate;
        break;
    case BFT_EVENT_BODY:
        ret_event->body.verdict = get_u8(&r);
        r.bad =
            r.bad || (ret_event->body.verdict != BFT_VERDICT_VALID && ret_event->body.verdict != BFT_VERDICT_INVALID);
        get_hash(&r, &ret_event->body.value);
        break;
    case BFT_EVENT_BUILT:
        ret_event->built.height = get_u64(&r);
        ret_event->built.round = get_u32(&r);
        get_hash(&r, &ret_event->built.value);
        break;
    case BFT_EVENT_TIMER:
        get_timer(&r, &ret_event->timer);
        break;
    case BFT_EVENT_SIGNED:
        get_sign(&r, &ret_event->sign);
        break;
    case BFT_EVENT_DUE:
        break;
    case BFT_EVENT_RESUME:
    default:
        return false;
    }
    return !r.bad && r.left == 0;
}
