/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_P2P_P2P_H
#define CAIRN_SP_P2P_P2P_H
/*
 * Provider to provider: a primary asks all others at once who takes a column of an object (an nng survey with a
 * deadline), and answers such questions of others. A survey may lose answers: who does not answer in time is not asked
 * to store.
 *
 * Questions and answers are signed; what arrives is bounded before it is decoded. Thread-safe.
 */
#include "cairn/sp_wire.h"
#include "sp/approver/approver.h"
#include "sp/signer/signer.h"

#include <nng/nng.h>

enum {
    P2P_MESSAGE_MAX = 16384,
    P2P_OFFERS_MAX = 256,
    P2P_PEERS_MAX = 256,
    P2P_DEADLINE_MS = 1500,
};

struct p2p {
    struct ledger *ledger; /* borrowed */
    struct signer *signer;
    struct approver *approver;
    bool allow_private;
    nng_socket respondent, surveyor;
    struct mutex lock; /* of the surveyor: one survey at a time, and its dialers */
    struct p2p_peer {
        uint32_t sp_id;
        char url[128];
        nng_dialer dialer;
    } peers[P2P_PEERS_MAX];
    size_t peer_count;
    uint64_t peers_at_ms;
    struct mutex links_lock; /* links: connections to other providers that are up */
    struct cond links_changed;
    size_t links;
    bool closing, open;
    struct thread thread;
};

/* An offer whose signature and question were checked. */
struct p2p_offer {
    const SignedSecondaryApproval *signed_offer;
    const SecondaryApproval *offer;
};

/* Listens at "host:port". */
int p2p_init(struct p2p *p2p, const char *listen, struct ledger *ledger, struct signer *signer,
             struct approver *approver, bool allow_private, struct err *err);
void p2p_close(struct p2p *p2p); /* idempotent */
void p2p_release(struct p2p *p2p);

/* Asks everybody and gathers who says yes until the deadline, or until `enough` (or all that can be reached) answered.
 * ret: room for P2P_OFFERS_MAX, filled on the arena. Fewer than wanted is no error; *ret_asked (may be NULL) counts who
 * was asked. */
int p2p_survey(struct p2p *p2p, SecondaryAsk *ask, size_t enough, uint64_t deadline_ms, struct arena *arena,
               struct p2p_offer *ret, size_t *ret_count, size_t *ret_asked, struct err *err);

#endif
