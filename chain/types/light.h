/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_LIGHT_H
#define CAIRN_CHAIN_TYPES_LIGHT_H
/*
 * Light verification: from a point that one trusts (the genesis, or a header whose id one was given) to any header that
 * the validators decided, without the blocks between. Clients, joining nodes and `cairn verify` all judge by it.
 *
 *     struct light_trust trust;                  light_trust_genesis(genesis, ...)  or  light_trust_named(block, ...)
 *     light_walk_begin(&walk, &trust, ...);      the header of which height is wanted
 *     while ((height = light_walk_wants(&walk)))
 *         fetch SignedHeader; light_block_from_pb(...); light_walk_give(&walk, block, now, err);
 *     walk.trust                                 now stands at that height; its app_hash is the state after height - 1
 *
 * A block is believed when
 *   - it hangs together: its chain tag is ours, its set hashes to its validators_hash, its certificate is of precommits
 *     for its id and height (light_block_from_parts);
 *   - the trusted point is younger than the trust period, and the block's time is not further ahead than clocks differ;
 *   - adjacent: it is the next height, its set is the one that the trusted header announced, and it points back to it;
 *     or skipping: among the signers are validators with more than 1/3 of the trusted set's power (at least one honest
 *     one vouches for the new set);
 *   - signers with more than 2/3 of its own set's power signed it, every signature good.
 * Where too few of the trusted set signed, a block between is judged first (bisection).
 *
 * Why the trust period: who has left the set and taken the deposit back can sign another past for nothing. It is
 * shorter than the evidence window, which is not longer than unbonding takes (x/validator).
 *
 * Pure: no clock, no I/O, no allocation but on the caller's arenas.
 */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/types/certificate.h"
#include "chain/types/header.h"
#include "chain/types/validator_set.h"

#include "cairn/genesis.h"
#include "cairn/rpc.h"

#define LIGHT_TRUST_PERIOD_MS ((uint64_t)14 * 24 * 3600 * 1000)
#define LIGHT_DRIFT_MS        ((uint64_t)10 * 1000)

enum {
    LIGHT_PENDING_MAX = 64, /* halvings of a u64: bisection never waits for more blocks at once */
    LIGHT_FETCH_MAX = 256,  /* blocks of one walk: each change of a third of the power costs a few */
};

/* What is believed, and what follows from it. */
struct light_trust {
    struct hash chain_tag;
    uint64_t height;                 /* 0: the genesis */
    uint64_t time;                   /* ms: of that header, or of the genesis */
    struct hash id;                  /* of that header; zero at the genesis */
    struct hash app_hash;            /* that header's, so the state after height - 1; zero at the genesis */
    struct validator_set validators; /* signed height; at 0: sign height 1 */
    struct hash next_hash;           /* of the set that signs height + 1 */
};

/* A header with what decided it, taken apart. It hangs together, but nobody has checked a signature. */
struct light_block {
    struct header header; /* .pb is on the arena that it was parsed on */
    struct certificate certificate;
    struct validator_set validators;
};

struct light_rules {
    uint64_t trust_period_ms; /* LIGHT_TRUST_PERIOD_MS */
    uint64_t drift_ms;        /* LIGHT_DRIFT_MS: how far a header's time may lie ahead of `now` */
};

extern const struct light_rules light_rules_default;

/* --- points of trust ---------------------------------------------------------------------------------------------- */

/* Begins at the genesis. CODE_INVALID_ARGUMENT when its validators are not a set; *ret untouched then. */
int light_trust_genesis(const Genesis *genesis, const struct hash *chain_tag, struct light_trust *ret, struct err *err);

/* Begins at a header whose height and id somebody trusted has told: checks that this is the one and that its set
 * decided it; asks for no age. CODE_UNTRUSTED when it is another; CODE_BAD_SIGNATURE. */
int light_trust_named(const struct light_block *block, uint64_t height, const struct hash *id,
                      const struct hash *chain_tag, struct light_trust *ret, struct err *err);

/* Too old to be a ground for anything later. */
bool light_expired(const struct light_trust *trust, const struct light_rules *rules, uint64_t now_ms);

/* --- blocks from outside ------------------------------------------------------------------------------------------ */

/*
 * Takes a block apart and checks that it hangs together. `next` may be NULL. CODE_MALFORMED: an encoding, size, bitmap
 * or set that is none; CODE_CHAIN_MISMATCH, CODE_VERSION; CODE_INTEGRITY: a set is not the one that the header names;
 * CODE_UNTRUSTED: the certificate is for something else. *ret untouched on failure; on success borrows nothing but
 * header.pb of the arena.
 */
int light_block_from_parts(struct bytes header, const Certificate *certificate, const ValidatorSet *validators,
                           const ValidatorSet *next, const struct hash *chain_tag, struct arena *arena,
                           struct light_block *ret, struct err *err);
int light_block_from_pb(const SignedHeader *in, const struct hash *chain_tag, struct arena *arena,
                        struct light_block *ret, struct err *err);

/* --- judging one block -------------------------------------------------------------------------------------------- */

/*
 * CODE_OK: `block` may be believed on the ground of `trust`. Otherwise
 *   CODE_EXPIRED         the trust is older than the trust period
 *   CODE_FUTURE          the block's time lies further ahead than clocks may differ
 *   CODE_BLOCK_TIME      it is later by height and not by time, or the other way round
 *   CODE_OVERLAP         too little of the trusted power signed: judge a block between first
 *   CODE_STALE           it is older than the trust, and of another set: believe it from an older point
 *   CODE_UNTRUSTED       its set is not the announced one, or too little of its own set's power signed
 *   CODE_BAD_SIGNATURE   a signature does not verify
 *   CODE_FORK            it is properly signed and contradicts the trust: two headers of one height, or one that does
 *                        not point back to the trusted one. Keep both: they show who lied.
 *   CODE_CHAIN_MISMATCH
 * A block older than the trust is believed of the trusted set alone: by assumption more than 2/3 of it are honest.
 */
int light_verify(const struct light_trust *trust, const struct light_block *block, const struct light_rules *rules,
                 uint64_t now_ms, struct err *err);

/* Signed by more than 2/3 of its own set, every signature good: that the set is the right one is not said. */
int light_block_decided(const struct light_block *block, const struct hash *chain_tag, struct err *err);

/* What a believed block makes one trust. */
void light_trust_advance(struct light_trust *trust, const struct light_block *block);

/* --- from a point to a height, by bisection ----------------------------------------------------------------------- */

struct light_walk {
    struct light_trust trust; /* as far as it has come */
    struct light_rules rules;
    uint64_t target;
    uint64_t wants; /* 0: arrived */
    uint32_t fetched, fetch_max;
    uint32_t pending_count;
    const struct light_block *pending[LIGHT_PENDING_MAX]; /* heights fall; borrowed */
};

/* From `trust` up to height `target`. fetch_max: how many blocks may be asked for, 0: LIGHT_FETCH_MAX.
 * CODE_INVALID_ARGUMENT for a target below the trust; equal: arrived at once. */
int light_walk_begin(struct light_walk *walk, const struct light_trust *trust, uint64_t target,
                     const struct light_rules *rules, uint32_t fetch_max, struct err *err);

/* The height to fetch and give next; 0: arrived, walk->trust stands at the target. */
uint64_t light_walk_wants(const struct light_walk *walk);

/*
 * The block that was wanted. It is borrowed until the walk ends: bisection may come back to it. Each block that is
 * believed on the way is handed to `on_step` (may be NULL), lowest first. Errors are those of light_verify, without
 * CODE_OVERLAP; CODE_MALFORMED: another height than was wanted; CODE_LIMIT: fetch_max blocks did not lead there. After
 * an error the walk wants the same height again, from somebody else, unless CODE_EXPIRED or CODE_LIMIT.
 */
struct light_step {
    void (*on_step)(void *ctx, const struct light_block *block);
    void *ctx;
};
int light_walk_give(struct light_walk *walk, const struct light_block *block, uint64_t now_ms,
                    const struct light_step *step, struct err *err);

#endif
