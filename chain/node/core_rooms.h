/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_CORE_ROOMS_H
#define CAIRN_CHAIN_NODE_CORE_ROOMS_H
/* What the rooms of the core (core.h) need of each other. Private to them. */
#include "chain/node/core.h"

static inline uint64_t core_now_ms(const struct core *c) {
    return c->host.mono_ns(c->host.ctx) / 1000000u;
}

/* The host's time in `ms` milliseconds. */
static inline uint64_t core_in_ms(const struct core *c, uint64_t ms) {
    uint64_t now = c->host.mono_ns(c->host.ctx);
    return ms > (UINT64_MAX - now) / 1000000u ? UINT64_MAX : now + ms * 1000000u;
}

/* core.c: what the next height starts from */
struct bft_start core_start(struct core *c);
int core_begin(struct core *c, struct err *err); /* consensus on the height after the head */
/* bodies_keep; what consensus has forgotten makes room. */
struct body *core_keep(struct core *c, struct block *b, enum body_state state);
struct core_peer *core_peer(struct core *c, net_peer peer); /* NULL: unknown. NET_PEER_NONE: a free place */
/* May the peer be sent `len` bytes that it asked for? They count then. Who asks for too much is not answered: it asks
 * again, or others. */
bool core_allows(struct core *c, net_peer peer, size_t len);

/* outputs.c: the driver's environment */
void outputs_init(struct core *c);
void outputs_send(struct core *c, net_peer peer, const struct bft_send *send); /* NET_PEER_NONE: to all */
void outputs_status(struct core *c, net_peer peer, uint64_t height, uint32_t round);
/* Sees to it that the driver hears what the ledger thinks of the body. */
void outputs_judge(struct core *c, struct body *b);
/* The peer lacks `height`: sends it, but not the same again within a moment. */
void outputs_laggard(struct core *c, net_peer peer, uint64_t height);
int outputs_log_body(struct core *c, const struct block *b, struct err *err);

/* inputs.c */
/* The set and parsed keys of a height that is now or next; NULL for others. */
const struct validator_set *inputs_set_at(const struct core *c, uint64_t height, const struct verifier **ret_keys);
/* A good signature in the name of `validator` of `set` (NULL: too far to be checked): CODE_CONFLICT when that is this
 * node, and it never gave it. */
int inputs_own_elsewhere(const struct core *c, const struct validator_set *set, uint16_t validator, uint64_t height,
                         uint32_t round, enum signer_step step, struct err *err);
void inputs_misbehaved(struct core *c, net_peer peer, unsigned points, const char *what, const struct err *err);

/* relay.c */
void relay_summary(struct core *c, const struct bft_summary *summary);
void relay_send(struct core *c, net_peer peer, const struct bft_send *send);
int relay_take(struct core *c, net_peer peer, struct bytes payload, struct err *err);
/* The height stands where it stood: says so when that lasts. */
void relay_stalled(struct core *c, const struct bft_summary *summary);

/* late.c */
void late_begin(struct core *c, const struct certificate *cert); /* decided by this */
void late_committed(struct core *c);                             /* c->head is newer now */
/* Of a height that is decided; not checked yet. Who sends a forged one misbehaves. */
void late_vote(struct core *c, net_peer peer, const struct vote *v);

/* proposals.c */
/* NET_PEER_NONE: to all; else within the peer's allowance. */
void proposals_send(struct core *c, net_peer peer, const struct proposal *p);
int proposals_take(struct core *c, net_peer peer, struct bytes payload, struct err *err);
void proposals_request(struct core *c, net_peer peer, struct bytes payload);
void proposals_reply(struct core *c, net_peer peer, struct bytes payload);
/* The consensus core waits for the verdict on this value, whose body is not here. False: it is not being put together,
 * either. */
bool proposals_want(struct core *c, const struct hash *value);
/* Its body has come whole. True: the consensus core has been waiting for it. */
bool proposals_forget(struct core *c, const struct hash *value);
void proposals_step(struct core *c); /* asks peers, when it is time */
void proposals_ask_body(struct core *c, net_peer peer, uint64_t height, uint32_t round, const struct hash *value);

/* catch_up.c */
int catch_up_decided(struct core *c, net_peer peer, struct bytes payload, struct err *err);
/* The next block, bound, with its certificate, verified: to the consensus core. */
int catch_up_feed(struct core *c, net_peer peer, struct block *b, const struct certificate *cert, struct err *err);

/* block_sync.c */
int block_sync_open(struct core *c, struct err *err);
void block_sync_close(struct core *c);
int block_sync_batch(struct core *c, net_peer peer, struct bytes payload, struct err *err);
/* Is this the block that it is having executed? */
bool block_sync_has(const struct core *c, const struct block *b);
/* The ledger refuses a certified block: the end of taking part. */
void block_sync_refused(struct core *c, const struct block *b, const struct certificate *cert);
/* c->head is newer now. */
void block_sync_advance(struct core *c);
/* Hands on what was fetched, asks for the next; when to do so again. */
int block_sync_step(struct core *c, struct err *err);

/* recover.c */
int recover(struct core *c, uint32_t listen_ms, struct err *err);

/* evidence.c */
void evidence_emit(struct core *c, const struct bft_evidence *e);

#endif
