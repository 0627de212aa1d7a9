/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every four bytes are an event for one core among four validators: kind, round, value, voters. All events are well
 * signed, as if three of the four (and whoever else) could lie at will. Properties: no assertion of the core fails,
 * whatever arrives in whatever order; it never signs two messages of one type for one round, and never prevotes or
 * polka; the log, replayed through its bytes, gives the same state; a record decoded from arbitrary bytes encodes to
 * the same bytes.
 */
#include "chain/bft/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define VALIDATORS 4
#define SELF       3
#define LOG_MAX    4096

static const uint64_t powers[VALIDATORS] = {1, 1, 1, 1};
static const struct bft_config config = {.propose_ms = 10, .timeout_max_ms = 1000, .rebroadcast_ms = 10};

struct rig {
    struct bft *core;
    struct bft_start start;
    bool valid[256]; /* by value's first byte, this height */
    struct bft_sign last[3];
    bool signed_[3];
    struct bft_update update;
    struct certificate cert;
    uint32_t log_n, log_len;
    uint32_t ends[LOG_MAX];
    uint8_t log[LOG_MAX * 512];
};

static void require(bool holds) {
    if (!holds)
        abort();
}

static struct hash value_of(uint8_t letter) {
    struct hash value = {0};
    if (letter % 5)
        memset(value.b, letter % 5, sizeof value.b);
    return value;
}

static void check_sign(struct rig *rig, const struct bft_sign *sign) {
    struct bft_sign *last = &rig->last[sign->type];
    const struct hash *value = sign->type == VOTE_PROPOSAL ? &sign->proposal.value : &sign->vote.value;
    uint32_t round = sign->type == VOTE_PROPOSAL ? sign->proposal.round : sign->vote.round;
    require(hash_is_zero(value) || rig->valid[value->b[0]]);
    if (rig->signed_[sign->type]) {
        uint32_t before = sign->type == VOTE_PROPOSAL ? last->proposal.round : last->vote.round;
        const struct hash *same = sign->type == VOTE_PROPOSAL ? &last->proposal.value : &last->vote.value;
        require(round > before || (round == before && hash_eq(value, same)));
    }
    struct bft_view view;
    bft_view(rig->core, &view);
    if (sign->type == VOTE_PRECOMMIT && !hash_is_zero(value))
        require(view.locked_round >= 0 && hash_eq(&view.locked, value));
    *last = *sign;
    rig->signed_[sign->type] = true;
}

static void keep(struct rig *rig, const struct bft_event *event) {
    uint8_t bytes[BFT_RECORD_MAX];
    size_t len = bft_record_encode(event, bytes);
    if (rig->log_n == LOG_MAX || rig->log_len + len > sizeof rig->log)
        exit(0); /* longer than any input that is worth while */
    memcpy(rig->log + rig->log_len, bytes, len);
    rig->log_len += (uint32_t)len;
    rig->ends[rig->log_n++] = rig->log_len;
}

static void step(struct rig *rig, const struct bft_event *event) {
    struct bft_event answers[8];
    int n = 0;
    bft_step(rig->core, event, &rig->update);
    for (uint32_t i = 0; i < rig->update.n; i++) {
        const struct bft_output *out = &rig->update.outputs[i];
        if (out->kind == BFT_OUT_LOG)
            keep(rig, event);
        if (out->kind == BFT_OUT_DECIDE)
            require(rig->valid[out->decide.value.b[0]] && out->decide.certificate->n >= 3);
        if (out->kind == BFT_OUT_SIGN) {
            require(n < 8);
            check_sign(rig, &out->sign);
            answers[n++] = (struct bft_event){.kind = BFT_EVENT_SIGNED, .sign = out->sign};
        }
    }
    for (int i = 0; i < n; i++)
        step(rig, &answers[i]);
}

static void start(struct rig *rig, uint8_t hints) {
    struct bft_event event = {.kind = BFT_EVENT_START};
    rig->start = (struct bft_start){.height = rig->start.height + 1,
                                    .powers = powers,
                                    .validators = VALIDATORS,
                                    .self = SELF,
                                    .wait_ms = hints & 1,
                                    .heartbeat_ms = 10,
                                    .due = hints & 2,
                                    .config = config};
    memset(rig->valid, 0, sizeof rig->valid);
    memset(rig->signed_, 0, sizeof rig->signed_);
    rig->log_n = rig->log_len = 0;
    event.start = rig->start;
    step(rig, &event);
}

static void restart(struct rig *rig) {
    uint64_t before = bft_fingerprint(rig->core);
    rig->core = bft_init(rig->core, VALIDATORS); /* its memory is the core's own */
    for (uint32_t i = 0; i < rig->log_n; i++) {
        struct bft_event event;
        uint32_t from = i ? rig->ends[i - 1] : 0;
        require(bft_record_decode(rig->log + from, rig->ends[i] - from, &rig->cert, &event));
        if (event.kind == BFT_EVENT_START)
            event.start = rig->start;
        bft_step(rig->core, &event, &rig->update);
    }
    require(bft_fingerprint(rig->core) == before);
    step(rig, &(struct bft_event){.kind = BFT_EVENT_RESUME});
}

static uint32_t round_of(uint8_t b) {
    return b < 200 ? b % 6 : b < 250 ? b % 40 : (uint32_t)b * 4001;
}

static void proposal(struct rig *rig, const uint8_t *op) {
    struct bft_event event = {.kind = BFT_EVENT_PROPOSAL};
    uint32_t round = round_of(op[1]);
    event.proposal.timely = op[3] & 64;
    event.proposal.proposal = (struct proposal){.height = rig->start.height,
                                                .round = round,
                                                .pol_round = (int32_t)(op[3] % 8) - 1,
                                                .validator = bft_proposer(rig->core, round),
                                                .value = value_of(op[2])};
    step(rig, &event);
}

static struct vote some_vote(const struct rig *rig, const uint8_t *op, uint16_t validator, uint8_t type) {
    return (struct vote){.height = rig->start.height,
                         .round = round_of(op[1]),
                         .validator = validator,
                         .type = type,
                         .value = value_of(op[2])};
}

/* Other validators only: nobody has our key. */
static void votes(struct rig *rig, const uint8_t *op, uint8_t type) {
    for (uint16_t v = 0; v < VALIDATORS; v++)
        if (v != SELF && (op[3] >> v & 1))
            step(rig, &(struct bft_event){.kind = BFT_EVENT_VOTE, .vote = some_vote(rig, op, v, type)});
}

static void certificate(struct rig *rig, const uint8_t *op, enum certificate_kind kind) {
    struct certificate *cert = &rig->cert;
    cert->kind = (uint8_t)kind;
    cert->height = rig->start.height;
    cert->round = round_of(op[1]) + (kind == CERTIFICATE_ROUND && (op[3] & 16) ? 1 : 0);
    cert->value = kind == CERTIFICATE_ROUND ? (struct hash){0} : value_of(op[2]);
    cert->n = 0;
    for (uint16_t v = 0; v < VALIDATORS; v++)
        if (v != SELF && (op[3] >> v & 1))
            cert->votes[cert->n++] = some_vote(rig, op, v, kind == CERTIFICATE_POLKA ? VOTE_PREVOTE : VOTE_PRECOMMIT);
    step(rig, &(struct bft_event){.kind = BFT_EVENT_CERTIFICATE, .certificate = cert});
}

static void body(struct rig *rig, const uint8_t *op) {
    struct bft_event event = {.kind = BFT_EVENT_BODY};
    event.body.value = value_of(op[2]);
    event.body.verdict = op[3] & 1 || rig->valid[event.body.value.b[0]] ? BFT_VERDICT_VALID : BFT_VERDICT_INVALID;
    if (event.body.verdict == BFT_VERDICT_VALID)
        rig->valid[event.body.value.b[0]] = true;
    step(rig, &event);
}

static void built(struct rig *rig, const uint8_t *op) {
    struct bft_view view;
    bft_view(rig->core, &view);
    struct bft_event event = {.kind = BFT_EVENT_BUILT};
    event.built.height = view.height;
    event.built.round = view.round;
    event.built.value = value_of(op[2]);
    rig->valid[event.built.value.b[0]] = true;
    step(rig, &event);
}

static void timer(struct rig *rig, const uint8_t *op) {
    struct bft_view view;
    bft_view(rig->core, &view);
    struct bft_event event = {.kind = BFT_EVENT_TIMER};
    event.timer = (struct bft_timer){.kind = op[2] % (BFT_TIMER_KINDS + 1),
                                     .height = view.height,
                                     .round = op[1] & 128 ? view.round : round_of(op[1])};
    step(rig, &event);
}

static void play(struct rig *rig, const uint8_t *op) {
    switch (op[0] % 12) {
    case 0:
        proposal(rig, op);
        break;
    case 1:
        votes(rig, op, VOTE_PREVOTE);
        break;
    case 2:
        votes(rig, op, VOTE_PRECOMMIT);
        break;
    case 3:
        body(rig, op);
        break;
    case 4:
        built(rig, op);
        break;
    case 5:
        timer(rig, op);
        break;
    case 6:
        step(rig, &(struct bft_event){.kind = BFT_EVENT_DUE});
        break;
    case 7:
        certificate(rig, op, CERTIFICATE_POLKA);
        break;
    case 8:
        certificate(rig, op, CERTIFICATE_COMMIT);
        break;
    case 9:
        certificate(rig, op, CERTIFICATE_ROUND);
        break;
    case 10:
        restart(rig);
        break;
    case 11:
        start(rig, op[1]);
        break;
    }
}

static void check_record(const uint8_t *data, size_t len) {
    static struct certificate cert;
    static uint8_t again[BFT_RECORD_MAX];
    struct bft_event event;
    if (!bft_record_decode(data, len, &cert, &event))
        return;
    require(bft_record_encode(&event, again) == len && memcmp(again, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static struct rig rig;
    static _Alignas(16) uint8_t memory[256 * 1024];
    check_record(data, len);
    if (len < 4 || len > 2048)
        return 0;
    require(bft_size(VALIDATORS) <= sizeof memory);
    rig.core = bft_init(memory, VALIDATORS);
    rig.start.height = 0;
    start(&rig, data[0]);
    for (size_t at = 1; at + 4 <= len; at += 4)
        play(&rig, data + at);
    restart(&rig);
    return 0;
}
