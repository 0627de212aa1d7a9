/* SPDX-License-Identifier: Apache-2.0 */
#include "x/payment/channel.h"

#include "chain/types/keys_payment.h"
#include "x/auth/account.h"

#include <inttypes.h>

int channel_get(struct ctx *ctx, uint64_t id, Channel **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_channel(&k, id), &channel__descriptor, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_CHANNEL_NOT_FOUND, "there is no channel %" PRIu64, id) : rc;
}

int channel_put(struct ctx *ctx, const Channel *channel, struct err *err) {
    struct key k;
    return record_put(ctx, key_channel(&k, channel->id), channel, err);
}

struct addr channel_payer(const Channel *channel) {
    struct addr a = {{0}};
    addr_of_field(channel->payer, &a);
    return a;
}

struct addr channel_payee(const Channel *channel) {
    struct addr a = {{0}};
    addr_of_field(channel->payee, &a);
    return a;
}

static int count_of(struct ctx *ctx, const struct addr *payer, uint64_t *ret, struct err *err) {
    struct key k;
    int rc = record_get_u64(ctx, key_channel_count(&k, payer), ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = 0;
    return CODE_OK;
}

int channel_insert(struct ctx *ctx, const Channel *channel, struct err *err) {
    struct key k;
    struct addr payer = channel_payer(channel), payee = channel_payee(channel);
    uint64_t count;
    int rc = count_of(ctx, &payer, &count, err);
    if (rc)
        return rc;
    if (count >= ctx->params->payment->channels_per_payer)
        return err_set(err, CODE_CHANNEL_LIMIT, "the account has %" PRIu64 " channels open, as many as allowed", count);
    rc = record_put_u64(ctx, key_channel_count(&k, &payer), count + 1, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_payer_channel(&k, &payer, channel->id), err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_payee_channel(&k, &payee, channel->id), err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_channel_due(&k, channel->close_at, channel->id), err);
    return rc ? rc : channel_put(ctx, channel, err);
}

/* Indexes, queue, count and record. */
static int forget(struct ctx *ctx, const Channel *channel, struct err *err) {
    struct key k;
    struct addr payer = channel_payer(channel), payee = channel_payee(channel);
    uint64_t count;
    int rc = count_of(ctx, &payer, &count, err);
    if (rc == CODE_OK && count == 0)
        rc = ctx_fault(ctx, CODE_CORRUPT, "an account counts fewer channels than it has");
    if (rc == CODE_OK)
        rc = count > 1 ? record_put_u64(ctx, key_channel_count(&k, &payer), count - 1, err)
                       : record_del(ctx, key_channel_count(&k, &payer), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_payer_channel(&k, &payer, channel->id), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_payee_channel(&k, &payee, channel->id), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_channel_due(&k, channel->close_at, channel->id), err);
    return rc ? rc : record_del(ctx, key_channel(&k, channel->id), err);
}

int channel_end(struct ctx *ctx, const Channel *channel, struct err *err) {
    struct addr payer = channel_payer(channel);
    uint64_t rest = channel->deposit - channel->redeemed;
    int rc = forget(ctx, channel, err);
    if (rc == CODE_OK)
        rc = coins_from_module(ctx, MODULE_PAYMENT, &payer, rest, err);
    ctx_event(ctx, "payment.channel_closed", "channel", ctx_u64_text(ctx, channel->id), "redeemed",
              ctx_u64_text(ctx, channel->redeemed), "returned", ctx_u64_text(ctx, rest), NULL);
    return rc;
}

int channel_move_end(struct ctx *ctx, Channel *channel, uint64_t close_at, struct err *err) {
    struct key k;
    int rc = record_del(ctx, key_channel_due(&k, channel->close_at, channel->id), err);
    channel->close_at = close_at;
    return rc ? rc : record_put_mark(ctx, key_channel_due(&k, close_at, channel->id), err);
}

int channel_need_payer(struct ctx *ctx, const Channel *channel, struct err *err) {
    struct addr payer = channel_payer(channel);
    if (addr_eq(&payer, &ctx->signer))
        return CODE_OK;
    return err_set(err, CODE_CHANNEL_PARTY, "only the payer of channel %" PRIu64 ", %s, may do this", channel->id,
                   ctx_addr_text(ctx, &payer));
}

int channel_need_open(const struct ctx *ctx, const Channel *channel, struct err *err) {
    if (ctx->time < channel->close_at)
        return CODE_OK;
    return err_set(err, CODE_CHANNEL_CLOSING, "channel %" PRIu64 " was over at ledger time %" PRIu64, channel->id,
                   channel->close_at);
}

int channel_check_expiry(const struct ctx *ctx, uint64_t expires_at, struct err *err) {
    const PaymentParams *p = ctx->params->payment;
    uint64_t first = ctx->time + p->channel_redeem_ms, last = ctx->time + p->channel_term_max_ms;
    if (expires_at >= first && expires_at <= last)
        return CODE_OK;
    return err_set(err, CODE_CHANNEL_EXPIRY,
                   "a channel cannot expire at ledger time %" PRIu64 "; %" PRIu64 " to %" PRIu64 " are allowed",
                   expires_at, first, last);
}

int channel_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)value;
    Channel *channel;
    struct key k;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry in the queue of channels has no id");
    int rc = channel_get(ctx, load_be64(rest.data), &channel, err);
    if (rc == CODE_OK && channel->close_at != due_time)
        rc = err_set(err, CODE_INTERNAL, "the channel is queued under another time");
    if (rc == CODE_OK) /* the entry has been taken out; the end takes it out itself */
        rc = record_put_mark(ctx, key_channel_due(&k, due_time, channel->id), err);
    return rc ? rc : channel_end(ctx, channel, err);
}

/* --- invariants --- */

struct found {
    uint64_t channels, held, by_payer, by_payee, due;
};

static int check_channel(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    struct found *found = arg;
    const Channel *c = msg;
    struct key k;
    struct addr payer = channel_payer(c), payee = channel_payee(c);
    bool by_payer = false, by_payee = false, due = false;
    (void)value;
    int rc = record_has(ctx, key_payer_channel(&k, &payer, c->id), &by_payer, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_payee_channel(&k, &payee, c->id), &by_payee, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_channel_due(&k, c->close_at, c->id), &due, err);
    if (rc)
        return rc;
    if (rest.len != 8 || load_be64(rest.data) != c->id || !by_payer || !by_payee || !due || c->redeemed > c->deposit ||
        c->close_at > c->expires_at || addr_eq(&payer, &payee))
        return err_set(err, CODE_INTERNAL, "channel %" PRIu64 " is not where its indexes say, or paid too much", c->id);
    found->channels++;
    found->held += c->deposit - c->redeemed;
    return CODE_OK;
}

static int count_entry(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

static int add_count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct key k;
    struct addr payer;
    uint64_t n = 0;
    (void)msg;
    if (!addr_from(rest, &payer) || value.len != 8)
        return err_set(err, CODE_INTERNAL, "a count of channels has no payer");
    int rc = record_each(ctx, key_payer_channels(&k, &payer), BYTES_NONE, 0, NULL, count_entry, &n, err);
    if (rc == CODE_OK && (n != load_be64(value.data) || n == 0))
        rc = err_set(err, CODE_INTERNAL, "an account counts %" PRIu64 " channels and has %" PRIu64,
                     load_be64(value.data), n);
    ((struct found *)arg)->by_payer += n;
    return rc;
}

static int count_table(struct ctx *ctx, char table, uint64_t *ret, struct err *err) {
    struct key k;
    key_begin(&k, KEY_PAYMENT, table);
    return record_each(ctx, key_bytes(&k), BYTES_NONE, 0, NULL, count_entry, ret, err);
}

int channel_invariants(struct ctx *ctx, uint64_t *ret_held, struct err *err) {
    struct found found = {0};
    struct key k;
    int rc = record_each(ctx, key_channels(&k), BYTES_NONE, 0, &channel__descriptor, check_channel, &found, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_channel_counts(&k), BYTES_NONE, 0, NULL, add_count, &found, err);
    if (rc == CODE_OK)
        rc = count_table(ctx, 'r', &found.by_payee, err);
    if (rc == CODE_OK)
        rc = count_table(ctx, 'x', &found.due, err);
    if (rc == CODE_OK &&
        (found.by_payer != found.channels || found.by_payee != found.channels || found.due != found.channels))
        rc = err_set(err, CODE_INTERNAL, "indexes, counts or queue have channels that are not there");
    if (rc == CODE_OK)
        *ret_held = found.held;
    return rc;
}
