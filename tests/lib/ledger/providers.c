/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/providers.h"

ProtobufCBinaryData provider_possession(struct fixture *f, const char *operator_name, const char *key,
                                        enum sp_key_use use) {
    struct addr operator_ = fixture_addr(operator_name);
    struct hash digest = signed_sp_key(&operator_, use, &f->chain_tag);
    return fixture_sign(f, key, &digest);
}

void provider_registration(struct fixture *f, const char *name, MsgRegisterSp *ret) {
    static const char *const suffix[] = {"seal", "approval", "gc", "node"};
    MsgRegisterSp m = MSG_REGISTER_SP__INIT;
    ProtobufCBinaryData *const keys[] = {&m.seal_key, &m.approval_key, &m.gc_key, &m.node_key};
    ProtobufCBinaryData *const shown[] = {&m.seal_possession, &m.approval_possession, &m.gc_possession,
                                          &m.node_possession};
    for (unsigned i = 0; i < 4; i++) {
        const char *key = arena_printf(&f->tx_arena, "%s.%s", name, suffix[i]);
        *keys[i] = fixture_pubkey_data(f, key);
        *shown[i] = provider_possession(f, name, key, (enum sp_key_use)(i + 1));
    }
    m.funding = fixture_addr_data(f, name);
    m.endpoint = arena_strdup(&f->tx_arena, "http://10.0.0.1:80");
    m.p2p_endpoint = arena_strdup(&f->tx_arena, "tcp://10.0.0.1:81");
    m.deposit = 100 * PEBBLE_PER_CAIRN;
    *ret = m;
}
