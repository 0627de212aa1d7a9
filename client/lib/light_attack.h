/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_LIGHT_ATTACK_H
#define CAIRN_CLIENT_LIB_LIGHT_ATTACK_H
/*
 * Two headers of one height that can both be verified from what a client trusts: at least a third of the validators'
 * power lied. What a client keeps of it: HOME/light-attack-HEIGHT-ID.json (message LightAttack), with both headers, who
 * signed both, and the double votes that the ledger punishes.
 */
#include "chain/types/light.h"

#include "cairn/light.h"

/* All borrowed. header_b and block_b may be NULL: the header contradicts the trusted one itself. */
struct light_attack {
    const struct light_trust *trusted;
    const char *chain_id;
    const char *node_a, *node_b;
    SignedHeader *header_a, *header_b;
    const struct light_block *block_a, *block_b;
};

/* Writes the file and returns CODE_FORK with a sentence that names it; also CODE_FORK when it cannot be written, which
 * the sentence then says. home "": nothing is kept. */
int light_attack_save(const struct light_attack *attack, const char *home, struct err *err);

/* The message, on the arena, borrowing from *attack. CODE_NO_MEMORY. */
int light_attack_to_pb(const struct light_attack *attack, struct arena *arena, LightAttack **ret, struct err *err);

#endif
