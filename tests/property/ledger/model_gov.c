/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Votes, naively: every proposal with what each validator has said last, added up anew for the set of each block.
 * Whether a proposal or a vote must be refused is foretold; when more than two thirds say yes, or more than a third no,
 * or the time is over, it must be decided so, and the parameters in force are those of genesis with the changes of all
 * that have passed, and nothing else. The sets are taken from the ledger; whether a change is one that a chain can live
 * with is asked of params_check.
 */
#include "tests/property/ledger/model.h"

#include "cairn/gov.h"
#include "cairn/state.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_gov.h"
#include "chain/types/keys_params.h"
#include "x/base/record.h"
#include "x/validator/sets.h"

#define PROPOSALS_MAX 512
#define VOTERS_MAX    32
#define NUMBERS_MAX   256

typedef unsigned long long ull;

struct said {
    struct addr validator;
    bool yes;
};

struct asked {
    uint64_t id, ends_at;
    bool open, passed, changes;
    struct {
        char name[96];
        uint64_t value;
    } list[8];
    size_t n;
    struct said votes[VOTERS_MAX];
    size_t votes_n;
};

struct number {
    char name[96];
    uint64_t value;
};

struct votes {
    const struct facts *facts;
    struct asked all[PROPOSALS_MAX], kept[PROPOSALS_MAX];
    size_t n, kept_n;
    struct number numbers[NUMBERS_MAX]; /* in force */
    size_t numbers_n;
    struct validator_set set; /* that votes at the height of the block */
    uint64_t held;
};

/* --- numbers --- */

static uint64_t number_in(const Params *params, const char *name, bool *ret_there) {
    char group[32];
    const char *dot = strchr(name, '.');
    *ret_there = false;
    if (!dot || (size_t)(dot - name) >= sizeof group)
        return 0;
    memcpy(group, name, (size_t)(dot - name));
    group[dot - name] = '\0';
    const ProtobufCFieldDescriptor *g = protobuf_c_message_descriptor_get_field_by_name(&params__descriptor, group);
    if (!g || g->type != PROTOBUF_C_TYPE_MESSAGE)
        return 0;
    const char *inner = *(char *const *)(const void *)((const char *)params + g->offset);
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(g->descriptor, dot + 1);
    uint64_t value = 0;
    if (!f || f->type != PROTOBUF_C_TYPE_UINT64 || f->label == PROTOBUF_C_LABEL_REPEATED)
        return 0;
    memcpy(&value, inner + f->offset, sizeof value);
    *ret_there = true;
    return value;
}

static void take_numbers(struct votes *v, const Params *params) {
    for (unsigned g = 0; g < params__descriptor.n_fields; g++) {
        const ProtobufCFieldDescriptor *group = &params__descriptor.fields[g];
        if (group->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const ProtobufCMessageDescriptor *inner = group->descriptor;
        for (unsigned j = 0; j < inner->n_fields; j++) {
            struct number n;
            bool there;
            snprintf(n.name, sizeof n.name, "%s.%s", group->name, inner->fields[j].name);
            n.value = number_in(params, n.name, &there);
            assert_true(v->numbers_n < NUMBERS_MAX);
            if (there)
                v->numbers[v->numbers_n++] = n;
        }
    }
}

static void set_number(struct votes *v, const char *name, uint64_t value) {
    for (size_t i = 0; i < v->numbers_n; i++)
        if (strcmp(v->numbers[i].name, name) == 0) {
            v->numbers[i].value = value;
            return;
        }
    fail_msg("a proposal that passed changes %s, which is no number", name);
}

struct votes *votes_new(const struct facts *facts) {
    struct votes *v = calloc(1, sizeof *v);
    assert_non_null(v);
    v->facts = facts;
    take_numbers(v, &facts->w->f.params.all);
    return v;
}

void votes_keep(struct votes *v) {
    memcpy(v->kept, v->all, v->n * sizeof *v->all);
    v->kept_n = v->n;
}

void votes_back(struct votes *v) {
    memcpy(v->all, v->kept, v->kept_n * sizeof *v->all);
    v->n = v->kept_n;
}

/* --- messages --- */

static struct asked *proposal_of(struct votes *v, uint64_t id) {
    for (size_t i = 0; i < v->n; i++)
        if (v->all[i].id == id)
            return &v->all[i];
    return NULL;
}

enum verdict votes_says(struct votes *v, const Msg *msg, const char **ret_why) {
    if (msg->body_case != MSG__BODY_VOTE)
        return MAYBE;
    const struct asked *p = proposal_of(v, msg->vote->proposal_id);
    if (p && p->open && v->facts->now < p->ends_at)
        return MAYBE;
    *ret_why = "the proposal is not open";
    return NO;
}

static void heard_proposal(struct votes *v, const MsgPropose *m, uint64_t id) {
    assert_true(v->n < PROPOSALS_MAX);
    struct asked *p = &v->all[v->n++];
    bool there;
    *p = (struct asked){.id = id, .open = true, .changes = m->content_case == MSG_PROPOSE__CONTENT_PARAMS};
    for (size_t i = 0; i < v->numbers_n; i++)
        if (strcmp(v->numbers[i].name, "gov.voting_ms") == 0)
            p->ends_at = v->facts->now + v->numbers[i].value;
    for (size_t i = 0; p->changes && i < m->params->n_changes; i++) {
        assert_true(p->n < COUNT_OF(p->list));
        snprintf(p->list[p->n].name, sizeof p->list[p->n].name, "%s", m->params->changes[i]->name);
        p->list[p->n++].value = m->params->changes[i]->value;
        number_in(&v->facts->w->f.params.all, m->params->changes[i]->name, &there);
        if (!there && strncmp(m->params->changes[i]->name, "auth.message_prices.", 20) != 0)
            fail_msg("a proposal about %s was taken, which is no number", m->params->changes[i]->name);
    }
}

static void heard_vote(struct votes *v, const MsgVote *m) {
    struct asked *p = proposal_of(v, m->proposal_id);
    struct said vote = {.yes = m->option == VOTE_OPTION_YES};
    addr_from(bytes_of(m->validator.data, m->validator.len), &vote.validator);
    for (size_t i = 0; i < p->votes_n; i++)
        if (addr_eq(&p->votes[i].validator, &vote.validator)) {
            p->votes[i] = vote; /* the last word counts */
            return;
        }
    assert_true(p->votes_n < VOTERS_MAX);
    p->votes[p->votes_n++] = vote;
}

void votes_accept(struct votes *v, const Msg *msg, struct told *told) {
    if (msg->body_case == MSG__BODY_PROPOSE)
        heard_proposal(v, msg->propose, told_id(told, "gov.proposed", "proposal"));
    if (msg->body_case == MSG__BODY_VOTE)
        heard_vote(v, msg->vote);
}

/* --- the end of a block --- */

struct sums {
    uint64_t yes, no, power;
};

static struct sums add_up(const struct votes *v, const struct asked *p) {
    struct sums s = {0};
    for (size_t i = 0; i < v->set.n; i++) {
        struct addr a = addr_of_key(&v->set.at[i].key);
        s.power += v->set.at[i].power;
        for (size_t j = 0; j < p->votes_n; j++)
            if (addr_eq(&p->votes[j].validator, &a))
                *(p->votes[j].yes ? &s.yes : &s.no) += v->set.at[i].power;
    }
    return s;
}

struct found {
    struct votes *v;
    const struct asked *p;
    GovProposal *record; /* NULL: forgotten */
};

static void look(struct ctx *ctx, void *arg) {
    struct found *r = arg;
    struct key k;
    struct err err = {0};
    int rc = record_get(ctx, key_proposal(&k, r->p->id), &gov_proposal__descriptor, &r->record, &err);
    if (rc)
        r->record = NULL;
    assert_ok(set_at(ctx, r->v->facts->w->f.height, &r->v->set, &err), &err);
}

/* What has been decided is what was said; what passed holds. */
static void close(struct votes *v, struct asked *p, const GovProposal *record) {
    struct sums s = add_up(v, p);
    bool yes = (u128)s.yes * 3 > (u128)s.power * 2, no = (u128)s.no * 3 >= s.power && s.no;
    bool decided = record->status == PROPOSAL_STATUS_PASSED || record->status == PROPOSAL_STATUS_FAILED;
    p->open = false;
    v->held++;
    if (yes != decided || (!yes && !no && v->facts->now < p->ends_at))
        fail_msg("proposal %llu has %llu of %llu for it, %llu against, until %llu (it is %llu): it is %s", (ull)p->id,
                 (ull)s.yes, (ull)s.power, (ull)s.no, (ull)p->ends_at, (ull)v->facts->now,
                 decided ? "decided for" : "rejected");
    p->passed = record->status == PROPOSAL_STATUS_PASSED;
    for (size_t i = 0; p->passed && p->changes && i < p->n; i++)
        if (strncmp(p->list[i].name, "auth.message_prices.", 20) != 0)
            set_number(v, p->list[i].name, p->list[i].value);
}

/* In the order in which they were decided, which the events tell. */
static void take_decided(struct votes *v) {
    const BlockResults *r = v->facts->w->f.outcome.results;
    for (size_t i = 0; i < r->n_end_events; i++) {
        if (strcmp(r->end_events[i]->type, "gov.decided") != 0)
            continue;
        uint64_t id = strtoull(fixture_attribute(r->end_events[i], "proposal"), NULL, 10);
        struct asked *p = proposal_of(v, id);
        if (!p || !p->open)
            fail_msg("proposal %llu was decided, and is not open", (ull)id);
        struct found rec = {v, p, NULL};
        fixture_with_ctx(&v->facts->w->f, look, &rec);
        if (!rec.record)
            fail_msg("proposal %llu is forgotten at once", (ull)id);
        close(v, p, rec.record);
    }
}

static void hold_open(struct votes *v, struct asked *p) {
    struct found rec = {v, p, NULL};
    fixture_with_ctx(&v->facts->w->f, look, &rec);
    v->held++;
    if (!rec.record || rec.record->status != PROPOSAL_STATUS_VOTING || rec.record->votes != p->votes_n)
        fail_msg("proposal %llu is %s, and should be open with %zu votes", (ull)p->id,
                 !rec.record ? "gone" : "decided, or has other votes", p->votes_n);
}

static void hold_numbers(struct ctx *ctx, void *arg) {
    struct votes *v = arg;
    struct key k;
    struct err err = {0};
    ChainState *chain;
    Params *params;
    assert_ok(record_get(ctx, key_chain_state(&k), &chain_state__descriptor, &chain, &err), &err);
    assert_ok(record_get(ctx, key_params(&k, chain->params_version), &params__descriptor, &params, &err), &err);
    for (size_t i = 0; i < v->numbers_n; i++, v->held++) {
        bool there;
        uint64_t value = number_in(params, v->numbers[i].name, &there);
        if (value != v->numbers[i].value)
            fail_msg("parameter %s is %llu, and was voted to be %llu", v->numbers[i].name, (ull)value,
                     (ull)v->numbers[i].value);
    }
}

uint64_t votes_compare(struct votes *v) {
    size_t n = 0;
    v->held = 0;
    take_decided(v);
    for (size_t i = 0; i < v->n; i++)
        if (v->all[i].open) {
            hold_open(v, &v->all[i]);
            v->all[n++] = v->all[i]; /* what is decided is no matter any more */
        }
    v->n = n;
    fixture_with_ctx(&v->facts->w->f, hold_numbers, v);
    return v->held;
}
