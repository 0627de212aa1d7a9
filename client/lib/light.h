/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_LIGHT_H
#define CAIRN_CLIENT_LIB_LIGHT_H
/*
 * A light client over several nodes: fetches headers, judges them (chain/types/light.h), remembers what it verified
 * (trust_store.h), and compares what the node that it follows says with what others say.
 *
 * For a height it begins at the highest header that it trusts at or below it, or at the genesis, and bisects; a height
 * below all of them is reached backwards, by the hashes that headers carry. A node that lies or does not answer is
 * passed over. Once a header is verified, up to LIGHT_WITNESSES other nodes are asked for theirs of that height; if
 * another one can be verified as well, a third of the validators signed both: both are kept in a file that shows it,
 * nothing is believed, and the call fails with CODE_FORK.
 *
 * One handle serves any number of threads.
 */
#include "chain/types/light.h"

enum {
    LIGHT_WITNESSES = 2,
    LIGHT_COMPARE_MS = 5000, /* how often: a liar must keep lying, so a later comparison shows it too */
    LIGHT_SAVE_MS = 60000,   /* header time between writes of the trust store */
    LIGHT_BACK_MAX = 128,    /* heights gone backwards by hashes */
    LIGHT_PATH_MAX = LIGHT_FETCH_MAX + 1,
};

struct light;

/* Where headers come from. Called by several threads at once. */
struct light_source {
    /* The header of a height from node number `node`, on the arena. CODE_NOT_FOUND, CODE_UNAVAILABLE, ... */
    int (*fetch)(void *ctx, size_t node, uint64_t height, struct arena *arena, SignedHeader **ret, struct err *err);
    const char *(*name)(void *ctx, size_t node); /* for sentences; borrowed */
    uint64_t (*now_ms)(void *ctx);               /* real time */
    size_t nodes;                                /* 1 to 64 */
    void *ctx;
};

struct light_options {
    const struct light_trust *genesis; /* copied */
    const char *chain_id;              /* copied */
    const char *home;                  /* keeps trust/ there; NULL: in memory only */
    struct light_rules rules;
    struct light_source source;
};

/* CODE_CORRUPT: the trust store is damaged; CODE_NO_MEMORY. */
int light_open(const struct light_options *options, struct light **ret, struct err *err);
/* Saves what is new. NULL allowed. */
void light_close(struct light *light);

/* From now on also trusts the header of this height and id (--trust HEIGHT:ID), which is fetched from any node.
 * CODE_UNTRUSTED when the nodes have another one there. */
int light_trust_header(struct light *light, uint64_t height, const struct hash *id, struct err *err);

/* What the believed header of `height` says; `node`: which one to ask first. Errors are those of light_verify and of
 * fetching; CODE_FORK names the file that shows it; CODE_EXPIRED: nothing that is trusted is young enough. */
int light_header(struct light *light, size_t node, uint64_t height, struct light_trust *ret, struct err *err);

/* Headers by which somebody else can follow up to `height`: beginning with the header of light_trust_header; without
 * one from the genesis (from_genesis), or, when that is too old, with a header that this client trusts. On the arena.
 * Errors as light_header. */
struct light_path {
    bool from_genesis;
    size_t count;
    SignedHeader *headers[LIGHT_PATH_MAX]; /* ascending */
    struct light_trust end;
};
int light_path(struct light *light, size_t node, uint64_t height, struct arena *arena, struct light_path *ret,
               struct err *err);

/* A copy of the points that are trusted now. */
struct trust_store;
void light_points(struct light *light, struct trust_store *ret);

/* How many headers were fetched so far. */
uint64_t light_fetched(struct light *light);

#endif
