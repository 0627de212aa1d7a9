/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/voucher.h"

#include "cairn/auth.h"
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_payment.h"
#include "chain/types/signed.h"

#include <inttypes.h>

int voucher_channel(struct ledger *ledger, uint64_t channel_id, struct arena *arena, Channel **ret, struct err *err) {
    struct key k;
    int rc = ledger_record(ledger, key_channel(&k, channel_id), 0, &channel__descriptor, arena, ret, NULL, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_CHANNEL_NOT_FOUND, "there is no channel %" PRIu64, channel_id) : rc;
}

int voucher_make(struct ledger *ledger, uint64_t channel_id, uint64_t amount, const struct seckey *key,
                 struct arena *arena, SignedVoucher **ret, struct err *err) {
    const struct hash *tag = ledger_chain_tag(ledger);
    struct pubkey pub = seckey_pubkey(key);
    struct addr own = addr_of_key(&pub);
    Voucher voucher = VOUCHER__INIT;
    Channel *channel;
    int rc = voucher_channel(ledger, channel_id, arena, &channel, err);
    if (rc)
        return rc;
    if (!bytes_eq(pb_bytes(channel->payer), addr_bytes(&own)))
        return err_set(err, CODE_CHANNEL_PARTY, "channel %" PRIu64 " is paid by another account", channel_id);
    if (amount > channel->deposit)
        return err_set(err, CODE_PAYMENT_FUNDS, "channel %" PRIu64 " holds %s in all: top it up first", channel_id,
                       money_text(channel->deposit).s);
    if (amount <= channel->redeemed)
        return err_set(err, CODE_VOUCHER_SPENT,
                       "%s of channel %" PRIu64 " have been redeemed; a voucher is over all that was promised, so it "
                       "must be over more",
                       money_text(channel->redeemed).s, channel_id);
    voucher.chain_tag = pb_data(hash_bytes(tag));
    voucher.channel_id = channel_id;
    voucher.amount = amount;
    return voucher_sign(&voucher, key, tag, arena, ret, err);
}

static int check_payer(struct ledger *ledger, const SignedVoucher *in, const Channel *channel, struct arena *arena,
                       struct err *err) {
    struct addr payer;
    struct pubkey key;
    struct key k;
    Account *account;
    if (!addr_from(pb_bytes(channel->payer), &payer))
        return err_set(err, CODE_CORRUPT, "the channel has no payer");
    int rc = ledger_record(ledger, key_account(&k, &payer), 0, &account__descriptor, arena, &account, NULL, err);
    if (rc)
        return rc;
    if (!pubkey_from(pb_bytes(account->pubkey), &key) ||
        voucher_verify(in, &key, ledger_chain_tag(ledger), err) != CODE_OK)
        return err_set(err, CODE_VOUCHER, "the voucher is not signed by the payer of channel %" PRIu64, channel->id);
    return CODE_OK;
}

int voucher_check(struct ledger *ledger, const SignedVoucher *in, struct arena *arena, Channel **ret_channel,
                  uint64_t *ret_worth, struct err *err) {
    Voucher *voucher;
    Channel *channel;
    int rc = voucher_open(in, ledger_chain_tag(ledger), arena, &voucher, err);
    if (!rc)
        rc = voucher_channel(ledger, voucher->channel_id, arena, &channel, err);
    if (!rc)
        rc = check_payer(ledger, in, channel, arena, err);
    if (rc)
        return rc;
    uint64_t upto = u64_min(voucher->amount, channel->deposit);
    *ret_channel = channel;
    *ret_worth = upto > channel->redeemed ? upto - channel->redeemed : 0;
    return CODE_OK;
}
