/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/p2p/p2p.h"

#include "cairn/sp.h"
#include "chain/codec/pb.h"
#include "chain/http/uri.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "chain/os/random.h"
#include "chain/types/signed.h"
#include "client/lib/placement.h"

#include <nng/protocol/survey0/respond.h>
#include <nng/protocol/survey0/survey.h>

#include <stdio.h>

enum { ARENA_MAX = 4 << 20, PEERS_FRESH_MS = 5000, RESPOND_POLL_MS = 500, CONNECT_MS = 1000 };

static int nng_error(int rv, const char *what, struct err *err) {
    return err_set(err, rv == NNG_EADDRINUSE ? CODE_BUSY : CODE_UNAVAILABLE, "%s: %s", what, nng_strerror(rv));
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static void answer(struct p2p *p, const void *data, size_t len) {
    struct arena arena;
    SignedSecondaryApproval *offer;
    struct bytes out;
    struct err err;
    arena_init(&arena, ARENA_MAX);
    err_clear(&err);
    int rc = approver_secondary(p->approver, bytes_of(data, len), &arena, &offer, &err);
    if (!rc)
        rc = pb_encode(offer, &arena, &out, &err);
    if (!rc)
        nng_send(p->respondent, (void *)(uintptr_t)out.data, out.len, 0);
    else
        log_debug("p2p", "a question was not answered", "code=%s why=%s", code_name(rc), log_quote(err_text(&err)).s);
    arena_release(&arena);
}

static bool closing(struct p2p *p) {
    mutex_lock(&p->lock);
    bool now = p->closing;
    mutex_unlock(&p->lock);
    return now;
}

static void respond_work(void *arg) {
    struct p2p *p = arg;
    while (!closing(p)) {
        void *data = NULL;
        size_t len = 0;
        int rv = nng_recv(p->respondent, &data, &len, NNG_FLAG_ALLOC);
        if (rv == NNG_ECLOSED)
            return;
        if (rv)
            continue; /* the receive timeout: look whether we are to stop */
        answer(p, data, len);
        nng_free(data, len);
    }
}

/* --- links --- */

static void link_changed(nng_pipe pipe, nng_pipe_ev event, void *arg) {
    struct p2p *p = arg;
    (void)pipe;
    mutex_lock(&p->links_lock);
    if (event == NNG_PIPE_EV_ADD_POST)
        p->links++;
    else if (p->links)
        p->links--;
    cond_broadcast(&p->links_changed);
    mutex_unlock(&p->links_lock);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int open_sockets(struct p2p *p, const char *listen, struct err *err) {
    char url[160];
    int rv = nng_respondent0_open(&p->respondent);
    if (!rv)
        rv = nng_surveyor0_open(&p->surveyor);
    if (rv)
        return nng_error(rv, "cannot open sockets to other providers", err);
    p->open = true;
    nng_socket_set_size(p->respondent, NNG_OPT_RECVMAXSZ, P2P_MESSAGE_MAX);
    nng_socket_set_size(p->surveyor, NNG_OPT_RECVMAXSZ, P2P_MESSAGE_MAX);
    nng_socket_set_ms(p->respondent, NNG_OPT_RECVTIMEO, RESPOND_POLL_MS);
    nng_pipe_notify(p->surveyor, NNG_PIPE_EV_ADD_POST, link_changed, p);
    nng_pipe_notify(p->surveyor, NNG_PIPE_EV_REM_POST, link_changed, p);
    nng_socket_set_ms(p->surveyor, NNG_OPT_RECONNMINT, 100);
    nng_socket_set_ms(p->surveyor, NNG_OPT_RECONNMAXT, 5000);
    snprintf(url, sizeof url, "tcp://%s", listen);
    rv = nng_listen(p->respondent, url, NULL, 0);
    return rv ? nng_error(rv, url, err) : CODE_OK;
}

int p2p_init(struct p2p *p, const char *listen, struct ledger *ledger, struct signer *signer, struct approver *approver,
             bool allow_private, struct err *err) {
    *p = (struct p2p){.ledger = ledger, .signer = signer, .approver = approver, .allow_private = allow_private};
    mutex_init(&p->lock);
    mutex_init(&p->links_lock);
    cond_init(&p->links_changed);
    int rc = open_sockets(p, listen, err);
    if (!rc)
        rc = thread_start(&p->thread, "p2p", respond_work, p, err);
    if (rc)
        p2p_release(p);
    return rc;
}

void p2p_close(struct p2p *p) {
    mutex_lock(&p->lock);
    p->closing = true;
    mutex_unlock(&p->lock);
}

void p2p_release(struct p2p *p) {
    p2p_close(p);
    thread_join(&p->thread);
    if (p->open) {
        nng_close(p->respondent);
        nng_close(p->surveyor);
    }
    cond_release(&p->links_changed);
    mutex_release(&p->links_lock);
    mutex_release(&p->lock);
}

/* --- peers -------------------------------------------------------------------------------------------------------- */

/* "tcp://host:port" as the ledger says it; private addresses only where the operator allows them. */
static bool url_allowed(const struct p2p *p, const char *endpoint) {
    char host[256];
    const char *start = strncmp(endpoint, "tcp://", 6) ? NULL : endpoint + 6;
    const char *colon = start ? strrchr(start, ':') : NULL;
    if (!colon || colon == start || (size_t)(colon - start) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - start), start);
    return p->allow_private || uri_address_is_private(host) == 0;
}

static void dial(struct p2p *p, const StorageProvider *sp) {
    struct p2p_peer *peer = NULL;
    for (size_t i = 0; i < p->peer_count; i++)
        if (p->peers[i].sp_id == sp->id)
            peer = &p->peers[i];
    if (peer && !strcmp(peer->url, sp->p2p_endpoint))
        return;
    if (strlen(sp->p2p_endpoint) >= sizeof peer->url || !url_allowed(p, sp->p2p_endpoint))
        return;
    if (peer)
        nng_dialer_close(peer->dialer);
    else if (p->peer_count < P2P_PEERS_MAX)
        peer = &p->peers[p->peer_count++];
    if (!peer)
        return;
    peer->sp_id = sp->id;
    snprintf(peer->url, sizeof peer->url, "%s", sp->p2p_endpoint);
    if (nng_dial(p->surveyor, peer->url, &peer->dialer, NNG_FLAG_NONBLOCK))
        *peer = p->peers[--p->peer_count];
}

static size_t links_up(struct p2p *p) {
    mutex_lock(&p->links_lock);
    size_t links = p->links;
    mutex_unlock(&p->links_lock);
    return links;
}

/* New dialers take a moment: a question sent before would reach nobody. Waits until all links are up, a second at most.
 */
static void await_links(struct p2p *p) {
    uint64_t deadline = deadline_in_ms(CONNECT_MS);
    mutex_lock(&p->links_lock);
    while (p->links < p->peer_count && cond_wait_until(&p->links_changed, &p->links_lock, deadline))
        ;
    mutex_unlock(&p->links_lock);
}

/* Keeps a dialer to every provider in service. Lock is held. */
static int refresh_peers(struct p2p *p, struct err *err) {
    struct arena arena;
    SpsAnswer *list;
    uint64_t now = clock_mono_ms();
    if (p->peers_at_ms && now - p->peers_at_ms < PEERS_FRESH_MS)
        return CODE_OK;
    arena_init(&arena, ARENA_MAX);
    size_t before = p->peer_count;
    int rc = ledger_query_pb(p->ledger, "/sp/list?limit=256", &sps_answer__descriptor, &arena, &list, err);
    for (size_t i = 0; !rc && i < list->n_sps; i++)
        if (list->sps[i]->id != p->signer->sp_id && list->sps[i]->status == SP_STATUS_IN_SERVICE)
            dial(p, list->sps[i]);
    if (!rc)
        p->peers_at_ms = now;
    arena_release(&arena);
    if (!rc && p->peer_count > before)
        await_links(p);
    return rc;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* An answer to our question, signed by the provider that it names. */
static int check_offer(struct p2p *p, struct bytes data, const struct hash *question, struct arena *arena,
                       struct p2p_offer *ret, struct err *err) {
    SignedSecondaryApproval *in;
    SecondaryApproval *offer;
    StorageProvider *sp;
    struct pubkey key;
    int rc = pb_decode(&signed_secondary_approval__descriptor, data, arena, &in, err);
    if (!rc)
        rc = offer_open(in, ledger_chain_tag(p->ledger), arena, &offer, err);
    if (!rc && (offer->for_sp != p->signer->sp_id || offer->sp_id == p->signer->sp_id ||
                !bytes_eq(bytes_of(offer->ask_hash.data, offer->ask_hash.len), hash_bytes(question))))
        rc = err_set(err, CODE_CONFLICT, "an answer to another question");
    if (!rc)
        rc = placement_sp(p->ledger, offer->sp_id, arena, &sp, err);
    if (!rc && sp->status != SP_STATUS_IN_SERVICE) /* no group that it is in could be opened */
        rc = err_set(err, CODE_CONFLICT, "provider %u is not in service", offer->sp_id);
    if (!rc && !pubkey_from(bytes_of(sp->approval_key.data, sp->approval_key.len), &key))
        rc = err_set(err, CODE_CORRUPT, "provider %u has no approval key", offer->sp_id);
    if (!rc)
        rc = offer_verify(in, &key, ledger_chain_tag(p->ledger), err);
    if (!rc)
        *ret = (struct p2p_offer){in, offer};
    return rc;
}

static bool have_offer(const struct p2p_offer *offers, size_t count, uint32_t sp_id) {
    for (size_t i = 0; i < count; i++)
        if (offers[i].offer->sp_id == sp_id)
            return true;
    return false;
}

/* Takes answers until the deadline; one a provider. */
static void gather(struct p2p *p, const struct hash *question, size_t enough, uint64_t until, struct arena *arena,
                   struct p2p_offer *ret, size_t *ret_count) {
    uint64_t now;
    size_t answers = 0;
    while (answers < enough && *ret_count < P2P_OFFERS_MAX && (now = clock_mono_ms()) < until) {
        void *data = NULL;
        size_t len = 0;
        struct p2p_offer offer;
        struct err err;
        err_clear(&err);
        nng_socket_set_ms(p->surveyor, NNG_OPT_RECVTIMEO, (nng_duration)(until - now));
        int rv = nng_recv(p->surveyor, &data, &len, NNG_FLAG_ALLOC);
        if (rv)
            return; /* the survey is over */
        int rc = check_offer(p, bytes_of(data, len), question, arena, &offer, &err);
        nng_free(data, len);
        answers++;
        if (rc)
            log_debug("p2p", "an answer was dropped", "why=%s", log_quote(err_text(&err)).s);
        else if (offer.offer->refused)
            log_debug("p2p", "refused", "sp=%u why=%s", offer.offer->sp_id, log_quote(offer.offer->reason).s);
        else if (!have_offer(ret, *ret_count, offer.offer->sp_id))
            ret[(*ret_count)++] = offer;
    }
}

int p2p_survey(struct p2p *p, SecondaryAsk *ask, size_t enough, uint64_t deadline_ms, struct arena *arena,
               struct p2p_offer *ret, size_t *ret_count, size_t *ret_asked, struct err *err) {
    const struct hash *tag = ledger_chain_tag(p->ledger);
    uint8_t nonce[16];
    SignedSecondaryAsk *question;
    struct bytes out;
    random_bytes(nonce, sizeof nonce);
    ask->chain_tag = (ProtobufCBinaryData){sizeof tag->b, (uint8_t *)(uintptr_t)tag->b};
    ask->from_sp = p->signer->sp_id;
    ask->nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    int rc = signer_ask(p->signer, ask, arena, &question, err);
    if (!rc)
        rc = pb_encode(question, arena, &out, err);
    if (rc)
        return rc;
    struct hash id = ask_hash(bytes_of(question->ask.data, question->ask.len));
    *ret_count = 0;
    mutex_lock(&p->lock);
    rc = p->closing ? err_set(err, CODE_CLOSED, "the provider is stopping") : refresh_peers(p, err);
    if (!rc) {
        nng_socket_set_ms(p->surveyor, NNG_OPT_SURVEYOR_SURVEYTIME, (nng_duration)deadline_ms);
        int rv = nng_send(p->surveyor, (void *)(uintptr_t)out.data, out.len, 0);
        if (rv)
            rc = nng_error(rv, "cannot ask other providers", err);
    }
    if (!rc) { /* nobody waits for more answers than there are links */
        size_t reachable = links_up(p);
        gather(p, &id, enough < reachable ? enough : reachable, clock_mono_ms() + deadline_ms, arena, ret, ret_count);
    }
    if (ret_asked)
        *ret_asked = p->peer_count;
    mutex_unlock(&p->lock);
    return rc;
}
