/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_LIGHT_H
#define CAIRN_CLIENT_LIB_LIGHT_H
/*
 * A light client: from a genesis file that the user trusts to any header that the validators signed, without the blocks
 * between. A header is believed when
 *   - its certificate holds more than 2/3 of the power of the set that it names, and
 *   - that set is the one that the trusted header named for the next height, or, for a later header, more than 1/3 of
 *     the trusted set's power is among the signers (at least one honest validator then vouches for the new set), while
 *     the trusted header is not older than the trust period.
 * The first trusted point is the genesis: its validators sign height 1.
 *
 * Pure: no I/O, no clock; the caller fetches headers and says what time it is. Not thread-safe.
 */
#include "cairn/genesis.h"
#include "cairn/rpc.h"
#include "chain/base/arena.h"
#include "chain/base/fixed.h"
#include "chain/types/validator_set.h"

/* Trusted header older than this (header time against now): fetch a newer one from a source that you trust. */
#define LIGHT_TRUST_PERIOD_MS ((uint64_t)14 * 24 * 3600 * 1000)

struct light {
    struct hash chain_tag;
    uint64_t height; /* of the trusted header; 0: the genesis */
    uint64_t time;   /* ms, of that header */
    struct hash header_id;
    struct hash app_hash;            /* that header's: the state after height - 1 */
    struct validator_set validators; /* signed height; at 0: the genesis set */
    struct hash next_hash;           /* of the set that signs height + 1 */
};

/* What a believed header says. */
struct light_header {
    uint64_t height, time;
    struct hash id, app_hash, txs_root, results_hash, previous_id;
    uint64_t txs_count;
    struct addr proposer;
};

/* Begins at the genesis. CODE_INVALID_ARGUMENT when its validators are not a set. */
int light_init(struct light *light, const Genesis *genesis, const struct hash *chain_tag, struct err *err);

/* Judges a header and, when it is believed, fills *ret (may be NULL) and, when it is newer than the trusted one, trusts
 * it from now on. An older one is believed only of the trusted validator set. CODE_UNTRUSTED: too few signed
 * (untouched); CODE_MALFORMED; CODE_CHAIN_MISMATCH; CODE_STALE: older, and of another set; CODE_EXPIRED: the trusted
 * header is too old to be a ground. now_ms: real time. */
int light_update(struct light *light, const SignedHeader *in, uint64_t now_ms, struct arena *arena,
                 struct light_header *ret, struct err *err);

#endif
