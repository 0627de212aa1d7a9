/* SPDX-License-Identifier: Apache-2.0 */
/* Module payment's coins against accounts and incomes; rates of accounts against those of their slots; queues against
 * accounts. */
#include "x/payment/account.h"
#include "x/payment/channel.h"
#include "x/payment/flow.h"
#include "x/payment/quota.h"
#include "x/payment/territory.h"

#include "chain/crypto/address.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "x/auth/account.h"
#include "x/sp/sp.h"

#include <inttypes.h>

struct sums {
    uint64_t accounts; /* balances, reserves, locks */
    uint64_t incomes;  /* of providers, and what waits for who takes a position over */
    uint64_t owed;     /* to positions, of what accounts have paid */
    uint64_t due_wanted, due_entries, slots, slot_entries, withdrawals, withdrawal_entries, quotas, quota_entries;
};

struct slots {
    struct sums *sums;
    const PaymentAccount *account;
    u128 rate;
    uint64_t n;
};

/* A read quota in place of a slot. */
static int check_quota(struct ctx *ctx, struct slots *s, uint64_t bucket, struct err *err) {
    struct key k;
    ReadQuota *q;
    struct addr payer, own;
    bool queued = false;
    int rc = payment_quota_find(ctx, bucket, &q, err);
    if (rc)
        return rc;
    if (!q || !addr_of_field(q->payment_address, &payer) || !addr_of_field(s->account->address, &own) ||
        !addr_eq(&payer, &own) || q->bucket_id != bucket)
        return err_set(err, CODE_INTERNAL, "a payer is charged for a read quota that is not its own");
    rc = record_has(ctx, key_slot_due(&k, q->settle_due, bucket, QUOTA_SLOT), &queued, err);
    if (rc == CODE_OK && !queued)
        rc = err_set(err, CODE_INTERNAL, "the read quota of bucket %" PRIu64 " is not queued to be settled", bucket);
    if (q->settled_at > s->account->settled_at)
        return err_set(err, CODE_INTERNAL, "a read quota was settled beyond what its payer has paid");
    uint64_t remainder = q->remainder;
    s->rate += u128_of(q->rate);
    s->sums->owed += flow_accrue(u128_of(q->rate), s->account->settled_at - q->settled_at, &remainder);
    s->sums->quotas++;
    s->n++;
    return rc;
}

/* Those that flow are charged to somebody. */
static int count_quota(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    *(uint64_t *)arg += u128_of(((const ReadQuota *)msg)->rate) != 0;
    return CODE_OK;
}

/* Key rest: bucket, slot. */
static int check_slot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value, (void)msg;
    struct slots *s = arg;
    struct key k;
    BucketSlot *slot;
    uint64_t bucket = load_be64(rest.data), number = load_be64(rest.data + 8);
    if (number == QUOTA_SLOT)
        return check_quota(ctx, s, bucket, err);
    int rc = record_get(ctx, key_slot(&k, bucket, number), &bucket_slot__descriptor, &slot, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_INTERNAL,
                       "a payer is charged for slot %" PRIu64 " of bucket %" PRIu64 ", which is gone", number, bucket);
    if (rc)
        return rc;
    bool queued;
    rc = record_has(ctx, key_slot_due(&k, slot->settle_due, bucket, number), &queued, err);
    if (rc == CODE_OK && !queued)
        rc = err_set(err, CODE_INTERNAL, "slot %" PRIu64 " of bucket %" PRIu64 " is not queued to be settled", number,
                     bucket);
    if (slot->settled_at > s->account->settled_at)
        return err_set(err, CODE_INTERNAL, "a slot was settled beyond what its payer has paid");
    for (size_t i = 0; rc == CODE_OK && i < slot->n_rates; i++) {
        uint64_t remainder = slot->remainders[i];
        s->rate += u128_of(slot->rates[i]);
        s->sums->owed += flow_accrue(u128_of(slot->rates[i]), s->account->settled_at - slot->settled_at, &remainder);
    }
    s->n++;
    return rc;
}

static int check_reserve(struct ctx *ctx, const PaymentAccount *a, struct err *err) {
    uint64_t need;
    int rc = payment_charge(u128_of(a->rate), a->prepaid ? 0 : ctx->params->payment->reserve_time_ms, &need, err);
    if (rc == CODE_OK && a->status == PAYMENT_STATUS_ACTIVE && a->reserve != need)
        rc = err_set(err, CODE_INTERNAL, "an active account has %" PRIu64 " in reserve and needs %" PRIu64, a->reserve,
                     need);
    return rc;
}

/* The record lies where its owner and index say, and the owner counts it. */
static int check_owner(struct ctx *ctx, const struct addr *addr, const PaymentAccount *a, struct err *err) {
    struct addr owner, own;
    Account *account;
    if (!addr_of_field(a->address, &own) || !addr_eq(&own, addr) || !addr_of_field(a->owner, &owner))
        return err_set(err, CODE_INTERNAL, "a payment account has no owner, or another address than its place");
    int rc = account_get(ctx, &owner, &account, err);
    if (rc)
        return rc;
    if (a->territory_id)
        return territory_check_purse(ctx, addr, a, err);
    own = a->index ? addr_of_payment(&owner, (uint32_t)a->index) : owner;
    if (a->index > account->payment_accounts || !addr_eq(&own, addr))
        return err_set(err, CODE_INTERNAL, "payment account %" PRIu64 " of an owner is not where it belongs", a->index);
    return CODE_OK;
}

static int check_withdrawal(struct ctx *ctx, const struct addr *addr, const PaymentAccount *a, struct err *err) {
    struct key k;
    bool queued = true;
    int rc = a->withdraw_at ? record_has(ctx, key_withdrawal_due(&k, a->withdraw_at, addr), &queued, err) : CODE_OK;
    if (rc == CODE_OK && (!queued || (a->withdraw_at == 0) != (a->withdrawing == 0)))
        rc = err_set(err, CODE_INTERNAL, "a large withdrawal is not queued at the time that its account says");
    return rc;
}

static int check_account(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    (void)value;
    struct sums *sums = arg;
    const PaymentAccount *a = msg;
    struct slots slots = {.sums = sums, .account = a};
    struct addr addr;
    struct key k;
    sums->accounts += a->balance + a->reserve + a->locked + a->withdrawing;
    sums->withdrawals += a->withdraw_at != 0;
    sums->due_wanted += a->dry_at != 0;
    if (!addr_from(rest, &addr) || (a->dry_at == 0) != (a->prepaid || u128_of(a->rate) == 0))
        return err_set(err, CODE_INTERNAL, "a payment account with a flow is not queued, or one without is");
    int rc = check_owner(ctx, &addr, a, err);
    if (rc)
        return rc;
    bool queued = true;
    rc = a->dry_at ? record_has(ctx, key_payment_due(&k, a->dry_at, &addr), &queued, err) : CODE_OK;
    if (rc == CODE_OK && !queued)
        rc = err_set(err, CODE_INTERNAL, "a payment account is not queued at the time that it says");
    if (rc == CODE_OK)
        rc = check_withdrawal(ctx, &addr, a, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_payer_slots(&k, &addr), BYTES_NONE, 0, NULL, check_slot, &slots, err);
    if (rc == CODE_OK && (slots.rate != u128_of(a->rate) || slots.n != a->slots))
        rc = err_set(err, CODE_INTERNAL, "a payment account's rate or count of slots is not that of its slots");
    sums->slots += slots.n;
    return rc ? rc : check_reserve(ctx, a, err);
}

static int add_income(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    ((struct sums *)arg)->incomes += ((const StorageProvider *)msg)->income;
    return CODE_OK;
}

static int add_escrow(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const PlacementGroup *group = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    for (size_t i = 0; i < group->n_escrow; i++)
        ((struct sums *)arg)->incomes += group->escrow[i];
    return CODE_OK;
}

static int count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

static int count_queue(struct ctx *ctx, char table, uint64_t *ret, struct err *err) {
    struct key k;
    key_begin(&k, KEY_PAYMENT, table);
    return record_each(ctx, key_bytes(&k), BYTES_NONE, 0, NULL, count, ret, err);
}

int payment_invariants(struct ctx *ctx, struct err *err) {
    struct sums s = {0};
    struct key k;
    uint64_t held = 0, channels = 0;
    int rc =
        record_each(ctx, key_payment_accounts(&k), BYTES_NONE, 0, &payment_account__descriptor, check_account, &s, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_sps(&k), BYTES_NONE, 0, &storage_provider__descriptor, add_income, &s, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_placement_groups(&k), BYTES_NONE, 0, &placement_group__descriptor, add_escrow, &s,
                         err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 'd', &s.due_entries, err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 's', &s.slot_entries, err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 'w', &s.withdrawal_entries, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_read_quotas(&k), BYTES_NONE, 0, &read_quota__descriptor, count_quota,
                         &s.quota_entries, err);
    if (rc == CODE_OK)
        rc = channel_invariants(ctx, &channels, err);
    if (rc == CODE_OK)
        rc = territory_invariants(ctx, err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_PAYMENT, &held, err);
    if (rc)
        return rc;
    if (s.due_entries != s.due_wanted || s.slot_entries != s.slots || s.withdrawal_entries != s.withdrawals ||
        s.quota_entries != s.quotas)
        return err_set(err, CODE_INTERNAL, "payment's queues have entries that no account or slot knows");
    if (held < s.accounts + s.incomes + s.owed + channels)
        return err_set(err, CODE_INTERNAL,
                       "module payment holds %" PRIu64 " pebble; accounts have %" PRIu64 ", channels %" PRIu64
                       ", providers %" PRIu64 ", and %" PRIu64 " is owed to them",
                       held, s.accounts, channels, s.incomes, s.owed);
    return CODE_OK;
}
