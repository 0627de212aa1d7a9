/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_LEDGER_H
#define CAIRN_CLIENT_LIB_LEDGER_H
/*
 * The ledger as clients and providers see it: questions over HTTP to one of several nodes, answers checked against
 * headers that more than two thirds of the validators signed, transactions built, signed, sent and waited for.
 *
 * A node that does not answer is passed over for the next one; what it says is never believed for itself (unless verify
 * is off): records come with a proof, and a proof must lead to an app hash in a header that the light client accepted
 * (light.h).
 * Listings and derived answers (ledger_query) are a node's word: they are not proven.
 *
 * One handle serves any number of threads.
 */
#include "cairn/block.h"
#include "cairn/light.h"
#include "cairn/rpc.h"
#include "cairn/tx.h"
#include "chain/base/arena.h"
#include "chain/base/fixed.h"
#include "chain/crypto/key.h"
#include "chain/http/client.h"
#include "chain/types/light.h"

#include <jansson.h>

enum { LEDGER_NODES_MAX = 16 };

struct ledger;

struct ledger_options {
    const char *nodes;        /* "http://a:1,http://b:2"; tried in this order, from the last one that worked */
    const char *genesis_path; /* the trust root; NULL: only with verify false, and then asked of the node */
    const char *home;         /* where verified headers are remembered (trust/); NULL: not beyond this handle */
    uint64_t trust_height;    /* a header that the user trusts beside the genesis; 0: none */
    struct hash trust_id;     /* its id */
    bool verify;
    bool allow_private;   /* dial loopback and private addresses */
    uint64_t deadline_ms; /* of one question; 0: 10,000 */
};

int ledger_open(const struct ledger_options *options, struct ledger **ret, struct err *err);
/* No call may be running. NULL allowed. */
void ledger_close(struct ledger *ledger);
/* Running calls of all threads end soon with CODE_CANCELLED, later ones at once. */
void ledger_cancel(struct ledger *ledger);
const struct hash *ledger_chain_tag(const struct ledger *ledger); /* borrowed */
const char *ledger_chain_id(const struct ledger *ledger);         /* borrowed */
struct http_client *ledger_http(struct ledger *ledger);           /* borrowed: for talking to providers */

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* GET path (with its query) from a node: the answer as a message on the arena. Errors carry the node's code. Not
 * proven. */
int ledger_get(struct ledger *ledger, const char *path, const ProtobufCMessageDescriptor *desc, struct arena *arena,
               void *ret_msg, struct err *err);
int ledger_get_json(struct ledger *ledger, const char *path, json_t **ret, struct err *err); /* caller owns */

/* The record under a state key, proven at a recent height of at least min_height (0: the newest provable; else waits a
 * little). CODE_NOT_FOUND: proven absent. ret_msg on the arena; ret_height (may be NULL): the state after that height.
 */
int ledger_record(struct ledger *ledger, struct bytes key, uint64_t min_height, const ProtobufCMessageDescriptor *desc,
                  struct arena *arena, void *ret_msg, uint64_t *ret_height, struct err *err);

/* The same, undecoded: a value on the arena. */
int ledger_record_raw(struct ledger *ledger, struct bytes key, uint64_t min_height, struct arena *arena,
                      struct bytes *ret_value, uint64_t *ret_height, struct err *err);

/* --- proofs for others (chain/types/proof_file.h) --- */

/* The proof that a key has a record, or has none, after `height` (0: the newest that can be proven). Checked; on the
 * arena. CODE_PRUNED: nodes do not keep what old heights looked like. */
int ledger_prove(struct ledger *ledger, struct bytes key, uint64_t height, struct arena *arena, StateProof **ret,
                 struct err *err);

/* A file of proofs of one height with the headers that lead there. *ret on the arena, borrowing proofs and from the
 * ledger; *ret_end: its last header. */
int ledger_proof_file(struct ledger *ledger, StateProof **proofs, size_t count, struct arena *arena, ProofFile **ret,
                      struct light_trust *ret_end, struct err *err);

/* What a genesis file makes one trust, without a ledger. */
int ledger_genesis_trust(const char *path, struct light_trust *ret, char *ret_chain_id, size_t ret_size,
                         struct err *err);

/* A question to the rules, "/storage/objects?bucket=b&prefix=p": {"height", "record": ...}. Not proven; caller owns. */
int ledger_query(struct ledger *ledger, const char *path, json_t **ret, struct err *err);
/* The same, with the record as a message on the arena. CODE_NOT_FOUND when there is none. */
int ledger_query_pb(struct ledger *ledger, const char *path, const ProtobufCMessageDescriptor *desc,
                    struct arena *arena, void *ret_msg, struct err *err);

int ledger_status(struct ledger *ledger, struct arena *arena, NodeStatus **ret, struct err *err);

/* Ledger time now, as far as known: of the newest status, at most a second old. */
int ledger_time(struct ledger *ledger, uint64_t *ret_ms, struct err *err);

/* --- transactions ------------------------------------------------------------------------------------------------- */

enum ledger_wait { LEDGER_WAIT_NONE, LEDGER_WAIT_ADMITTED, LEDGER_WAIT_COMMITTED };

struct ledger_send_options {
    enum ledger_wait wait;
    uint64_t timeout_ms; /* 0: 30,000 */
    uint64_t fee;        /* 0: what the parameters ask */
    bool free;           /* answers to challenges: no fee */
    bool provable;    /* with LEDGER_WAIT_COMMITTED: return only when its effects can be proven too, one block later */
    const char *memo; /* NULL: "" */
    const struct addr *fee_payer;
};

/* Builds a transaction of msgs, signs it with key at the account's next sequence, sends it and waits. A wrong sequence
 * is read anew and tried again, a few times; threads that send for one key take turns. A transaction that was committed
 * but failed is an error with the ledger's code and sentence (*ret is then set too). CODE_TIMEOUT: it may still be
 * taken; its id is in *ret. */
int ledger_send(struct ledger *ledger, const struct seckey *key, Msg *const *msgs, size_t count,
                const struct ledger_send_options *options, struct arena *arena, TxStatus **ret, struct err *err);

/* Sends signed bytes as they are. When the nodes are full or not ready they are asked again as they advise
 * (Retry-After), while timeout_ms lasts. */
int ledger_broadcast(struct ledger *ledger, struct bytes wire, enum ledger_wait wait, uint64_t timeout_ms,
                     struct arena *arena, TxStatus **ret, struct err *err);
/* Waits until the transaction is in a block, at most timeout_ms. CODE_NOT_FOUND when unknown after that. */
int ledger_wait_tx(struct ledger *ledger, const struct hash *tx_id, uint64_t timeout_ms, struct arena *arena,
                   TxStatus **ret, struct err *err);

/* --- following ---------------------------------------------------------------------------------------------------- */

/* Calls on_event for each event after the cursor, in order, and on_height when a block is complete, until one of them
 * returns non-zero (which is returned), ledger_cancel, or the stream breaks (CODE_UNAVAILABLE: call again with the
 * cursor of the last on_height). from_height: the first block wanted. ledger_time is that block's, as the node says it;
 * 0 from nodes that do not. */
struct ledger_follow {
    uint64_t from_height;
    int (*on_event)(void *ctx, const EventNote *note, struct err *err);
    int (*on_height)(void *ctx, uint64_t height, uint64_t ledger_time, struct err *err);
    void *ctx;
};
int ledger_follow(struct ledger *ledger, const struct ledger_follow *follow, struct err *err);

#endif
