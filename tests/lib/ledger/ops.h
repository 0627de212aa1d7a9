/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_OPS_H
#define CAIRN_TESTS_LIB_LEDGER_OPS_H
/*
 * The kinds of messages that a random world makes: mostly right ones, and wrong ones of each sort. A module's kinds are
 * a table at the end of ops_<module>.c; ops.c joins the tables. What several of them draw is here.
 */
#include "tests/lib/ledger/world.h"

/* A module's rows. */
struct world_ops {
    const struct world_op *rows;
    unsigned n;
};
#define WORLD_OPS(rows)                                                                                                \
    { rows, sizeof(rows) / sizeof *(rows) }

extern const struct world_ops ops_auth;
extern const struct world_ops ops_payment;
extern const struct world_ops ops_territory;
extern const struct world_ops ops_sp;
extern const struct world_ops ops_storage;
extern const struct world_ops ops_permission;
extern const struct world_ops ops_challenge;
extern const struct world_ops ops_validator;
extern const struct world_ops ops_gov;
extern const struct world_ops ops_migrate;
extern const struct world_ops ops_gateway;

/* The purse of a territory of this owner's; false when there is none. */
bool ops_territory_purse(struct world *w, const char *owner, ProtobufCBinaryData *ret);

/* Answers what is open for a provider, rightly; not more than fits into a block beside the rest. */
void ops_answer_of(struct world *w, uint32_t sp_id);

/* --- draws --- */
uint64_t below(struct world *w, uint64_t n);
/* One in n. */
bool seldom(struct world *w, uint64_t n);
/* Ledger time of one real second, ms. */
uint64_t unit_ms(const struct world *w);
struct deal *a_deal(struct world *w);
const char *an_owner(struct world *w);
/* "sp3" and, with a suffix, "sp3.seal". */
const char *an_sp(struct world *w, const char *suffix);
/* An owner, an SP or its seal key. */
const char *anybody(struct world *w);
/* A copy that lives as long as the message. */
char *text(struct world *w, const char *s);
uint64_t an_amount(struct world *w);
/* Takes the ids of object and group from the state. False when there is nothing to seal. */
bool look_up(struct world *w, struct deal *d);

#endif
