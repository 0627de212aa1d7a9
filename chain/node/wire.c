/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/wire.h"

#include "chain/codec/pb.h"

enum net_class wire_class(uint8_t kind) {
    switch (kind) {
    case WIRE_VOTE:
    case WIRE_CERTIFICATE:
    case WIRE_BODY_REQUEST:
    case WIRE_STATUS:
    case WIRE_SUMMARY:
        return NET_VOTES;
    case WIRE_PROPOSAL:
    case WIRE_TX_REQUEST:
        return NET_PROPOSALS;
    case WIRE_DECIDED:
    case WIRE_TX_REPLY:
        return NET_BODIES;
    case WIRE_BLOCK_REQUEST:
    case WIRE_BLOCK_BATCH:
    case WIRE_SNAPSHOTS_REQUEST:
    case WIRE_SNAPSHOTS:
    case WIRE_HEADER_REQUEST:
    case WIRE_HEADER:
    case WIRE_MANIFEST_REQUEST:
    case WIRE_MANIFEST:
    case WIRE_CHUNK_REQUEST:
    case WIRE_CHUNK:
        return NET_SYNC;
    case WIRE_TXS:
        return NET_MEMPOOL;
    default:
        return NET_CLASSES;
    }
}

bool wire_of_join(uint8_t kind) {
    return kind == WIRE_SNAPSHOTS || kind == WIRE_HEADER || kind == WIRE_MANIFEST || kind == WIRE_CHUNK;
}

/* --- votes --- */

int wire_vote_encode(const struct vote *vote, struct arena *arena, struct bytes *ret, struct err *err) {
    Vote *pb = NULL;
    int rc = vote_to_pb(vote, arena, &pb, err);
    return rc == CODE_OK ? pb_encode(pb, arena, ret, err) : rc;
}

int wire_vote_decode(struct bytes in, struct arena *arena, struct vote *ret, struct err *err) {
    Vote *pb = NULL;
    int rc = pb_decode(&vote__descriptor, in, arena, &pb, err);
    return rc == CODE_OK ? vote_from_pb(pb, ret, err) : rc;
}

/* --- certificates --- */

static int round_to_pb(const struct certificate *cert, struct arena *arena, CertificateNote *note, struct err *err) {
    note->height = cert->height;
    note->round = cert->round;
    note->votes = arena_array(arena, cert->n, sizeof *note->votes);
    if (note->votes == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a certificate");
    int rc = CODE_OK;
    for (; rc == CODE_OK && note->n_votes < cert->n; note->n_votes++)
        rc = vote_to_pb(&cert->votes[note->n_votes], arena, &note->votes[note->n_votes], err);
    return rc;
}

int wire_certificate_encode(const struct certificate *cert, uint16_t validators, struct arena *arena, struct bytes *ret,
                            struct err *err) {
    CertificateNote note = CERTIFICATE_NOTE__INIT;
    int rc = cert->kind == CERTIFICATE_ROUND ? round_to_pb(cert, arena, &note, err)
                                             : certificate_to_pb(cert, validators, arena, &note.certificate, err);
    return rc == CODE_OK ? pb_encode(&note, arena, ret, err) : rc;
}

static int round_from_pb(const CertificateNote *note, uint16_t validators, struct certificate *ret, struct err *err) {
    if (note->n_votes > VALIDATORS_MAX)
        return err_set(err, CODE_MALFORMED, "a certificate of %zu votes", note->n_votes);
    ret->kind = CERTIFICATE_ROUND;
    ret->height = note->height;
    ret->round = note->round;
    ret->n = (uint16_t)note->n_votes;
    ret->value = (struct hash){{0}};
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < note->n_votes; i++)
        rc = vote_from_pb(note->votes[i], &ret->votes[i], err);
    if (rc == CODE_OK && !certificate_well_formed(ret, validators))
        rc = err_set(err, CODE_MALFORMED, "a certificate for round %u that is not well formed", note->round);
    return rc;
}

int wire_certificate_decode(struct bytes in, uint16_t validators, struct arena *arena, struct certificate *ret,
                            struct err *err) {
    CertificateNote *note = NULL;
    int rc = pb_decode(&certificate_note__descriptor, in, arena, &note, err);
    if (rc != CODE_OK)
        return rc;
    return note->certificate != NULL ? certificate_from_pb(note->certificate, validators, ret, err)
                                     : round_from_pb(note, validators, ret, err);
}

/* --- summaries --- */

int wire_summary_encode(const struct bft_summary *summary, uint16_t validators, struct arena *arena, struct bytes *ret,
                        struct err *err) {
    VoteSummary pb = VOTE_SUMMARY__INIT;
    size_t len = ((size_t)validators + 7) / 8;
    pb.height = summary->height;
    pb.round = summary->round;
    pb.proposal = summary->proposal;
    pb.prevotes = pb_data(bytes_of(summary->prevotes, len));
    pb.precommits = pb_data(bytes_of(summary->precommits, len));
    return pb_encode(&pb, arena, ret, err);
}

int wire_summary_decode(struct bytes in, struct arena *arena, struct bft_summary *ret, struct err *err) {
    VoteSummary *pb = NULL;
    struct bft_summary out = {0};
    int rc = pb_decode(&vote_summary__descriptor, in, arena, &pb, err);
    if (rc != CODE_OK)
        return rc;
    if (pb->prevotes.len > sizeof out.prevotes || pb->precommits.len > sizeof out.precommits)
        return err_set(err, CODE_MALFORMED, "a summary of %zu and %zu bytes of votes", pb->prevotes.len,
                       pb->precommits.len);
    out.height = pb->height;
    out.round = pb->round;
    out.proposal = pb->proposal;
    if (pb->prevotes.len > 0)
        memcpy(out.prevotes, pb->prevotes.data, pb->prevotes.len);
    if (pb->precommits.len > 0)
        memcpy(out.precommits, pb->precommits.data, pb->precommits.len);
    *ret = out;
    return CODE_OK;
}

/* --- proposals --- */

int wire_proposal_encode(const struct proposal *p, const struct block *b, const bool *young, struct arena *arena,
                         struct bytes *ret, struct err *err) {
    Proposal pb = PROPOSAL__INIT;
    pb.height = p->height;
    pb.round = p->round;
    pb.pol_round = p->pol_round;
    pb.header = b->pb->header;
    pb.n_wire_hashes = b->txs_n;
    pb.wire_hashes = arena_array(arena, b->txs_n, sizeof *pb.wire_hashes);
    pb.txs = arena_array(arena, b->txs_n, sizeof *pb.txs);
    if (pb.wire_hashes == NULL || pb.txs == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a proposal");
    for (size_t i = 0; i < b->txs_n; i++) {
        pb.wire_hashes[i] = pb_data(hash_bytes(&b->txs[i].wire_hash));
        if (young == NULL || young[i])
            pb.txs[pb.n_txs++] = b->pb->txs[i];
    }
    pb.last_certificate = b->pb->last_certificate;
    pb.proposer = p->validator;
    pb.signature = pb_data(sig_bytes(&p->sig));
    return pb_encode(&pb, arena, ret, err);
}

/* The hashes, held against the header. */
static int hashes_decode(const Proposal *pb, struct arena *arena, struct wire_proposal *out, struct err *err) {
    size_t n = pb->n_wire_hashes;
    struct hash *spent = arena_array(arena, n + 1, sizeof *spent);
    out->hashes = arena_array(arena, n + 1, sizeof *out->hashes);
    if (spent == NULL || out->hashes == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a proposal");
    for (size_t i = 0; i < n; i++) {
        if (!hash_from(pb_bytes(pb->wire_hashes[i]), &out->hashes[i]))
            return err_set(err, CODE_MALFORMED, "a wire hash of a proposal has not 32 bytes");
        spent[i] = out->hashes[i];
    }
    out->hashes_n = n;
    struct hash root = header_txs_root(spent, n);
    if (out->header.txs_count != n || !hash_eq(&root, &out->header.txs_root))
        return err_set(err, CODE_MALFORMED, "a proposal's transactions are not those of its header");
    return CODE_OK;
}

int wire_proposal_decode(struct bytes in, const struct hash *chain_tag, struct arena *arena, struct wire_proposal *ret,
                         struct err *err) {
    Proposal *pb = NULL;
    struct wire_proposal out = {0};
    int rc = pb_decode(&proposal__descriptor, in, arena, &pb, err);
    if (rc != CODE_OK)
        return rc;
    struct proposal *p = &out.proposal;
    *p = (struct proposal){.height = pb->height, .round = pb->round, .pol_round = pb->pol_round};
    if (pb->proposer >= VALIDATORS_MAX || !sig_from(pb_bytes(pb->signature), &p->sig) ||
        pb->pol_round < POL_ROUND_NONE || pb->n_wire_hashes > BLOCK_TXS_MAX || pb->n_txs > pb->n_wire_hashes)
        return err_set(err, CODE_MALFORMED, "a proposal with a field out of range");
    p->validator = (uint16_t)pb->proposer;
    out.header_bytes = pb_bytes(pb->header);
    out.last_certificate = pb->last_certificate;
    out.txs = pb->txs;
    out.txs_n = pb->n_txs;
    rc = header_parse(out.header_bytes, chain_tag, arena, &out.header, err);
    if (rc == CODE_OK && out.header.height != p->height)
        rc = err_set(err, CODE_MALFORMED, "a proposal whose header is of another height");
    if (rc == CODE_OK)
        rc = hashes_decode(pb, arena, &out, err);
    p->value = out.header.id;
    if (rc == CODE_OK)
        *ret = out;
    return rc;
}
