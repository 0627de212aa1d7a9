/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/node/own_tx.h"
#include "chain/types/evidence.h"
#include "chain/types/keys_validator.h"

#include <stdlib.h>

/* --- sets
 * ----------------------------------------------------------------------------------------------------------------------
 */

const struct full_set *full_set_at(const struct sim *s, uint64_t height) {
    return height < HEIGHTS_MAX + 2 ? s->full->heights[height].set : NULL;
}

static struct full_set *set_new(struct sim *s, const struct validator_set *set, const struct hash *hash) {
    struct full_set *x = s->full->sets[s->full->sets_n++] = calloc(1, sizeof *x);
    if (!x)
        abort();
    x->set = *set;
    x->hash = *hash;
    x->total = validator_set_power(set);
    for (uint16_t i = 0; i < set->n; i++)
        x->owner[i] = VALIDATOR_NONE;
    for (uint16_t v = 0; v < VALIDATORS_SIM_MAX; v++)
        x->index[v] = VALIDATOR_NONE;
    for (uint16_t v = 0; v < s->keyed; v++)
        for (uint16_t i = 0; i < set->n; i++)
            if (memcmp(s->pubkeys[v].b, set->at[i].key.b, sizeof s->pubkeys[v].b) == 0) {
                x->owner[i] = v;
                x->index[v] = i;
                x->power[v] = set->at[i].power;
            }
    return x;
}

void full_set_known(struct sim *s, uint64_t height, const struct validator_set *set) {
    struct full_world *w = s->full;
    if (height >= HEIGHTS_MAX + 2)
        return;
    struct full_height *h = &w->heights[height];
    struct hash mine = validator_set_hash(set);
    if (h->set && !hash_eq(&mine, &h->set->hash))
        check_fail(s, "two nodes know different validators of height %llu", (unsigned long long)height);
    for (uint32_t i = 0; i < w->sets_n && !h->set; i++)
        if (hash_eq(&mine, &w->sets[i]->hash))
            h->set = w->sets[i];
    if (!h->set)
        h->set = set_new(s, set, &mine);
}

/* --- blocks
 * ----------------------------------------------------------------------------------------------------------------------
 */

const struct full_block *full_block_find(const struct sim *s, const struct hash *id) {
    for (uint32_t i = s->full->blocks_n; i-- > 0;)
        if (hash_eq(&s->full->blocks[i].id, id))
            return &s->full->blocks[i];
    return NULL;
}

struct full_block *full_block_note(struct sim *s, const struct header *header) {
    struct full_world *w = s->full;
    for (uint32_t i = w->blocks_n; i-- > 0;)
        if (hash_eq(&w->blocks[i].id, &header->id))
            return &w->blocks[i];
    if (w->blocks_n == BLOCKS_MAX) {
        check_fail(s, "more than %d blocks were made", BLOCKS_MAX);
        return &w->blocks[0];
    }
    w->blocks[w->blocks_n] =
        (struct full_block){.id = header->id, .height = header->height, .txs = (uint32_t)header->txs_count};
    return &w->blocks[w->blocks_n++];
}

/* Whoever knows the block before judges a block alike. */
void full_check_judged(struct full *f, const struct header *header, bool invalid) {
    struct full_block *b = full_block_note(f->sim, header);
    if (f->node->nature != HONEST && f->node->nature != OBSERVER)
        return;
    if (b->judged && b->valid == invalid)
        check_fail(f->sim, "node %u judges a block of height %llu %s, others did not", f->node->index,
                   (unsigned long long)header->height, invalid ? "invalid" : "valid");
    b->judged = true;
    b->valid = !invalid;
}

/* --- what is sent
 * -------------------------------------------------------------------------------------------------------------- */

static uint16_t owner_of(const struct sim *s, uint64_t height, uint16_t index) {
    const struct full_set *set = full_set_at(s, height);
    return set && index < set->set.n ? set->owner[index] : VALIDATOR_NONE;
}

/* What others signed goes only to who lacks it. */
static void check_relayed(struct full *f, const struct vote *vote, uint16_t owner) {
    struct hash digest = vote_digest(&f->sim->chain_tag, vote);
    f->sim->relayed++;
    if (owner == VALIDATOR_NONE || !verifier_check(&f->sim->verifiers[owner], &digest, &vote->sig))
        check_fail(f->sim, "node %u relays what nobody signed", f->node->index);
}

static void check_vote(struct full *f, bool to_all, struct bytes payload, struct arena *arena) {
    struct bft_sign sign;
    if (wire_vote_decode(payload, arena, &sign.vote, NULL) != CODE_OK) {
        check_fail(f->sim, "node %u sends a vote that is none", f->node->index);
        return;
    }
    sign.type = sign.vote.type;
    uint16_t owner = owner_of(f->sim, sign.vote.height, sign.vote.validator);
    if (owner != VALIDATOR_NONE && owner == f->node->validator)
        check_signed(f->sim, f->node, &sign);
    else if (!to_all)
        check_relayed(f, &sign.vote, owner);
    else
        check_fail(f->sim, "node %u sends another's vote as its own", f->node->index);
}

static void check_proposal(struct full *f, struct bytes payload, struct arena *arena) {
    struct wire_proposal p;
    if (wire_proposal_decode(payload, &f->sim->chain_tag, arena, &p, NULL) != CODE_OK) {
        check_fail(f->sim, "node %u sends a proposal that is none", f->node->index);
        return;
    }
    full_block_note(f->sim, &p.header);
    if (owner_of(f->sim, p.proposal.height, p.proposal.validator) == f->node->validator)
        check_signed(f->sim, f->node, &(struct bft_sign){.type = VOTE_PROPOSAL, .proposal = p.proposal});
}

void full_check_sent(struct full *f, bool to_all, uint8_t kind, struct bytes payload) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    if (kind == WIRE_VOTE)
        check_vote(f, to_all, payload, arena);
    else if (kind == WIRE_PROPOSAL)
        check_proposal(f, payload, arena);
    arena_rewind(arena, mark);
}

/* --- what is committed
 * --------------------------------------------------------------------------------------------------------- */

bool full_has_body(const struct full *f, const struct hash *id, uint64_t height) {
    if (!f->open || f->joining)
        return false; /* on its disk, perhaps: who is up must be enough, or the others after a restart */
    if (f->executor.head->height >= height)
        return true;
    for (size_t i = 0; i < BODIES_MAX; i++)
        if (f->core.bodies.at[i].block != NULL && f->core.bodies.at[i].state == BODY_VALID &&
            hash_eq(&f->core.bodies.at[i].block->header.id, id))
            return true;
    return false;
}

/* While nobody is down, honest nodes with more than a third of the power hold what was decided. */
static void check_held(struct sim *s, const struct hash *id, uint64_t height) {
    const struct full_set *set = full_set_at(s, height);
    uint64_t power = 0;
    for (uint32_t i = 0; i < s->nodes_n; i++) {
        struct sim_node *n = &s->nodes[i];
        if (n->nature != HONEST)
            continue;
        if (!n->up)
            return;
        if (full_has_body(&s->full->nodes[i], id, height))
            power += set->power[n->validator];
    }
    if (s->drawn.fork ? power == 0 : power * 3 <= set->total)
        check_fail(s, "the body decided at height %llu is held by too few", (unsigned long long)height);
}

void full_check_committed(struct full *f, const struct head *before, const struct certificate *cert) {
    struct sim *s = f->sim;
    const struct head *h = f->executor.head;
    char name[12];
    struct err err;
    if (h->height + 2 >= HEIGHTS_MAX) {
        check_fail(s, "liveness: somebody stands still while node %u decides height %llu", f->node->index,
                   (unsigned long long)h->height);
        return;
    }
    trace(s, f->node, h->height, load_be64(h->app_hash.b), "commits h %llu %s of r %u, app hash %02x%02x",
          (unsigned long long)h->height, value_name(&h->id, name), cert->round, h->app_hash.b[0], h->app_hash.b[1]);
    if (cert->kind != CERTIFICATE_COMMIT || cert->height != h->height || !hash_eq(&cert->value, &h->id) ||
        certificate_verify(cert, &s->chain_tag, &before->info.validators, &err) != CODE_OK)
        check_fail(s, "node %u commits height %llu without its certificate", f->node->index,
                   (unsigned long long)h->height);
    full_set_known(s, h->height + 1, &h->info.validators);
    full_set_known(s, h->height + 2, &h->info.next_validators);
    if (!hash_eq(&before->info.params_hash, &h->info.params_hash))
        s->full->params_changed++;
    struct full_height *known = &s->full->heights[h->height];
    const struct full_block *b = full_block_find(s, &h->id);
    if (b && b->txs > before->info.consensus->block_txs_max)
        check_fail(s, "node %u commits a block of height %llu with %u transactions, at most %llu are allowed",
                   f->node->index, (unsigned long long)h->height, b->txs,
                   (unsigned long long)before->info.consensus->block_txs_max);
    if (b && b->judged && !b->valid)
        check_fail(s, "node %u commits an invalid block at height %llu", f->node->index, (unsigned long long)h->height);
    if (!known->known) {
        known->known = true;
        known->app_hash = h->app_hash;
        s->decided[h->height] = h->id;
        s->highest = h->height > s->highest ? h->height : s->highest;
        s->empty_blocks += b && b->txs == 0;
        check_held(s, &h->id, h->height);
    } else if (!hash_eq(&s->decided[h->height], &h->id) && s->drawn.fork) {
        s->forked = true; /* as it may be here; small seeds look at who is proven to have lied */
    } else if (!hash_eq(&s->decided[h->height], &h->id)) {
        check_fail(s, "agreement is broken at height %llu: node %u decides another block",
                   (unsigned long long)h->height, f->node->index);
    } else if (!hash_eq(&known->app_hash, &h->app_hash)) {
        check_fail(s, "node %u has another app hash after height %llu", f->node->index, (unsigned long long)h->height);
    }
}

void full_check_head(struct full *f) {
    struct sim *s = f->sim;
    const struct head *h = f->executor.head;
    const struct full_height *known = &s->full->heights[h->height];
    f->node->committed = h->height;
    f->lost_height = h->height > f->lost_height ? 0 : f->lost_height;
    if (h->height > 0 && !known->known)
        check_fail(s, "node %u opens at height %llu, which nobody has committed", f->node->index,
                   (unsigned long long)h->height);
    if (h->height > 0 && !hash_eq(&h->app_hash, &known->app_hash))
        check_fail(s, "node %u opens with another app hash at height %llu", f->node->index,
                   (unsigned long long)h->height);
    full_set_known(s, h->height + 1, &h->info.validators);
    full_set_known(s, h->height + 2, &h->info.next_validators);
}

/* --- evidence
 * ------------------------------------------------------------------------------------------------------------------------
 */

static bool proves(struct sim *s, const Evidence *pb, uint64_t height, uint16_t index) {
    const struct full_set *set = full_set_at(s, height);
    struct bft_evidence e = {.type = VOTE_PROPOSAL};
    struct verifier key;
    if (!set || index >= set->set.n || verifier_init(&key, &set->set.at[index].key, NULL))
        return false;
    if (pb->kind != EVIDENCE_KIND_DOUBLE_VOTE) {
        struct evidence two;
        return evidence_from_pb(pb, &two, NULL) == CODE_OK && two.type == VOTE_PROPOSAL && two.height == height &&
               two.validator == index && evidence_verify(&two, &s->chain_tag, &set->set, NULL) == CODE_OK;
    }
    if (!pb->vote_a || !pb->vote_b || vote_from_pb(pb->vote_a, &e.votes[0], NULL) ||
        vote_from_pb(pb->vote_b, &e.votes[1], NULL))
        return false;
    for (int i = 0; i < 2; i++) {
        struct hash digest = vote_digest(&s->chain_tag, &e.votes[i]);
        if (e.votes[i].validator != index || e.votes[i].height != height ||
            !verifier_check(&key, &digest, &e.votes[i].sig))
            return false;
    }
    return e.votes[0].round == e.votes[1].round && e.votes[0].type == e.votes[1].type &&
           !hash_eq(&e.votes[0].value, &e.votes[1].value);
}

void full_check_evidence(struct full *f, uint64_t height, uint16_t index, struct bytes encoded) {
    struct sim *s = f->sim;
    struct arena *arena = &s->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    Evidence *pb = NULL;
    uint16_t accused = owner_of(s, height, index);
    s->evidence++;
    trace(s, f->node, accused, height, "evidence against validator %u", accused);
    struct addr culprit = f->core.head->info.validators.at[index].addr;
    (void)accuser_add(&f->accuser, &culprit, encoded, f->core.head->height, NULL);
    if (pb_decode(&evidence__descriptor, encoded, arena, &pb, NULL) != CODE_OK || !proves(s, pb, height, index))
        check_fail(s, "node %u reports evidence that proves nothing", f->node->index);
    else if (accused == VALIDATOR_NONE || s->natures[accused] == HONEST)
        check_fail(s, "node %u reports evidence against honest validator %u", f->node->index, accused);
    arena_rewind(arena, mark);
}

/* Who was honest has lost nothing for good. */
static void check_records(struct full *f) {
    struct sim *s = f->sim;
    struct arena *arena = &s->full->scratch;
    for (uint16_t v = 0; v < s->keyed; v++) {
        struct arena_mark mark = arena_mark(arena);
        struct addr addr = addr_of_key(&s->pubkeys[v]);
        struct key k;
        Validator *record = NULL;
        if (own_read(store_state(f->store), key_validator(&k, &addr), &validator__descriptor, arena, &record, NULL) ==
            CODE_OK) {
            s->full->jailed += record->tombstoned ? 1 : 0;
            if (s->natures[v] == HONEST && (record->tombstoned || record->slashed))
                check_fail(s, "honest validator %u was punished", v);
        }
        arena_rewind(arena, mark);
    }
}

/* --- the end of a seed: who stands at one height holds the same, key by key, and the tree over it
 * --------------------------------------- */

void full_check_end(struct sim *s) {
    const struct full_world *w = s->full;
    trace(s, NULL, w->txs_sent, w->txs_committed,
          "the end: %llu transactions sent, %llu committed (by each node), %llu links, %llu blocks by sync, %llu "
          "joined, %llu reports, %llu times asked out of jail, blocks pruned to h %llu, %llu proposals, %llu votes, "
          "parameters changed %llu times (by each node), %llu programs replaced",
          (unsigned long long)w->txs_sent, (unsigned long long)w->txs_committed, (unsigned long long)w->links_made,
          (unsigned long long)w->applied, (unsigned long long)w->joined, (unsigned long long)w->reports,
          (unsigned long long)w->away, (unsigned long long)w->pruned, (unsigned long long)w->proposed,
          (unsigned long long)w->voted, (unsigned long long)w->params_changed, (unsigned long long)w->upgraded);
    struct hash digests[NODES_MAX];
    uint64_t heights[NODES_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nodes_n && !s->failure[0]; i++) {
        struct full *f = &s->full->nodes[i];
        struct store_view *view = NULL;
        struct err err;
        if (!f->open || f->joining || s->nodes[i].nature == AMNESIAC)
            continue;
        int rc = store_view_open(f->store, &view, &err);
        if (!rc)
            rc = store_digest(view, BYTES_NONE, &digests[n], &err);
        if (!rc)
            rc = store_check(view, &err);
        if (rc)
            check_fail(s, "node %u: its store: %s", i, err_text(&err));
        else
            heights[n] = store_view_height(view);
        for (uint32_t j = 0; !rc && j < n; j++)
            if (heights[j] == heights[n] && !hash_eq(&digests[j], &digests[n]))
                check_fail(s, "node %u holds another state than others at height %llu", i,
                           (unsigned long long)heights[n]);
        store_view_close(view);
        check_records(f);
        n++;
    }
}
