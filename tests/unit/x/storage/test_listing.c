/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of an answer that end because of memory, not of their limit. */
#include "tests/lib/ledger/deal.h"

#include "cairn/rpc.h"

enum { OBJECTS = 30, TAGS = 32, MEMORY = 256 << 10 };

static struct fixture f;
static struct deal d;

/* Objects of no bytes, free of charge for who makes them, with as much text as an object may have. */
static void put_large_object(unsigned i) {
    static char key[TAGS][8], value[257], name[1025];
    static uint8_t metadata[4096];
    static Tag tags[TAGS], *list[TAGS];
    struct object_try t;
    memset(value, 'v', sizeof value - 1);
    memset(name, 'n', sizeof name - 1);
    (void)snprintf(name, 16, "%04u/", i);
    name[strlen(name)] = 'n';
    for (size_t k = 0; k < TAGS; k++) {
        tag__init(&tags[k]);
        (void)snprintf(key[k], sizeof key[k], "k%zu", k);
        tags[k].key = key[k];
        tags[k].value = value;
        list[k] = &tags[k];
    }
    deal_object_try(&d, &t);
    t.spec.object_name = name;
    t.spec.tags = list;
    t.spec.n_tags = TAGS;
    t.spec.metadata = (ProtobufCBinaryData){sizeof metadata, metadata};
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_OK);
}

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    f.sps = 1;
    f.invariants = false;
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "", "replica:1", 64 * KIB, 0);
    deal_must_bucket(&d);
    for (unsigned i = 0; i < OBJECTS; i++)
        put_large_object(i);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

struct ask {
    const char *start_after, *delimiter;
    struct arena arena;
    const ObjectsAnswer *answer;
};

static int ask_on(void *app, struct state *st, void *arg, struct err *err) {
    struct ask *ask = arg;
    struct app_param params[] = {
        {"bucket_name", "photos"}, {"limit", "1000"}, {"start_after", ask->start_after}, {"delimiter", ask->delimiter}};
    struct app_query q = {.path = "/storage/objects", .params = params, .params_count = 4};
    struct app_answer answer = {0};
    int rc = f.app.ops->query(app, st, &q, &ask->arena, &answer, err);
    ask->answer = answer.message;
    return rc;
}

/* Goes through all pages; every one has something, none needs more than its memory. */
static void objects__pages_end_before_memory_does(void **state) {
    (void)state;
    const char *delimiters[] = {"", "/"};
    for (size_t k = 0; k < 2; k++) {
        char after[1025] = "";
        size_t seen = 0, pages = 0;
        do {
            struct ask ask = {.start_after = after, .delimiter = delimiters[k]};
            struct err err = {0};
            arena_init(&ask.arena, MEMORY);
            assert_ok(ask_on(f.app.self, store_state(f.store), &ask, &err), &err);
            assert_true(ask.answer->n_objects + ask.answer->n_common_prefixes > 0);
            seen += ask.answer->n_objects + ask.answer->n_common_prefixes;
            (void)snprintf(after, sizeof after, "%s", ask.answer->next);
            arena_release(&ask.arena);
            pages++;
        } while (after[0]);
        assert_int_equal(seen, OBJECTS);
        assert_true(pages > 1);
    }
}

TEST_MAIN(cmocka_unit_test_setup_teardown(objects__pages_end_before_memory_does, setup, teardown))
