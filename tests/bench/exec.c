/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many messages of a type one core executes a second over 10^6 objects: rules and state reads, without signatures,
 * root and write; then with root and write. Processor time, the median of five blocks of 1,600 messages, each
 * message about another object.
 */
#include "tests/bench/bench.h"
#include "tests/bench/world.h"

#include "cairn/auth.h"
#include "cairn/permission.h"
#include "chain/types/keys_storage.h"

enum { OBJECTS = 1000000, RUNS = 5, MESSAGES = 16 * WORLD_OWNERS, KIND_STEP = 100 * MESSAGES, GOAL = 50000 };

struct kind {
    const char *name;
    ProtobufCMessage *(*make)(struct world *w, uint64_t owner, uint64_t i);
    bool created;  /* works on objects that were created before */
    unsigned each; /* messages a transaction */
    double goal;   /* a second, without root and write; 0: reported */
};

/* One of the objects that the world was made with, spread over its owner's; another for every i of every kind. */
static char *there(struct world *w, uint64_t owner, uint64_t i) {
    uint64_t each = w->objects / WORLD_OWNERS, kind = i / KIND_STEP, nth = i % KIND_STEP;
    uint64_t used = kind * RUNS * 16 + nth / MESSAGES * 16 + nth % 16;
    return world_object(w, owner * each + used * 11 % each);
}

static char *fresh(struct world *w, uint64_t i) {
    return arena_printf(&w->f.tx_arena, "photos/2027/%08llu.jpg", (unsigned long long)i);
}

static ProtobufCMessage *make_send(struct world *w, uint64_t owner, uint64_t i) {
    MsgSend *m = ARENA_NEW(&w->f.tx_arena, MsgSend);
    (void)owner;
    msg_send__init(m);
    m->to = fixture_addr_data(&w->f, world_owner(w, WORLD_OWNERS + i % (WORLD_ACCOUNTS - WORLD_OWNERS)));
    m->amount = 1;
    return &m->base;
}

static ProtobufCMessage *make_deposit(struct world *w, uint64_t owner, uint64_t i) {
    MsgDeposit *m = ARENA_NEW(&w->f.tx_arena, MsgDeposit);
    (void)owner;
    msg_deposit__init(m);
    m->payment_address = fixture_addr_data(&w->f, world_owner(w, WORLD_OWNERS + i % (WORLD_ACCOUNTS - WORLD_OWNERS)));
    m->amount = 1;
    return &m->base;
}

static ProtobufCMessage *make_create(struct world *w, uint64_t owner, uint64_t i) {
    return world_create(w, owner, fresh(w, i));
}

static ProtobufCMessage *make_store(struct world *w, uint64_t owner, uint64_t i) {
    return world_store(w, owner, fresh(w, i));
}

static ProtobufCMessage *make_seal(struct world *w, uint64_t owner, uint64_t i) {
    struct key k;
    char *name = fresh(w, i);
    const ObjectInfo *o = fixture_record(&w->f, key_object(&k, w->bucket_ids[owner], name), &object_info__descriptor);
    return world_seal(w, owner, name, o ? o->id : 0);
}

static ProtobufCMessage *make_update(struct world *w, uint64_t owner, uint64_t i) {
    MsgUpdateObject *m = ARENA_NEW(&w->f.tx_arena, MsgUpdateObject);
    msg_update_object__init(m);
    m->bucket_name = (char *)(uintptr_t)world_bucket(w, owner);
    m->object_name = there(w, owner, i);
    m->visibility = VISIBILITY_PUBLIC_READ;
    return &m->base;
}

static ProtobufCMessage *make_move(struct world *w, uint64_t owner, uint64_t i) {
    MsgMoveObject *m = ARENA_NEW(&w->f.tx_arena, MsgMoveObject);
    msg_move_object__init(m);
    m->bucket_name = (char *)(uintptr_t)world_bucket(w, owner);
    m->object_name = there(w, owner, i);
    m->new_object_name = fresh(w, i);
    return &m->base;
}

static ProtobufCMessage *make_delete(struct world *w, uint64_t owner, uint64_t i) {
    MsgDeleteObject *m = ARENA_NEW(&w->f.tx_arena, MsgDeleteObject);
    msg_delete_object__init(m);
    m->bucket_name = (char *)(uintptr_t)world_bucket(w, owner);
    m->object_name = there(w, owner, i);
    return &m->base;
}

static ProtobufCMessage *make_group(struct world *w, uint64_t owner, uint64_t i) {
    MsgCreateGroup *m = ARENA_NEW(&w->f.tx_arena, MsgCreateGroup);
    (void)owner;
    msg_create_group__init(m);
    m->group_name = arena_printf(&w->f.tx_arena, "group-%llu", (unsigned long long)i);
    return &m->base;
}

static ProtobufCMessage *make_policy(struct world *w, uint64_t owner, uint64_t i) {
    struct arena *arena = &w->f.tx_arena;
    MsgPutPolicy *m = ARENA_NEW(arena, MsgPutPolicy);
    Statement *s = ARENA_NEW(arena, Statement);
    msg_put_policy__init(m);
    statement__init(s);
    m->resource = ARENA_NEW(arena, Resource);
    resource__init(m->resource);
    m->resource->kind = RESOURCE_KIND_OBJECT;
    m->resource->bucket_name = (char *)(uintptr_t)world_bucket(w, owner);
    m->resource->object_name = there(w, owner, i);
    m->principal = ARENA_NEW(arena, Principal);
    principal__init(m->principal);
    m->principal->kind = PRINCIPAL_KIND_ACCOUNT;
    m->principal->account = fixture_addr_data(&w->f, "bob");
    s->effect = EFFECT_ALLOW;
    s->actions = arena_array(arena, 1, sizeof *s->actions);
    s->actions[s->n_actions++] = ACTION_GET_OBJECT;
    m->statements = arena_array(arena, 1, sizeof *m->statements);
    m->statements[m->n_statements++] = s;
    m->mode = POLICY_MODE_MERGE;
    return &m->base;
}

static const struct kind kinds[] = {
    {"CreateObject", make_create, false, 1, 0},
    {"CreateObject, 16 a transaction", make_create, false, 16, GOAL},
    {"SealObject", make_seal, true, 1, 0},
    {"SealObject, 16 a transaction", make_seal, true, 16, GOAL},
    {"StoreObject, 16 a transaction", make_store, false, 16, 0},
    {"UpdateObject", make_update, false, 1, 0},
    {"MoveObject", make_move, false, 1, 0},
    {"DeleteObject", make_delete, false, 1, 0},
    {"PutPolicy", make_policy, false, 1, 0},
    {"CreateGroup", make_group, false, 1, 0},
    {"Deposit", make_deposit, false, 1, 0},
    {"Send", make_send, false, 1, 0},
};

struct batch {
    const struct tx *txs[MESSAGES];
    size_t n;
};

/* A block's messages, by owners in turn. */
static void fill(struct world *w, const struct kind *kind, uint64_t first, struct batch *ret) {
    Msg *msgs[16];
    unsigned ahead[WORLD_OWNERS] = {0};
    ret->n = 0;
    for (uint64_t i = 0; i < MESSAGES; ret->n++) {
        uint64_t owner = i / 16 % WORLD_OWNERS; /* 16 of each, however many are in a transaction */
        size_t n = 0;
        for (; n < kind->each && i < MESSAGES; n++, i++)
            msgs[n] = fixture_msg(&w->f, world_owner(w, owner), kind->make(w, owner, first + i));
        ret->txs[ret->n] = fixture_tx(&w->f, world_owner(w, owner), ahead[owner]++, msgs, n);
        arena_reset(&w->f.arena);
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *us) {
    qsort(us, RUNS, sizeof *us, ascending);
    return us[RUNS / 2];
}

static void measure(struct world *w, const struct kind *kind, uint64_t first) {
    static const struct kind create = {"", make_create, false, 16, 0};
    struct batch b;
    double bare[RUNS], whole[RUNS];
    char name[96];
    for (unsigned r = 0; r < RUNS; r++, first += MESSAGES) {
        if (kind->created) {
            fill(w, &create, first, &b);
            world_commit(w, b.txs, b.n);
            arena_reset(&w->f.tx_arena);
        }
        fill(w, kind, first, &b);
        world_commit(w, b.txs, b.n);
        bare[r] = (double)w->execute_ns / 1e3 / MESSAGES;
        whole[r] = (double)w->cpu_ns / 1e3 / MESSAGES;
        arena_reset(&w->f.tx_arena);
    }
    struct bench_figure goal = {"the goal", "messages", kind->goal, 0};
    double us = median(bare);
    struct bench_figure figure = bench_given(kind->name, "messages", 1e6 / us, us);
    if (kind->goal > 0)
        bench_beside(figure, goal, 1);
    us = median(whole);
    (void)snprintf(name, sizeof name, "  with root and write: %s", kind->name);
    (void)bench_given(name, "messages", 1e6 / us, us);
}

int main(int argc, char **argv) {
    static struct world w;
    test_setup();
    world_open(&w, world_size(OBJECTS));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (argc < 2 || strstr(kinds[i].name, argv[1]))
            measure(&w, &kinds[i], (i + 1) * KIND_STEP);
    world_close(&w);
    return bench_end("exec");
}
