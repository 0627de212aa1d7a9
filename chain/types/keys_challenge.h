/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_CHALLENGE_H
#define CAIRN_CHAIN_TYPES_KEYS_CHALLENGE_H
/* Keys of x/challenge; each builds into *k and returns it as bytes, borrowed from k. Where a value is called empty, the
 * key alone says it. */
#include "chain/types/key.h"

/* 'c' id -> Challenge; 'T' -> ChallengeStats */
struct bytes key_challenge(struct key *k, uint64_t id);
struct bytes key_challenge_all(struct key *k);
struct bytes key_challenge_stats(struct key *k);

/* Of open ones, all -> empty: 'd' deadline, id; 's' sp, id; 'o' object, id; 'a' submitter, id. Of closed ones: 'k'
 * ledger time until which it is kept, id. */
struct bytes key_challenge_deadline(struct key *k, uint64_t deadline, uint64_t id);
struct bytes key_challenge_deadline_all(struct key *k);
struct bytes key_challenge_sp(struct key *k, uint32_t sp_id, uint64_t id);
struct bytes key_challenge_sp_all(struct key *k, uint32_t sp_id);
struct bytes key_challenge_object(struct key *k, uint64_t object_id, uint64_t id);
struct bytes key_challenge_object_all(struct key *k, uint64_t object_id);
struct bytes key_challenge_submitter(struct key *k, const struct addr *account, uint64_t id);
struct bytes key_challenge_submitter_all(struct key *k, const struct addr *account);
/* 'n' object, position, segment -> id u64be, of an open one that somebody submitted */
struct bytes key_challenge_segment(struct key *k, uint64_t object_id, uint32_t position, uint64_t segment);
struct bytes key_challenge_closed(struct key *k, uint64_t kept_until, uint64_t id);
struct bytes key_challenge_closed_all(struct key *k);

/* 'r' object, position -> RepairDuty; 'q' next draw, object, position -> empty; 'f' next draw, sp -> empty: the floor
 */
struct bytes key_repair(struct key *k, uint64_t object_id, uint32_t position);
struct bytes key_repair_of_object(struct key *k, uint64_t object_id);
struct bytes key_repair_all(struct key *k);
struct bytes key_repair_due(struct key *k, uint64_t next_draw, uint64_t object_id, uint32_t position);
struct bytes key_repair_due_all(struct key *k);
struct bytes key_floor_due(struct key *k, uint64_t next_draw, uint32_t sp_id);
struct bytes key_floor_due_all(struct key *k);

/* 'u' object, position -> until, u64be: it costs no slash again before; 'v' until, object, position -> empty */
struct bytes key_cooling(struct key *k, uint64_t object_id, uint32_t position);
struct bytes key_cooling_all(struct key *k);
struct bytes key_cooling_due(struct key *k, uint64_t until, uint64_t object_id, uint32_t position);
struct bytes key_cooling_due_all(struct key *k);

#endif
