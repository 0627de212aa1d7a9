/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_APP_OPS_H
#define CAIRN_X_APP_OPS_H
/* The functions behind struct app_ops (chain/types/app.h has their contracts), a file each. Private to x/app. */
#include "x/app/ledger.h"

int op_info(void *app, struct state *st, struct arena *arena, struct app_info *ret, struct err *err);
int op_init_chain(void *app, struct state *st, const Genesis *genesis, const struct hash *tag, struct err *err);
int op_check_open(void *app, struct state *st, uint64_t height, const struct app_verifier *verifier,
                  struct arena *arena, void **ret_check, struct err *err);
void op_check_nested(void *app, void *check, const struct tx *tx);
int op_check_tx(void *app, void *check, const struct tx *tx, const struct app_waiting *waiting,
                struct app_admission *ret, struct err *err);
void op_check_close(void *app, void *check);
int op_prepare(void *app, struct state *st, uint64_t height, const struct tx *const *candidates, size_t count,
               bool *ret_chosen, struct err *err);
int op_process(void *app, struct state *st, const struct app_block *block, struct err *err);
int op_finalize(void *app, struct state *st, const struct app_block *block, struct arena *arena,
                struct app_outcome *ret, struct err *err);
int op_query(void *app, struct state *st, const struct app_query *query, struct arena *arena, struct app_answer *ret,
             struct err *err);

#endif
