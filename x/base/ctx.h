/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_BASE_CTX_H
#define CAIRN_X_BASE_CTX_H
/*
 * What a rule of the ledger runs in: the state, the block's own facts, where events go. One struct ctx serves a block
 * from its ante checks to its end work; x/app sets signer and output before each message and each item of begin and end
 * work. A query has one too, over a view of a committed height; what it would write is thrown away.
 *
 * Two kinds of failure. A *rule* says no: the function answers a code with its sentence, the transaction (or item) is
 * rolled back, the block goes on. A *fault* (a disk that does not read, memory over its cap, an invariant broken) is
 * nobody's message: it latches in the ctx or the state, and x/app drops the whole block. Nothing here needs to look for
 * faults.
 */
#include "cairn/params.h"
#include "cairn/tx.h"
#include "chain/base/arena.h"
#include "chain/base/fixed.h"
#include "chain/base/num.h"
#include "chain/base/vec.h"
#include "chain/store/overlay.h"
#include "chain/types/app.h"

struct certificate; /* chain/types/vote.h */
struct deps;

VEC_DEFINE(event_vec, Event *);
VEC_DEFINE(id_vec, uint64_t);

#define CTX_EVENTS_MAX                                                                                                 \
    ((size_t)1 << 20) /* of one transaction, or of all begin or end work: far above what the caps allow */
#define CTX_IDS_MAX 256

struct ctx {
    struct state *state;
    struct arena *arena;   /* records decoded by this transaction or item; rewound after it */
    struct arena *results; /* events and what else lives until the block's results are taken */

    uint64_t height;
    uint64_t time;        /* ledger time of this block, ms: all terms, deadlines and prices */
    uint64_t header_time; /* real time of the header, ms: only for what a development network counts in real time */
    struct hash chain_tag;
    struct hash seed;                           /* after this block's reveal */
    const Params *params;                       /* those that hold now */
    uint64_t params_next;                       /* the version that holds from the next block on; 0: the same */
    uint64_t version;                           /* of the rules that hold now: 1, and more after upgrades */
    uint64_t validators;                        /* how many vote at this height */
    struct addr proposer;                       /* of the block that is executed */
    const struct certificate *last_certificate; /* of the block before, as this one carries it; NULL: there is none */
    const struct deps *deps;
    const struct app_verifier *verifier; /* NULL: key_verify */

    struct addr signer;          /* in whose name the running message acts: its creator; zero in begin and end work */
    struct addr actor;           /* who signed the transaction: the signer, or one that it has granted this to */
    struct pubkey signer_key;    /* zero when another acts in its name */
    const struct msg_rule *rule; /* of the running message; NULL in begin and end work */
    const void *msg;             /* that message */
    uint64_t spent;              /* pebble that the message has taken from the signer so far: ctx_spend */
    uint64_t spent_bytes;        /* of payload that it stores in the signer's name: ctx_spend_bytes */
    struct event_vec events;     /* of the running transaction or hook */
    struct id_vec ids;           /* given by the running transaction, in order */
    uint64_t group_opened; /* placement group opened earlier in this transaction; 0 none (MsgSealObject.group_id = 0) */
    uint64_t supply;       /* pebble in existence */
    uint64_t fees;         /* taken by ante checks and not yet in the fees account; pebble */
    struct err fault;      /* fault.code != CODE_OK: latched */
};

/* Latches a fault (first one wins) and returns its code. */
int ctx_fault(struct ctx *ctx, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* CODE_OK, or the fault of ctx or of its state. */
int ctx_failed(const struct ctx *ctx, struct err *err);

/* Did the key sign this? */
bool ctx_signed(const struct ctx *ctx, const struct pubkey *key, const struct hash *digest, const struct sig *sig);

/* Zeroed memory for this transaction or item. Never NULL: messages are small and counts capped, so an arena that is
 * full here means that the machine has no memory left, and the process ends (a block that was decided is redone after a
 * restart). */
void *ctx_alloc(struct ctx *ctx, size_t len);
void *ctx_array(struct ctx *ctx, size_t n, size_t size);
#define CTX_NEW(ctx, type) ((type *)ctx_alloc((ctx), sizeof(type)))
#define CTX_PAGE_MEMORY    (4 * MIB) /* of a page of an answer */
/* Is a page of an answer with n entries over: has it `limit` of them, or taken as much memory as a page may, or half of
 * what there is? Asked before each entry, it leaves room for one more record of any size, so that no listing of large
 * records runs into the cap. */
static inline bool ctx_page_full(const struct ctx *ctx, size_t n, size_t limit) {
    return n >= limit || (n > 0 && ctx->arena->used > size_min(CTX_PAGE_MEMORY, ctx->arena->cap / 2));
}
/* A copy on the arena as protobuf-c bytes. */
ProtobufCBinaryData ctx_data(struct ctx *ctx, struct bytes s);
ProtobufCBinaryData ctx_addr(struct ctx *ctx, const struct addr *a);
ProtobufCBinaryData ctx_hash(struct ctx *ctx, const struct hash *h);
char *ctx_str(struct ctx *ctx, const char *s);

/* --- events: ctx_event(ctx, "sp.slashed", "sp", ctx_u64_text(ctx, id), "amount", ..., NULL). Type and keys are
 * constants
 * ("module.past_tense"); values are copied; the order given is kept. --- */
void ctx_event(struct ctx *ctx, const char *type, ...) __attribute__((sentinel));
char *ctx_u64_text(struct ctx *ctx, uint64_t v);
char *ctx_addr_text(struct ctx *ctx, const struct addr *a); /* cairn1… */
char *ctx_hex_text(struct ctx *ctx, struct bytes s);
/* Adds an id to the result of the running transaction. */
void ctx_id(struct ctx *ctx, uint64_t id);

/* --- what a message takes of its signer's: counted against the budgets of a grant when another acts in its name. Coins
 * that leave the signer's account count by themselves (x/auth); whoever holds back or charges money that lies elsewhere
 * says so, and whoever stores payload. --- */
void ctx_spend(struct ctx *ctx, uint64_t pebble);
void ctx_spend_bytes(struct ctx *ctx, uint64_t bytes);

/* --- sequences: the next id of a kind; starts at 1, never reused --- */
enum ctx_seq {
    SEQ_BUCKET,
    SEQ_OBJECT,
    SEQ_GROUP,
    SEQ_POLICY,
    SEQ_PLACEMENT_GROUP,
    SEQ_SP,
    SEQ_CHALLENGE,
    SEQ_CHANNEL,
    SEQ_TERRITORY,
    SEQ_GATEWAY
};
int ctx_next_id(struct ctx *ctx, enum ctx_seq seq, uint64_t *ret_id, struct err *err);

/* --- numbers of the wire --- */
static inline u128 u128_of(const U128 *v) {
    return v ? (u128)v->hi << 64 | v->lo : 0;
}
/* On the arena; NULL for 0, which proto3 leaves out. */
U128 *ctx_u128(struct ctx *ctx, u128 v);
/* False, ret untouched, unless the field holds exactly 20 bytes. */
static inline bool addr_of_field(ProtobufCBinaryData f, struct addr *ret) {
    return addr_from(bytes_of(f.data, f.len), ret);
}
/* CODE_INVALID_ARGUMENT "<what> must be an address" unless it does. */
int addr_need(ProtobufCBinaryData f, const char *what, struct addr *ret, struct err *err);

#endif
