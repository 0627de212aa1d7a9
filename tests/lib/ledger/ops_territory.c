/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about territories. */
#include "tests/lib/ledger/ops.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_payment.h"

#include "cairn/state.h"

/* Mostly one of the last. */
static uint64_t a_territory(struct world *w) {
    struct key k;
    const Sequences *s = fixture_record(&w->f, key_sequences(&k), &sequences__descriptor);
    uint64_t n = s ? s->territory : 0;
    return n - u64_min(n, below(w, 6)) + seldom(w, 20);
}

bool ops_territory_purse(struct world *w, const char *owner, ProtobufCBinaryData *ret) {
    char text[ADDR_TEXT_MAX];
    struct addr a = fixture_addr(owner);
    addr_to_text(&a, text);
    const TerritoriesAnswer *all = fixture_query(&w->f, "/payment/territories", "owner", text, NULL);
    if (!all->n_territories)
        return false;
    ProtobufCBinaryData found = all->territories[below(w, all->n_territories)]->payment_address;
    *ret = fixture_data(&w->f, found.data, found.len);
    return true;
}

static char *a_name(struct world *w) {
    return arena_printf(&w->f.tx_arena, "plot%u", (unsigned)below(w, 4));
}

static uint64_t a_term(struct world *w) {
    return below(w, 6 * w->f.params.payment.territory_term_min_ms);
}

/* The owner of a territory, mostly. */
static const char *its_owner(struct world *w, uint64_t id) {
    struct key k;
    const Territory *t = fixture_record(&w->f, key_territory(&k, id), &territory__descriptor);
    for (unsigned i = 0; t && i < WORLD_OWNERS && !seldom(w, 8); i++) {
        struct addr a = fixture_addr(w->names[i][0]);
        if (t->owner.len == sizeof a.b && memcmp(t->owner.data, a.b, sizeof a.b) == 0)
            return w->names[i][0];
    }
    return an_owner(w);
}

static void op_mint(struct world *w) {
    MsgMintTerritory m = MSG_MINT_TERRITORY__INIT;
    m.name = a_name(w);
    m.capacity = w->f.params.payment.territory_bytes_min - seldom(w, 10) + below(w, 400000);
    m.term = a_term(w);
    if (seldom(w, 6))
        m.owner = fixture_addr_data(&w->f, an_owner(w));
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_expand(struct world *w) {
    MsgExpandTerritory m = MSG_EXPAND_TERRITORY__INIT;
    m.territory_id = a_territory(w);
    m.bytes_more = below(w, 100000);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_renew(struct world *w) {
    MsgRenewTerritory m = MSG_RENEW_TERRITORY__INIT;
    m.territory_id = a_territory(w);
    m.term = a_term(w);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_reactivate(struct world *w) {
    MsgReactivateTerritory m = MSG_REACTIVATE_TERRITORY__INIT;
    m.territory_id = a_territory(w);
    m.term = a_term(w);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_consign(struct world *w) {
    MsgConsignTerritory m = MSG_CONSIGN_TERRITORY__INIT;
    m.territory_id = a_territory(w);
    m.asked = below(w, PEBBLE_PER_CAIRN);
    if (seldom(w, 3))
        m.buyer = fixture_addr_data(&w->f, an_owner(w));
    fixture_do(&w->f, its_owner(w, m.territory_id), &m.base);
}

static void op_buy(struct world *w) {
    MsgBuyTerritory m = MSG_BUY_TERRITORY__INIT;
    const TerritoriesAnswer *offers = fixture_query(&w->f, "/payment/territories", NULL);
    m.territory_id = a_territory(w);
    if (offers->n_territories && !seldom(w, 6)) {
        const Territory *t = offers->territories[below(w, offers->n_territories)];
        m.territory_id = t->id;
        m.asked = t->asked + seldom(w, 10);
    }
    m.name = a_name(w);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_cancel(struct world *w) {
    MsgCancelConsignment m = MSG_CANCEL_CONSIGNMENT__INIT;
    const TerritoriesAnswer *offers = fixture_query(&w->f, "/payment/territories", NULL);
    m.territory_id = a_territory(w);
    if (offers->n_territories && !seldom(w, 4))
        m.territory_id = offers->territories[below(w, offers->n_territories)]->id;
    fixture_do(&w->f, its_owner(w, m.territory_id), &m.base);
}

static void op_renewal(struct world *w) {
    MsgSetTerritoryRenewal m = MSG_SET_TERRITORY_RENEWAL__INIT;
    m.territory_id = a_territory(w);
    m.term = seldom(w, 3) ? 0 : a_term(w);
    fixture_do(&w->f, its_owner(w, m.territory_id), &m.base);
}

static const struct world_op rows[] = {
    {"mint_territory", 4, op_mint},       {"expand_territory", 2, op_expand}, {"renew_territory", 2, op_renew},
    {"reactivate", 4, op_reactivate},     {"consign", 3, op_consign},         {"buy_territory", 3, op_buy},
    {"cancel_consignment", 1, op_cancel}, {"renewal", 1, op_renewal},
};
const struct world_ops ops_territory = WORLD_OPS(rows);
