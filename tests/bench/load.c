/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/load.h"

#include "cairn/block.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/os/clock.h"
#include "chain/os/random.h"
#include "chain/os/thread.h"
#include "chain/types/tx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FUND_MSGS = 100, CHUNK = 250, PACED_CHUNK = 10, FEE = 10000000 };

#define FUND_EACH ((uint64_t)100 * 1000000000)

/* --- signing ------------------------------------------------------------------------------------------------------ */

static struct addr address_of(const struct seckey *key) {
    struct pubkey pubkey = seckey_pubkey(key);
    return addr_of_key(&pubkey);
}

static void fund(struct load *load, struct bench_net *net) {
    struct addr owner = address_of(&net->owner);
    struct ledger_send_options options = {.wait = LEDGER_WAIT_COMMITTED};
    struct err err = {0};
    for (size_t from = 0; from < load->senders; from += FUND_MSGS) {
        size_t n = load->senders - from < FUND_MSGS ? load->senders - from : FUND_MSGS;
        Msg msgs[FUND_MSGS], *list[FUND_MSGS];
        MsgSend sends[FUND_MSGS];
        struct addr to[FUND_MSGS];
        TxStatus *status;
        for (size_t i = 0; i < n; i++) {
            to[i] = address_of(&load->keys[from + i]);
            msg_send__init(&sends[i]);
            sends[i].creator = (ProtobufCBinaryData){sizeof owner.b, owner.b};
            sends[i].to = (ProtobufCBinaryData){sizeof to[i].b, to[i].b};
            sends[i].amount = FUND_EACH;
            msg__init(&msgs[i]);
            msgs[i].body_case = MSG__BODY_SEND;
            msgs[i].send = &sends[i];
            list[i] = &msgs[i];
        }
        bench_must(ledger_send(net->ledger, &net->owner, list, n, &options, &load->arena, &status, &err), &err);
    }
}

static void sign_one(struct load *load, struct bench_net *net, size_t sender, size_t sequence, uint64_t valid_until) {
    struct seckey *key = &load->keys[sender];
    struct pubkey pubkey = seckey_pubkey(key);
    struct addr from = address_of(key), to = address_of(&load->keys[(sender + 1) % load->senders]);
    struct err err = {0};
    MsgSend send = MSG_SEND__INIT;
    Msg msg = MSG__INIT, *list[] = {&msg};
    TxBody body = TX_BODY__INIT;
    send.creator = (ProtobufCBinaryData){sizeof from.b, from.b};
    send.to = (ProtobufCBinaryData){sizeof to.b, to.b};
    send.amount = 1;
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    body.signer = (ProtobufCBinaryData){sizeof pubkey.b, pubkey.b};
    body.sequence = sequence + 1;
    body.valid_until_height = valid_until;
    body.fee = FEE;
    body.msgs = list;
    body.n_msgs = 1;
    bench_must(tx_sign(&body, key, ledger_chain_tag(net->ledger), &load->arena,
                       &load->wires[sequence * load->senders + sender], &err),
               &err);
}

void load_sign(struct load *load, struct bench_net *net, size_t senders, size_t each) {
    struct err err = {0};
    NodeStatus *status;
    *load = (struct load){.senders = senders, .each = each};
    arena_init(&load->arena, (size_t)1 << 30);
    load->keys = calloc(senders, sizeof *load->keys);
    load->wires = calloc(senders * each, sizeof *load->wires);
    if (!load->keys || !load->wires)
        bench_must(CODE_NO_MEMORY, NULL);
    for (size_t i = 0; i < senders; i++) {
        uint8_t raw[32];
        do
            random_bytes(raw, sizeof raw);
        while (seckey_init(&load->keys[i], raw, NULL));
    }
    fund(load, net);
    bench_must(ledger_status(net->ledger, &load->arena, &status, &err), &err);
    for (size_t s = 0; s < each; s++)
        for (size_t i = 0; i < senders; i++)
            sign_one(load, net, i, s, status->height + 550);
}

void load_release(struct load *load) {
    free(load->keys);
    free(load->wires);
    arena_release(&load->arena);
}

/* --- handing over ------------------------------------------------------------------------------------------------- */

void load_wait(uint64_t ms) {
    struct mutex m;
    struct cond c;
    uint64_t until = deadline_in_ms(ms);
    mutex_init(&m);
    cond_init(&c);
    mutex_lock(&m);
    while (cond_wait_until(&c, &m, until))
        continue;
    mutex_unlock(&m);
    cond_release(&c);
    mutex_release(&m);
}

struct feeder {
    struct load *load;
    struct bench_net *net;
    unsigned node;
    double per_s; /* 0: as fast as they are taken */
    struct thread thread;
};

/* One request with many transactions, one behind the other. */
static void post(struct feeder *f, const struct buf *body) {
    char url[96];
    struct err err = {0};
    bench_net_url(f->net, f->node, url);
    (void)snprintf(url + strlen(url), sizeof url - strlen(url), "/v1/txs");
    for (;;) {
        struct http_call call = {.method = "POST",
                                 .url = url,
                                 .headers = {"Content-Type: application/octet-stream"},
                                 .body_out = buf_bytes(body)};
        int rc = http_call_run(ledger_http(f->net->ledger), &call, &err);
        rc = rc ? rc : http_call_check(&call, &err);
        http_call_release(&call);
        if (rc != CODE_BUSY && rc != CODE_MEMPOOL_FULL && rc != CODE_NOT_READY && rc != CODE_RATE) {
            bench_must(rc, &err);
            return;
        }
        load_wait(100); /* it is full: sooner than it advises, so that it stays full */
    }
}

/* The moment at which the n-th transaction is due. */
static void keep_pace(const struct feeder *f, uint64_t start_ms, size_t n) {
    uint64_t due = f->per_s > 0 ? start_ms + (uint64_t)((double)n * 1000 / f->per_s) : 0, now = clock_mono_ms();
    if (due > now)
        load_wait(due - now);
}

/* Each node takes its share of the senders, sequence by sequence. */
static void feed(void *arg) {
    struct feeder *f = arg;
    const struct load *load = f->load;
    struct buf body;
    size_t n = 0, chunk = f->per_s > 0 ? PACED_CHUNK : CHUNK;
    uint64_t start = clock_mono_ms();
    buf_init(&body, 16 << 20);
    for (size_t s = 0; s < load->each; s++)
        for (size_t i = f->node; i < load->senders; i += f->net->validators) {
            buf_put_bytes(&body, load->wires[s * load->senders + i]);
            if (++n % chunk == 0) {
                keep_pace(f, start, n);
                post(f, &body);
                buf_clear(&body);
            }
        }
    if (body.len)
        post(f, &body);
    buf_release(&body);
}

/* How many transactions the block at a height has; false while there is none. */
static bool block_txs(struct bench_net *net, uint64_t height, uint64_t *ret) {
    struct arena arena;
    SignedHeader *signed_header;
    Header *header;
    char path[64];
    arena_init(&arena, 4 << 20);
    (void)snprintf(path, sizeof path, "/v1/header/%" PRIu64, height);
    bool there = !ledger_get(net->ledger, path, &signed_header__descriptor, &arena, &signed_header, NULL) &&
                 !pb_decode(&header__descriptor, pb_bytes(signed_header->header), &arena, &header, NULL);
    if (there)
        *ret = header->txs_count;
    arena_release(&arena);
    return there;
}

static void feed_all(struct feeder *feeders, struct load *load, struct bench_net *net, double per_s) {
    struct err err = {0};
    for (unsigned i = 0; i < net->validators; i++) {
        feeders[i] = (struct feeder){.load = load, .net = net, .node = i, .per_s = per_s / net->validators};
        bench_must(thread_start(&feeders[i].thread, "feed", feed, &feeders[i], &err), &err);
    }
}

void load_paced(struct load *load, struct bench_net *net, double per_s) {
    struct feeder feeders[BENCH_NET_NODES_MAX];
    feed_all(feeders, load, net, per_s);
    for (unsigned i = 0; i < net->validators; i++)
        thread_join(&feeders[i].thread);
}

double load_run(struct load *load, struct bench_net *net) {
    struct feeder feeders[BENCH_NET_NODES_MAX];
    struct err err = {0};
    NodeStatus *status;
    uint64_t total = load->senders * load->each, seen = 0, txs = 0;
    bench_must(ledger_status(net->ledger, &load->arena, &status, &err), &err);
    uint64_t height = status->height + 1, start = clock_mono_ns();
    feed_all(feeders, load, net, 0);
    while (seen < total) {
        if (block_txs(net, height, &txs)) {
            seen += txs;
            height++;
        } else {
            char path[64]; /* the node answers when the next height is there, or after a moment */
            json_t *answer = NULL;
            (void)snprintf(path, sizeof path, "/v1/header/%" PRIu64 "?wait_ms=200", height);
            if (!ledger_get_json(net->ledger, path, &answer, NULL))
                json_decref(answer);
        }
    }
    double seconds = (double)(clock_mono_ns() - start) / 1e9;
    for (unsigned i = 0; i < net->validators; i++)
        thread_join(&feeders[i].thread);
    return seconds;
}
