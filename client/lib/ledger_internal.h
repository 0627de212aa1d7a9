/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_LEDGER_INTERNAL_H
#define CAIRN_CLIENT_LIB_LEDGER_INTERNAL_H
/* What the files of the ledger handle share; nobody else includes this. */
#include "chain/base/limits.h"
#include "chain/os/thread.h"
#include "client/lib/ledger.h"
#include "client/lib/light.h"

enum {
    LEDGER_URL_MAX = 300,
    LEDGER_PATH_MAX = 8192,
    LEDGER_SENDERS = 8, /* accounts whose next sequence is remembered */
    LEDGER_ANSWER_MAX = 8 << 20,
};

struct ledger_sender {
    struct addr account;
    uint64_t next; /* 0: unknown */
    bool used;
};

struct ledger {
    struct http_client *http;
    char node[LEDGER_NODES_MAX][LEDGER_URL_MAX];
    size_t node_count;
    uint64_t deadline_ms;
    bool verify;
    struct hash chain_tag;
    char chain_id[64];
    char genesis_path[PATH_LEN_MAX];
    atomic_bool cancelled;
    atomic_size_t preferred; /* the node that answered last */

    struct light *light; /* NULL: nothing is verified */

    struct mutex send_lock; /* senders, params; held while a transaction is built and handed over, so that sequences go
                               out in order */
    struct ledger_sender senders[LEDGER_SENDERS];
    size_t sender_next; /* the entry to reuse next */
    struct arena params_arena;
    Params *params;
    uint64_t params_at_ms;

    struct mutex time_lock; /* ledger time seen last */
    uint64_t time_ledger_ms, time_mono_ms;
};

/* One HTTP call to a node, the next ones in turn when it cannot be reached. Fills call->status and body; the caller
 * releases the call. path begins with '/'. */
int ledger_call(struct ledger *ledger, const char *path, struct http_call *call, struct err *err);

/* The app hash after `height`, from a header that is believed. */
int ledger_app_hash(struct ledger *ledger, uint64_t height, struct hash *ret, struct err *err);

#endif
