/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_params.h"

struct bytes key_params(struct key *k, uint64_t version) {
    key_begin(k, KEY_PARAMS, 'v');
    key_add_u64(k, version);
    return key_bytes(k);
}
