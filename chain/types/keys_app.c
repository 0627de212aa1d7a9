/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_app.h"

struct bytes key_chain_state(struct key *k) {
    key_begin(k, KEY_APP, 'c');
    return key_bytes(k);
}

struct bytes key_sequences(struct key *k) {
    key_begin(k, KEY_APP, 's');
    return key_bytes(k);
}

struct bytes key_quarantine(struct key *k, struct bytes item) {
    key_begin(k, KEY_APP, 'q');
    key_add_bytes(k, item);
    return key_bytes(k);
}

struct bytes key_quarantine_prefix(struct key *k) {
    key_begin(k, KEY_APP, 'q');
    return key_bytes(k);
}
