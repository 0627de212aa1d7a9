/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about the directory of gateways. */
#include "tests/lib/ledger/ops.h"

#include "cairn/gateway.h"

/* One that is there, or was, or never will be. */
static uint64_t a_gateway(struct world *w) {
    const GatewaysAnswer *all = fixture_query(&w->f, "/gateway/list", NULL);
    if (!all->n_gateways || seldom(w, 6))
        return below(w, 20);
    return all->gateways[below(w, all->n_gateways)]->id;
}

static void op_register_gateway(struct world *w) {
    MsgRegisterGateway m = MSG_REGISTER_GATEWAY__INIT;
    m.url = text(w, seldom(w, 10) ? "ftp://gateway.example" : "https://gateway.example:443");
    m.region = text(w, seldom(w, 3) ? "" : "eu");
    m.version = text(w, "1.0");
    fixture_do(&w->f, seldom(w, 3) ? anybody(w) : an_owner(w), &m.base);
}

static void op_update_gateway(struct world *w) {
    MsgUpdateGateway m = MSG_UPDATE_GATEWAY__INIT;
    m.gateway_id = a_gateway(w);
    m.region = text(w, seldom(w, 8) ? "" : "us");
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_remove_gateway(struct world *w) {
    MsgRemoveGateway m = MSG_REMOVE_GATEWAY__INIT;
    m.gateway_id = a_gateway(w);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static const struct world_op rows[] = {
    /* where clients go */
    {"register_gateway", 2, op_register_gateway},
    {"update_gateway", 2, op_update_gateway},
    {"remove_gateway", 2, op_remove_gateway},
};
const struct world_ops ops_gateway = WORLD_OPS(rows);
