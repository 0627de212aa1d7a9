/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_STORE_H
#define CAIRN_CHAIN_BFT_STORE_H
/*
 * Taking in what peers sent, and putting certificates together from it. Says what would be new before anything is
 * changed, so that only what changes the state is logged. Private to this folder.
 */
#include "chain/bft/core.h"

/* Whether taking this in would change anything. */
bool store_wants_proposal(struct bft *core, const struct proposal *proposal);
bool store_wants_vote(struct bft *core, const struct vote *vote);
bool store_wants_certificate(struct bft *core, const struct certificate *cert);

/* NULL, or what is wrong with a message of this height: no correct node sends it. */
const char *store_check_proposal(struct bft *core, const struct proposal *proposal);
const char *store_check_vote(const struct bft *core, const struct vote *vote);
const char *store_check_certificate(const struct bft *core, const struct certificate *cert);

/* Take in what was checked and wanted; evidence and VALIDATE go to the update. */
void store_proposal(struct bft *core, const struct proposal *proposal, bool timely, struct bft_update *update);
void store_vote(struct bft *core, const struct vote *vote, bool certified, struct bft_update *update);
void store_certificate(struct bft *core, const struct certificate *cert, struct bft_update *update);
/* The newest votes whose rounds are kept only now. */
void store_recall(struct bft *core, struct bft_update *update);

/* A quorum voted for this value: its body is needed. Emits NEED once while the verdict is out. */
void store_want(struct bft *core, uint32_t round, const struct hash *value, struct bft_update *update);

/* Whether `value` is known to have had a polka in `round`. */
bool store_has_polka(struct bft *core, uint32_t round, const struct hash *value);

/* Certificates of what is held. store_justify leaves cert->n = 0 when nothing is needed (round 0). */
void store_polka(const struct bft *core, const struct round *round, struct certificate *ret_cert);
void store_commit_cert(const struct bft *core, const struct round *round, struct certificate *ret_cert);
void store_justify(struct bft *core, uint32_t round, struct certificate *ret_cert);

#endif
