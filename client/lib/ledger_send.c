/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: building, signing, sending, waiting. */
#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/crypto/address.h"
#include "chain/os/clock.h"
#include "chain/types/fee.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_params.h"
#include "chain/types/tx.h"
#include "client/lib/ledger_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SEND_TRIES = 6,
    SEND_TIMEOUT_MS = 30000,
    PARAMS_FRESH_MS = 60000,
    VALID_BLOCKS = 500, /* below the window of 600 */
    WAIT_SLICE_MS = 10000,
    RETRY_AFTER_MAX_S = 10,
};

/* --- what a transaction needs ------------------------------------------------------------------------------------- */

/* The parameters in force, at most a minute old. send_lock is held. */
static int fresh_params(struct ledger *l, const Params **ret, struct err *err) {
    uint64_t now = clock_mono_ms();
    if (!l->params || now - l->params_at_ms > PARAMS_FRESH_MS) {
        struct key k;
        ChainState *chain;
        Params *params;
        arena_reset(&l->params_arena);
        l->params = NULL;
        int rc =
            ledger_record(l, key_chain_state(&k), 0, &chain_state__descriptor, &l->params_arena, &chain, NULL, err);
        if (!rc)
            rc = ledger_record(l, key_params(&k, chain->params_version), 0, &params__descriptor, &l->params_arena,
                               &params, NULL, err);
        if (rc)
            return err_wrap(err, rc, "parameters");
        l->params = params;
        l->params_at_ms = now;
    }
    *ret = l->params;
    return CODE_OK;
}

static struct ledger_sender *sender_of(struct ledger *l, const struct addr *account) {
    for (size_t i = 0; i < LEDGER_SENDERS; i++)
        if (l->senders[i].used && addr_eq(&l->senders[i].account, account))
            return &l->senders[i];
    struct ledger_sender *s = &l->senders[l->sender_next++ % LEDGER_SENDERS];
    *s = (struct ledger_sender){.account = *account, .used = true};
    return s;
}

/* The sequence that the ledger wants next from the account; the newest state, not proven: a wrong one is only refused.
 */
static int read_sequence(struct ledger *l, const struct addr *account, bool sponsored, uint64_t *ret, struct err *err) {
    struct arena arena;
    struct key k;
    Account *record;
    arena_init(&arena, 1 << 20);
    int rc = ledger_record(l, key_account(&k, account), 0, &account__descriptor, &arena, &record, NULL, err);
    if (rc == CODE_NOT_FOUND && sponsored) { /* it begins with this transaction */
        *ret = 1;
        rc = CODE_OK;
    } else if (rc == CODE_NOT_FOUND)
        rc =
            err_set(err, CODE_INSUFFICIENT_FUNDS, "this account does not exist yet: somebody must send it coins first");
    else if (!rc)
        *ret = record->sequence ? record->sequence : 1;
    arena_release(&arena);
    return rc;
}

/* A node that refuses a sequence says at the end of its sentence which one it wants. */
static uint64_t wanted_sequence(const struct err *err) {
    const char *p = err->msg + strlen(err->msg);
    while (p > err->msg && (p[-1] < '0' || p[-1] > '9'))
        p--;
    while (p > err->msg && p[-1] >= '0' && p[-1] <= '9')
        p--;
    return strtoull(p, NULL, 10);
}

/* --- building ----------------------------------------------------------------------------------------------------- */

struct building {
    TxBody body;
    struct pubkey signer;
    struct bytes wire;
};

static int build(struct ledger *l, const struct seckey *key, Msg *const *msgs, size_t count, uint64_t sequence,
                 const struct ledger_send_options *o, struct arena *arena, struct building *b, struct err *err) {
    NodeStatus *status;
    const Params *params = NULL;
    int rc = ledger_status(l, arena, &status, err);
    if (!rc)
        rc = fresh_params(l, &params, err);
    if (rc)
        return rc;
    *b = (struct building){.body = TX_BODY__INIT, .signer = seckey_pubkey(key)};
    b->body.signer = (ProtobufCBinaryData){sizeof b->signer.b, b->signer.b};
    b->body.sequence = sequence;
    b->body.valid_until_height = status->height + VALID_BLOCKS;
    b->body.memo = (char *)(uintptr_t)(o->memo ? o->memo : "");
    b->body.n_msgs = count;
    b->body.msgs = (Msg **)(uintptr_t)msgs;
    b->body.fee = o->fee;
    if (o->fee_payer)
        b->body.fee_payer = (ProtobufCBinaryData){sizeof o->fee_payer->b, (uint8_t *)(uintptr_t)o->fee_payer->b};
    if (!o->fee && !o->free) {
        /* the fee is part of what it is computed from: its varint has at most 10 bytes and a tag */
        size_t len = tx_body__get_packed_size(&b->body) + TX_FRAME_LEN + 11;
        rc = fee_of(params->auth, msgs, count, len, &b->body.fee, err);
    }
    return rc ? rc : tx_sign(&b->body, key, &l->chain_tag, arena, &b->wire, err);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static const char *wait_name(enum ledger_wait wait) {
    return wait == LEDGER_WAIT_NONE ? "none" : wait == LEDGER_WAIT_ADMITTED ? "admitted" : "committed";
}

/* The node is full, or not ready, and says when to ask again: in ms. 0: the answer is another one. */
static uint64_t ask_again_ms(int rc, const struct http_call *call) {
    char text[32];
    uint64_t seconds = 1;
    if (rc != CODE_MEMPOOL_FULL && rc != CODE_BUSY && rc != CODE_RATE && rc != CODE_NOT_READY)
        return 0;
    if (http_call_header(call, "retry-after", text, sizeof text))
        u64_parse(text, strlen(text), &seconds);
    seconds = seconds < 1 ? 1 : seconds > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : seconds;
    return seconds * 1000;
}

static int broadcast_once(struct ledger *l, struct bytes json, uint64_t timeout_ms, struct arena *arena, TxStatus **ret,
                          uint64_t *ret_again_ms, struct err *err) {
    struct http_call call = {.method = "POST",
                             .headers = {"Content-Type: application/json"},
                             .body_out = json,
                             .deadline_ms = timeout_ms + l->deadline_ms};
    int rc = ledger_call(l, "/v1/tx", &call, err);
    if (!rc)
        rc = http_call_check(&call, err);
    *ret_again_ms = ask_again_ms(rc, &call);
    if (!rc)
        rc = json_read_pb_open(&tx_status__descriptor, buf_bytes(&call.body), arena, ret, err);
    http_call_release(&call);
    return rc;
}

/* Nobody ends it earlier. */
static void wait_until(uint64_t deadline_ns) {
    struct mutex m;
    struct cond c;
    mutex_init(&m);
    cond_init(&c);
    mutex_lock(&m);
    while (cond_wait_until(&c, &m, deadline_ns))
        continue;
    mutex_unlock(&m);
    cond_release(&c);
    mutex_release(&m);
}

int ledger_broadcast(struct ledger *l, struct bytes wire, enum ledger_wait wait, uint64_t timeout_ms,
                     struct arena *arena, TxStatus **ret, struct err *err) {
    TxBroadcast body = TX_BROADCAST__INIT;
    const char *text;
    body.tx = (ProtobufCBinaryData){wire.len, (uint8_t *)(uintptr_t)wire.data};
    body.wait = (char *)(uintptr_t)wait_name(wait);
    body.timeout_ms = timeout_ms ? timeout_ms : SEND_TIMEOUT_MS;
    int rc = json_print_pb(&body, false, arena, &text, err);
    if (rc)
        return rc;
    uint64_t until = clock_mono_ms() + body.timeout_ms, again;
    for (;;) {
        rc = broadcast_once(l, bytes_str(text), body.timeout_ms, arena, ret, &again, err);
        if (again == 0 || clock_mono_ms() + again > until)
            return rc;
        wait_until(deadline_in_ms(again));
    }
}

int ledger_wait_tx(struct ledger *l, const struct hash *tx_id, uint64_t timeout_ms, struct arena *arena, TxStatus **ret,
                   struct err *err) {
    uint64_t until = clock_mono_ms() + (timeout_ms ? timeout_ms : SEND_TIMEOUT_MS), now;
    struct hash_hex id = hash_hex(tx_id);
    char path[160];
    while ((now = clock_mono_ms()) < until) {
        uint64_t slice = until - now < WAIT_SLICE_MS ? until - now : WAIT_SLICE_MS;
        struct http_call call = {.deadline_ms = slice + l->deadline_ms};
        TxStatus *status = NULL;
        snprintf(path, sizeof path, "/v1/tx/%s?wait_ms=%llu", id.s, (unsigned long long)slice);
        int rc = ledger_call(l, path, &call, err);
        if (!rc)
            rc = http_call_check(&call, err);
        if (!rc)
            rc = json_read_pb_open(&tx_status__descriptor, buf_bytes(&call.body), arena, &status, err);
        uint64_t again = ask_again_ms(rc, &call);
        http_call_release(&call);
        if (rc && rc != CODE_NOT_FOUND && again == 0)
            return rc;
        if (again != 0)
            wait_until(deadline_in_ms(u64_min(again, until - now)));
        if (!rc && !strcmp(status->state, "committed")) {
            *ret = status;
            return CODE_OK;
        }
    }
    return err_set(err, CODE_TIMEOUT, "transaction %s is not in a block yet; `cairn tx wait %s` goes on waiting", id.s,
                   id.s);
}

/* Builds and hands over until the sequence fits. send_lock is held. */
static int hand_over(struct ledger *l, const struct seckey *key, Msg *const *msgs, size_t count,
                     const struct ledger_send_options *o, struct arena *arena, TxStatus **ret, struct err *err) {
    struct pubkey pubkey = seckey_pubkey(key);
    struct addr account = addr_of_key(&pubkey);
    struct ledger_sender *sender = sender_of(l, &account);
    struct err first;
    int rc = CODE_SEQUENCE_WRONG;
    err_clear(&first);
    for (int i = 0; rc == CODE_SEQUENCE_WRONG && i < SEND_TRIES; i++) {
        struct building b;
        rc = sender->next ? CODE_OK : read_sequence(l, &account, o->fee_payer != NULL, &sender->next, &first);
        if (!rc)
            rc = build(l, key, msgs, count, sender->next, o, arena, &b, &first);
        if (!rc)
            rc = ledger_broadcast(l, b.wire, LEDGER_WAIT_ADMITTED, 0, arena, ret, &first);
        if (rc == CODE_SEQUENCE_WRONG)
            sender->next = wanted_sequence(&first);
    }
    if (rc)
        sender->next = 0; /* whatever happened: ask anew next time */
    else
        sender->next++;
    if (rc && err)
        *err = first;
    return rc;
}

/* Waits until the state after height can be proven. If that takes too long the transaction is committed all the same.
 */
static void await_provable(struct ledger *l, uint64_t height) {
    struct key k;
    struct arena arena;
    ChainState *chain;
    arena_init(&arena, 4 << 20);
    ledger_record(l, key_chain_state(&k), height, &chain_state__descriptor, &arena, &chain, NULL, NULL);
    arena_release(&arena);
}

/* What a transaction that is in a block came to. */
static int judge(const TxStatus *status, struct err *err) {
    if (!status->result || !status->result->code)
        return CODE_OK;
    return err_set(err, (int)status->result->code, "%s",
                   *status->result->log ? status->result->log : code_sentence((int)status->result->code));
}

int ledger_send(struct ledger *l, const struct seckey *key, Msg *const *msgs, size_t count,
                const struct ledger_send_options *o, struct arena *arena, TxStatus **ret, struct err *err) {
    TxStatus *status = NULL;
    struct hash id;
    mutex_lock(&l->send_lock);
    int rc = hand_over(l, key, msgs, count, o, arena, &status, err);
    mutex_unlock(&l->send_lock);
    if (rc)
        return rc;
    *ret = status;
    if (o->wait != LEDGER_WAIT_COMMITTED)
        return CODE_OK;
    if (strcmp(status->state, "committed")) {
        if (!hash_from(bytes_of(status->tx_id.data, status->tx_id.len), &id))
            return err_set(err, CODE_MALFORMED, "the node did not name the transaction");
        rc = ledger_wait_tx(l, &id, o->timeout_ms, arena, ret, err);
    }
    if (!rc && o->provable)
        await_provable(l, (*ret)->height);
    return rc ? rc : judge(*ret, err);
}
