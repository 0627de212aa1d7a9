/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_NODE_FAKE_NODE_H
#define CAIRN_TESTS_LIB_NODE_FAKE_NODE_H
/* A ledger node that answers what a test told it: for clients that do not verify. */
#include "chain/base/arena.h"
#include "chain/http/server.h"
#include "chain/types/key.h"
#include "client/lib/ledger.h"

#include <stdatomic.h>

enum { FAKE_RECORDS_MAX = 64 };

struct fake_node {
    struct http_server *server;
    struct arena arena;
    struct ledger *ledger; /* a client of it, not verifying */
    const char *genesis;   /* JSON */
    const char *events;    /* what GET /v1/events answers, then the stream ends */
    size_t events_step;    /* bytes a write */
    unsigned full;         /* so many transactions, and questions about them, are refused before one is taken */
    atomic_uint posted;    /* how many were sent */
    atomic_uint asked;     /* how often somebody asked about one */
    size_t count;
    struct {
        struct key key;
        struct bytes value;
    } records[FAKE_RECORDS_MAX];
};

/* Starts it and opens node->ledger. Fails the test when it cannot. */
void fake_node_start(struct fake_node *node);
void fake_node_stop(struct fake_node *node);
/* The record that GET /v1/state/KEY answers: msg encoded. */
void fake_node_put(struct fake_node *node, struct bytes key, const void *msg);

#endif
