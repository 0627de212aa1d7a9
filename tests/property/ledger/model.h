/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_PROPERTY_LEDGER_MODEL_H
#define CAIRN_TESTS_PROPERTY_LEDGER_MODEL_H
/*
 * Naive models of what the ledger should say, written from the specification and not from its code: lists that are
 * searched from the front, nothing cached, nothing indexed. A model hears every transaction and what came of it; after
 * each block it is held against the ledger's records and answers. What differs ends the process with words.
 *
 * Facts are what a model takes from the ledger's records as they are: which buckets and objects there are. They are
 * read anew after every block; within a block they follow the messages that make and remove buckets and make objects,
 * and once another message of storage was accepted they are murky until its end: nothing is foretold from them.
 */
#include "tests/lib/ledger/world.h"

#include "cairn/permission.h"

struct model;

/* Over the world's genesis. Lives as long as the process. */
struct model *model_new(struct world *w);
/* A transaction of the block that just ran, in order; result NULL: it was not in it. */
void model_tx(struct model *m, const struct tx *tx, const TxResult *result);
/* After the block. Returns how many questions it put to both. */
uint64_t model_after(struct model *m);

/* --- facts --- */

#define FACT_BUCKETS 64
#define FACT_OBJECTS 256

struct fact_bucket {
    uint64_t id;
    char name[64];
    struct addr owner;
    bool visible; /* to everybody */
};
struct fact_object {
    uint64_t id, bucket_id, version;
    char name[1100];
    bool visible, gone;
};
struct facts {
    struct world *w;
    uint64_t now; /* ledger time of the block */
    bool murky;
    struct fact_bucket buckets[FACT_BUCKETS];
    size_t buckets_n;
    struct fact_object objects[FACT_OBJECTS];
    size_t objects_n;
};

const struct fact_bucket *fact_bucket(const struct facts *f, const char *name);
const struct fact_bucket *fact_bucket_by_id(const struct facts *f, uint64_t id);
const struct fact_object *fact_object(const struct facts *f, uint64_t bucket_id, const char *name);
const struct fact_object *fact_object_by_id(const struct facts *f, uint64_t id);

/* What a transaction told, event by event. */
struct told {
    const TxResult *result;
    size_t at;
};
/* The number in the next event of this type; there must be one. */
uint64_t told_id(struct told *told, const char *type, const char *attribute);

/* What a model says of a message before it hears the answer. */
enum verdict { NO, YES, MAYBE };

/* --- policies and groups: model_permission.c --- */

struct permissions;
struct permissions *permissions_new(const struct facts *facts, uint64_t seed);
/* A copy to go back to, and going back: a transaction is all or nothing. */
void permissions_keep(struct permissions *p);
void permissions_back(struct permissions *p);
/* Must a message be accepted, or refused; ret_why: a word for what is foretold. */
enum verdict permissions_says(struct permissions *p, const struct addr *signer, const Msg *msg, const char **ret_why);
/* It was accepted. */
void permissions_accept(struct permissions *p, const struct addr *signer, const Msg *msg, struct told *told);
/* Every record against every entry, and some questions. */
uint64_t permissions_compare(struct permissions *p);

/* --- money that flows: model_flow.c --- */

struct flows;
struct flows *flows_new(const struct facts *facts);
/* A message of an accepted transaction. */
void flows_heard(struct flows *f, const Msg *msg);
uint64_t flows_compare(struct flows *f);

/* --- votes: model_gov.c --- */

struct votes;
struct votes *votes_new(const struct facts *facts);
void votes_keep(struct votes *v);
void votes_back(struct votes *v);
/* NO: it must be refused; otherwise nothing is said. */
enum verdict votes_says(struct votes *v, const Msg *msg, const char **ret_why);
void votes_accept(struct votes *v, const Msg *msg, struct told *told);
uint64_t votes_compare(struct votes *v);

/* --- the states of deals: model_deal.c --- */

struct deals;
struct deals *deals_new(const struct facts *facts, uint64_t seed);
uint64_t deals_compare(struct deals *d);

#endif
