/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about accounts. */
#include "tests/lib/ledger/ops.h"

static void op_send(struct world *w) {
    MsgSend m = MSG_SEND__INIT;
    m.to = fixture_addr_data(&w->f, anybody(w));
    m.amount = an_amount(w);
    fixture_do(&w->f, anybody(w), &m.base);
}

/* What owners let each other, or a provider, do: everything or next to nothing, for a while or for ever. */
static void op_grant(struct world *w) {
    static const char *const lists[][3] = {{"*", NULL},
                                           {"*", "MsgSend", NULL},
                                           {"MsgCreateObject", "MsgDeleteObject", NULL},
                                           {"MsgGrant", "MsgRevoke", NULL},
                                           {"MsgSend", NULL},
                                           {NULL}};
    MsgGrant m = MSG_GRANT__INIT;
    const struct deal *d = a_deal(w);
    const char *const *list = lists[below(w, COUNT_OF(lists))];
    m.messages = arena_array(&w->f.tx_arena, 3, sizeof *m.messages);
    for (; list[m.n_messages]; m.n_messages++)
        m.messages[m.n_messages] = text(w, list[m.n_messages]);
    m.grantee = fixture_addr_data(&w->f, seldom(w, 3) ? anybody(w) : an_owner(w));
    m.bucket_name = text(w, seldom(w, 3) ? d->bucket : "");
    m.object_prefix = text(w, *m.bucket_name && seldom(w, 2) ? "dir/" : "");
    m.bytes = seldom(w, 2) ? UINT64_MAX : below(w, 300000);
    m.money = seldom(w, 3) ? UINT64_MAX : an_amount(w);
    m.price_max = seldom(w, 3) ? d->price : UINT64_MAX;
    m.fees = seldom(w, 2) ? below(w, 20000) : UINT64_MAX;
    m.expires_at = seldom(w, 2) ? 0 : fixture_ledger_time(&w->f) + below(w, 3600000);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_revoke(struct world *w) {
    MsgRevoke m = MSG_REVOKE__INIT;
    m.grantee = fixture_addr_data(&w->f, an_owner(w));
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_set_wrap_key(struct world *w) {
    MsgSetWrapKey m = MSG_SET_WRAP_KEY__INIT;
    if (!seldom(w, 4))
        m.wrap_pubkey = fixture_pubkey_data(&w->f, an_owner(w));
    fixture_do(&w->f, an_owner(w), &m.base);
}

/* Any other message, in somebody else's name, or at somebody else's cost. */
static void op_act(struct world *w) {
    const char **how = seldom(w, 3) ? &w->f.fee_payer : &w->f.in_name_of;
    unsigned kind = (unsigned)below(w, world_ops_n());
    *how = an_owner(w);
    if (seldom(w, 2) || world_op_at(kind)->make == op_act)
        op_send(w);
    else
        world_op_at(kind)->make(w);
    *how = NULL;
}

static const struct world_op rows[] = {
    /* coins */
    {"send", 4, op_send},
    /* what others may do; by it: act */
    {"grant", 2, op_grant},
    {"revoke", 1, op_revoke},
    {"act", 2, op_act},
    /* about itself */
    {"set_wrap_key", 1, op_set_wrap_key},
};
const struct world_ops ops_auth = WORLD_OPS(rows);
