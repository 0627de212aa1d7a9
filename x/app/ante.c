/* SPDX-License-Identifier: Apache-2.0 */
#include "x/app/ante.h"

#include "chain/types/fee.h"
#include "x/auth/account.h"
#include "x/auth/grant.h"
#include "x/auth/unordered.h"

#include <inttypes.h>

struct bytes ante_creator(const ProtobufCMessage *msg) {
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(msg->descriptor, 1);
    if (!f || f->type != PROTOBUF_C_TYPE_BYTES || strcmp(f->name, "creator") != 0)
        return BYTES_NONE;
    const ProtobufCBinaryData *data = (const void *)((const char *)msg + f->offset);
    return bytes_of(data->data, data->len);
}

struct block_budget block_budget(const ConsensusParams *params) {
    return (struct block_budget){.bytes = params->block_bytes_max - BLOCK_OVERHEAD,
                                 .txs = params->block_txs_max,
                                 .signatures = params->block_signatures_max};
}

bool block_budget_take(struct block_budget *budget, size_t bytes, uint64_t signatures) {
    if (budget->bytes < bytes || budget->txs < 1 || budget->signatures < signatures)
        return false;
    budget->bytes -= bytes;
    budget->txs--;
    budget->signatures -= signatures;
    return true;
}

static int check_shape(const struct run *run, const struct tx *tx, struct err *err) {
    const AuthParams *p = run->ctx.params->auth;
    const TxBody *body = tx->body;
    uint64_t height = run->ctx.height;
    if (tx->wire.len > p->tx_bytes_max)
        return err_set(err, CODE_TX_SIZE, "the transaction has %zu bytes, at most %" PRIu64 " are allowed",
                       tx->wire.len, p->tx_bytes_max);
    if (body->n_msgs < 1 || body->n_msgs > p->tx_messages_max)
        return err_set(err, CODE_TX_MESSAGES, "the transaction has %zu messages, it must have 1 to %" PRIu64,
                       body->n_msgs, p->tx_messages_max);
    if (strlen(body->memo) > p->memo_bytes_max)
        return err_set(err, CODE_TX_MEMO, "the memo has %zu bytes, at most %" PRIu64 " are allowed", strlen(body->memo),
                       p->memo_bytes_max);
    if (body->valid_until_height < height)
        return err_set(err, CODE_TX_EXPIRED, "the transaction was valid until height %" PRIu64 ", this is %" PRIu64,
                       body->valid_until_height, height);
    if (body->valid_until_height - height > p->tx_window_blocks)
        return err_set(err, CODE_TX_WINDOW,
                       "valid_until_height %" PRIu64 " is more than %" PRIu64 " blocks ahead of height %" PRIu64,
                       body->valid_until_height, p->tx_window_blocks, height);
    return CODE_OK;
}

static int check_messages(const struct run *run, const struct tx *tx, uint64_t *ret_signatures, struct err *err) {
    uint64_t signatures = 1;
    for (size_t i = 0; i < tx->body->n_msgs; i++) {
        const Msg *msg = tx->body->msgs[i];
        const struct msg_rule *rule =
            (unsigned)msg->body_case < LEDGER_RULES_MAX ? run->ledger->rules[msg->body_case] : NULL;
        if (!rule || !msg->send)
            return err_set(err, CODE_UNSUPPORTED, "message %zu is of a kind that this ledger does not know", i);
        const void *inner = msg->send; /* every member of the oneof is a pointer to a message */
        struct addr creator;
        if (!addr_from(ante_creator(inner), &creator) || addr_is_zero(&creator))
            return err_set(err, CODE_TX_CREATOR, "message %zu must name an account as its creator", i);
        int rc = rule->check ? rule->check(inner, run->ctx.params, err) : CODE_OK;
        if (rc)
            return err_wrap(err, rc, "message %zu", i);
        if (rule->signatures)
            signatures += rule->signatures(inner);
    }
    uint64_t max = run->ctx.params->consensus->block_signatures_max;
    if (signatures > max)
        return err_set(err, CODE_TX_SIGNATURES,
                       "the transaction carries %" PRIu64 " signatures, a block may have %" PRIu64, signatures, max);
    *ret_signatures = signatures;
    return CODE_OK;
}

/* Nothing but messages that may be free, and no fee offered: each judges for itself and spends its free attempt. */
static int take_free(struct run *run, const struct tx *tx, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < tx->body->n_msgs; i++) {
        const Msg *msg = tx->body->msgs[i];
        rc = run->ledger->rules[msg->body_case]->free_ante(&run->ctx, msg->send, err);
    }
    return rc;
}

/* Only in one's own name: the free attempts are the creator's. */
static bool may_be_free(const struct run *run, const struct tx *tx) {
    if (tx->body->fee)
        return false;
    for (size_t i = 0; i < tx->body->n_msgs; i++) {
        const Msg *msg = tx->body->msgs[i];
        if (!run->ledger->rules[msg->body_case]->free_ante ||
            !bytes_eq(ante_creator((const void *)msg->send), addr_bytes(&tx->sender)))
            return false;
    }
    return true;
}

static int check_fee(const struct run *run, const struct tx *tx, struct err *err) {
    uint64_t needed;
    int rc = fee_of(run->ctx.params->auth, tx->body->msgs, tx->body->n_msgs, tx->wire.len, &needed, err);
    if (rc == CODE_OK && tx->body->fee < needed)
        rc = err_set(err, CODE_FEE_LOW, "the fee is %" PRIu64 " pebble, this transaction costs %" PRIu64, tx->body->fee,
                     needed);
    return rc;
}

static int take_effects(struct run *run, const struct tx *tx, bool free, struct err *err) {
    struct ctx *ctx = &run->ctx;
    struct addr payer = tx_payer(tx);
    bool sponsored = !addr_eq(&payer, &tx->sender);
    ctx->signer = ctx->actor = tx->sender;
    ctx->signer_key = tx->signer;
    int rc = free ? take_free(run, tx, err) : check_fee(run, tx, err);
    if (rc == CODE_OK && tx->body->sequence == 0)
        rc = unordered_take(ctx, &tx->id, tx->body->valid_until_height, err);
    if (rc)
        return rc;
    rc = account_ante(ctx, &tx->sender, &tx->signer, tx->body->sequence, sponsored ? 0 : tx->body->fee, err);
    if (rc == CODE_OK && sponsored)
        rc = grant_take_fee(ctx, &payer, &tx->sender, tx->body->fee, run->chain->ledger_time, err);
    return rc;
}

int ante_tx(struct run *run, const struct tx *tx, struct app_admission *ret, struct err *err) {
    struct ctx *ctx = &run->ctx;
    uint64_t signatures = 0;
    int rc = check_shape(run, tx, err);
    if (rc == CODE_OK)
        rc = check_messages(run, tx, &signatures, err);
    if (rc)
        return rc;
    bool free = may_be_free(run, tx);
    struct arena_mark memory = arena_mark(ctx->arena);
    size_t mark = state_mark(ctx->state);
    uint64_t fees = ctx->fees;
    rc = take_effects(run, tx, free, err);
    if (rc == CODE_OK) {
        state_commit(ctx->state, mark);
    } else {
        state_rollback(ctx->state, mark);
        ctx->fees = fees;
    }
    arena_rewind(ctx->arena, memory);
    if (rc)
        return rc;
    *ret = (struct app_admission){.sender = tx->sender,
                                  .sequence = tx->body->sequence,
                                  .fee = tx->body->fee,
                                  .valid_until_height = tx->body->valid_until_height,
                                  .signatures = (uint32_t)signatures,
                                  .reserved = free};
    return ctx_failed(ctx, err);
}
