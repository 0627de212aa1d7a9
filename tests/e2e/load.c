/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions for a test: signed beforehand, sent as fast as the nodes take them.
 *
 *     load addresses ACCOUNTS                       one address a line: to be funded in genesis
 *     load send CHAIN_TAG ACCOUNTS EACH HOST:PORT...   signs ACCOUNTS * EACH transfers, says "signed", sends on a line
 * from stdin
 */
#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"
#include "chain/http/client.h"
#include "chain/os/thread.h"
#include "chain/types/tx.h"

#include <stdio.h>
#include <stdlib.h>

enum { NODES_MAX = 16, CHUNK = 256 << 10 };

static struct seckey key_of(uint64_t i) {
    uint8_t raw[8];
    struct seckey key;
    store_be64(raw, i + 1);
    struct hash h = hash_of(DOMAIN_REVEAL, bytes_of(raw, sizeof raw));
    (void)seckey_init(&key, h.b, NULL);
    return key;
}

static struct addr addr_at(uint64_t i) {
    struct seckey key = key_of(i);
    struct pubkey pub = seckey_pubkey(&key);
    return addr_of_key(&pub);
}

static int addresses(uint64_t n) {
    for (uint64_t i = 0; i < n; i++) {
        char text[ADDR_TEXT_MAX];
        struct addr a = addr_at(i);
        addr_to_text(&a, text);
        printf("%s\n", text);
    }
    return 0;
}

/* What goes to one node. */
struct lane {
    struct buf wires;
    const char *node;
    struct http_client *client;
    uint64_t sent;
    struct thread thread;
    char failure[256];
};

static int sign_one(uint64_t from, uint64_t sequence, const struct hash *tag, struct arena *arena, struct buf *out,
                    struct err *err) {
    struct seckey key = key_of(from);
    struct pubkey pub = seckey_pubkey(&key);
    struct addr me = addr_of_key(&pub), to = addr_at(from + 1);
    MsgSend send = MSG_SEND__INIT;
    send.creator = pb_data(addr_bytes(&me));
    send.to = pb_data(addr_bytes(&to));
    send.amount = 1;
    Msg msg = MSG__INIT;
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    Msg *msgs[] = {&msg};
    TxBody body = TX_BODY__INIT;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = sequence;
    body.valid_until_height = 500;
    body.fee = 10000;
    body.n_msgs = 1;
    body.msgs = msgs;
    struct bytes wire;
    int rc = tx_sign(&body, &key, tag, arena, &wire, err);
    if (rc == CODE_OK)
        buf_put_bytes(out, wire);
    return rc;
}

/* As many whole transactions as fit into a chunk. */
static size_t chunk_len(struct bytes rest) {
    size_t len = 0;
    while (len < rest.len) {
        size_t n = tx_wire_len(bytes_of(rest.data + len, rest.len - len));
        if (len + n > CHUNK)
            break;
        len += n;
    }
    return len;
}

static void lane_run(void *arg) {
    struct lane *l = arg;
    char url[300];
    snprintf(url, sizeof url, "http://%s/v1/txs", l->node);
    struct bytes rest = buf_bytes(&l->wires);
    while (rest.len > 0) {
        size_t n = chunk_len(rest);
        struct http_call call = {
            .method = "POST", .url = url, .body_out = bytes_of(rest.data, n), .deadline_ms = 60000};
        struct err err;
        err_clear(&err);
        int rc = http_call_run(l->client, &call, &err);
        if (rc == CODE_OK)
            rc = http_call_check(&call, &err);
        http_call_release(&call);
        if (rc != CODE_OK) {
            snprintf(l->failure, sizeof l->failure, "%s: %s", l->node, err_text(&err));
            return;
        }
        rest = bytes_of(rest.data + n, rest.len - n);
    }
}

static int send_all(const struct hash *tag, uint64_t accounts, uint64_t each, char **nodes, size_t n, struct err *err) {
    struct lane lanes[NODES_MAX] = {0};
    struct http_client *client = NULL;
    struct arena arena;
    arena_init(&arena, 1 * MIB);
    int rc = http_client_new(&(struct http_client_config){.allow_private = true}, &client, err);
    for (size_t i = 0; i < n; i++) {
        buf_init(&lanes[i].wires, 1 * GIB);
        lanes[i].node = nodes[i];
        lanes[i].client = client;
    }
    for (uint64_t s = 1; rc == CODE_OK && s <= each; s++)
        for (uint64_t a = 0; rc == CODE_OK && a < accounts; a++) {
            rc = sign_one(a, s, tag, &arena, &lanes[a % n].wires, err);
            arena_reset(&arena);
        }
    if (rc == CODE_OK) {
        printf("signed\n");
        fflush(stdout);
        (void)getchar();
        for (size_t i = 0; rc == CODE_OK && i < n; i++)
            rc = thread_start(&lanes[i].thread, "lane", lane_run, &lanes[i], err);
        for (size_t i = 0; i < n; i++)
            thread_join(&lanes[i].thread);
        printf("sent\n");
    }
    for (size_t i = 0; i < n; i++) {
        if (rc == CODE_OK && lanes[i].failure[0] != '\0')
            rc = err_set(err, CODE_UNAVAILABLE, "%s", lanes[i].failure);
        buf_release(&lanes[i].wires);
    }
    arena_release(&arena);
    http_client_free(client);
    return rc;
}

int main(int argc, char **argv) {
    uint64_t a = 0, b = 0;
    struct hash tag;
    struct err err;
    err_clear(&err);
    if (argc == 3 && strcmp(argv[1], "addresses") == 0 && u64_parse(argv[2], strlen(argv[2]), &a))
        return addresses(a);
    if (argc < 6 || argc > 5 + NODES_MAX || strcmp(argv[1], "send") != 0 ||
        !hex_decode(argv[2], strlen(argv[2]), tag.b, 32) || !u64_parse(argv[3], strlen(argv[3]), &a) ||
        !u64_parse(argv[4], strlen(argv[4]), &b)) {
        fprintf(stderr, "usage: see the head of tests/e2e/load.c\n");
        return 2;
    }
    if (send_all(&tag, a, b, argv + 5, (size_t)argc - 5, &err) != CODE_OK) {
        fprintf(stderr, "load: %s\n", err_text(&err));
        return 1;
    }
    return 0;
}
