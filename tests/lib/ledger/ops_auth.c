/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about accounts. */
#include "tests/lib/ledger/ops.h"

static void op_send(struct world *w) {
    MsgSend m = MSG_SEND__INIT;
    m.to = fixture_addr_data(&w->f, anybody(w));
    m.amount = an_amount(w);
    fixture_do(&w->f, anybody(w), &m.base);
}

static const struct world_op rows[] = {
    {"send", 4, op_send},
};
const struct world_ops ops_auth = WORLD_OPS(rows);
