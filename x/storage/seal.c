/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/seal.h"

#include "chain/crypto/address.h"

bool seal_is_primary(const struct ctx *ctx, const StorageProvider *sp) {
    struct pubkey key;
    if (!pubkey_from(bytes_of(sp->seal_key.data, sp->seal_key.len), &key))
        return false;
    struct addr account = addr_of_key(&key);
    return addr_eq(&account, &ctx->signer);
}
