/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_APP_EXECUTE_H
#define CAIRN_X_APP_EXECUTE_H
/* Running what a block holds. Private to x/app. Every function fails only by a fault: what a rule refuses is in the
 * results. */
#include "chain/types/tx.h"
#include "x/app/run.h"

/* The messages of one transaction, all or nothing. *ret on the results arena. */
int execute_tx(struct run *run, const struct tx *tx, TxResult **ret, struct err *err);

/* Sets the ctx to run this message of tx: in the name of its creator, who signed, or has granted it to who signed.
 * CODE_TX_CREATOR, CODE_GRANT_SCOPE. */
int execute_creator(struct run *run, const struct tx *tx, const Msg *msg, struct err *err);

/* All begin, or all end work of all modules, in their order. Their events in order. */
enum execute_phase { EXECUTE_BEGIN, EXECUTE_END };
int execute_hooks(struct run *run, enum execute_phase phase, Event ***ret_events, size_t *ret_n, struct err *err);

#endif
