/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_APP_LEDGER_H
#define CAIRN_X_APP_LEDGER_H
/*
 * The ledger as the engine sees it (chain/types/app.h): the modules in their order, behind one table of functions.
 *
 *     struct ledger ledger;
 *     ledger_init(&ledger, &(struct ledger_options){.invariants = false});
 *     node_run(..., ledger_app(&ledger));
 *
 * A block runs in this order: ante checks of all transactions, the header's reveal, begin work, messages, end work. A
 * ledger holds no state: everything is in the struct state of each call, so one ledger serves any number of threads.
 */
#include "chain/types/app.h"
#include "x/base/deps.h"
#include "x/base/module.h"

/* The newest version of the rules that this program knows; it knows all before. A rule that changes asks ctx->version,
 * and keeps both ways until no chain can be caught up from before the change. */
#ifdef CAIRN_DEBUG
#define LEDGER_VERSION 2 /* a test of upgrades: coins sent to oneself are refused (msg_send.c) */
#else
#define LEDGER_VERSION 1
#endif

struct ledger_options {
    uint64_t version; /* known, in place of LEDGER_VERSION; 0: that. Tests */
    bool invariants;  /* check every invariant after every block: tests, development; proportional to the state */
};

#define LEDGER_RULES_MAX 256 /* Msg's field numbers */

struct ledger {
    struct ledger_options options;
    const struct module *const *modules;
    size_t modules_n;
    const struct deps *deps;
    const struct msg_rule *rules[LEDGER_RULES_MAX]; /* by Msg's body case; NULL: no such message */
};

/* options may be NULL. */
void ledger_init(struct ledger *ledger, const struct ledger_options *options);
/* The engine's view; borrows ledger. */
struct app ledger_app(struct ledger *ledger);

/* Every invariant of every module over the state. CODE_INTERNAL with the one that is broken. */
int ledger_invariants(struct ledger *ledger, struct state *st, struct err *err);

/* Every query there is: for help texts and documentation. False at the end. */
bool ledger_query_at(const struct ledger *ledger, size_t i, const struct query **ret);

#endif
