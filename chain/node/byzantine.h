/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_BYZANTINE_H
#define CAIRN_CHAIN_NODE_BYZANTINE_H
/*
 * A validator that breaks the rules, for the end-to-end tests. Only `make BYZ=1` compiles it (build/byz/bin/cairnd);
 * the released program has none of it.
 *
 * What it does is a list in the environment variable CAIRN_BYZANTINE, separated by commas:
 *
 *     equivocate      signs a second vote beside each of its own; each half of the peers hears another one first
 *     withhold        its votes reach nobody in every second height; its proposals reach one peer only
 *     double-propose  signs two proposals for its rounds, both valid; each half of the peers gets another one first
 *     invalid-block   what it proposes claims another state than the ledger's
 *     garbage         beside every vote: frames of random kinds and bytes
 *     far             votes of rounds and heights far away, stale ones, claims of heights that nobody has reached
 *     forge           certificates whose signatures are not what they say, votes in the names of others
 *     bad-chunks      its snapshots are those of the others, but each chunk that it gives has a wrong bit
 *
 * It needs the signing key and goes round the signer's memory. It works upon the driver's environment: the core and the
 * driver are the shipped ones, and believe that they are honest.
 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"

struct core;

/* Replaces functions of the driver's environment as CAIRN_BYZANTINE says; nothing when it is not set. After core_open.
 * CODE_INVALID_ARGUMENT names a word that is not in the list. */
int byzantine_install(struct core *c, struct err *err);

/* What is about to be sent to a peer that asked for it. Any thread. */
void byzantine_serve(uint8_t kind, struct bytes *payload);

#endif
