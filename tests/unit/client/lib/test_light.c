/* SPDX-License-Identifier: Apache-2.0 */
/* A light client over nodes that lag, lie, fork or are gone; what it remembers; a way for others. */
#include "client/lib/light.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "client/lib/trust_store.h"
#include "tests/lib/light/committee.h"
#include "tests/lib/test.h"

#include "cairn/light.h"

#include <sys/stat.h>
#include <unistd.h>

enum { START = 1000000, TOP = 700, ERAS = 16, NODES = 4 };

enum mood { HONEST, GONE, FORGES, FORKS, LAGS, STRANGERS };

/* A chain of linked headers whose set changes by one validator in four every `every` heights, and nodes that serve it.
 */
struct world {
    uint64_t every;
    uint64_t now;
    struct committee eras[ERAS];
    struct hash ids[TOP + 2];
    enum mood mood[NODES];
    uint64_t lag; /* the newest height of a node that lags */
    unsigned asked[NODES];
};

static struct world world;
static struct arena arena;
static const struct hash tag = {{5, 5}};
static struct header_maker maker;
static struct light_trust genesis;
static struct light *light;
static struct err err;

static const struct committee *set_at(uint64_t height) {
    return &world.eras[height / world.every];
}

static struct header_wish wish_at(uint64_t height) {
    return (struct header_wish){.height = height,
                                .by = set_at(height),
                                .next = set_at(height + 1),
                                .previous = height > 1 ? &world.ids[height - 1] : NULL};
}

static void build(uint64_t every) {
    struct arena scratch;
    arena_init(&scratch, 64 << 20);
    struct header_maker m = {&scratch, tag, &world.eras[0], START};
    memset(&world, 0, sizeof world);
    world.every = every;
    world.now = START + TOP + 5;
    for (uint16_t e = 0; e < ERAS && e <= (TOP + 1) / every; e++)
        committee_of(&world.eras[e], (uint16_t)(1 + e), 4);
    for (uint64_t h = 1; h <= TOP; h++) {
        struct header_wish w = wish_at(h);
        world.ids[h] = header_id(committee_encode_header(&m, &w));
        arena_reset(&scratch);
    }
    arena_release(&scratch);
}

static int fetch(void *ctx, size_t node, uint64_t height, struct arena *on, SignedHeader **ret, struct err *why) {
    (void)ctx;
    struct header_maker m = {on, tag, &world.eras[0], START};
    static struct committee strangers;
    struct header_wish w = wish_at(height);
    world.asked[node]++;
    if (world.mood[node] == GONE)
        return err_set(why, CODE_UNAVAILABLE, "nobody answers");
    if (height > TOP || (world.mood[node] == LAGS && height > world.lag))
        return err_set(why, CODE_NOT_FOUND, "there is no block %llu yet", (unsigned long long)height);
    if (world.mood[node] == FORKS)
        w.salt = 66;
    if (world.mood[node] == STRANGERS) {
        committee_of(&strangers, 200, 4);
        w.by = w.next = &strangers;
    }
    *ret = committee_header(&m, &w);
    if (world.mood[node] == FORGES)
        (*ret)->certificate->signatures[0].data[7] ^= 1;
    return CODE_OK;
}

static const char *name(void *ctx, size_t node) {
    static const char *const names[] = {"http://one", "http://two", "http://three", "http://four"};
    (void)ctx;
    return names[node];
}

static uint64_t now_ms(void *ctx) {
    (void)ctx;
    return world.now;
}

static int reopen(const char *home, size_t nodes) {
    struct light_options options = {.genesis = &genesis,
                                    .chain_id = "testing",
                                    .home = home,
                                    .rules = light_rules_default,
                                    .source = {fetch, name, now_ms, nodes, NULL}};
    light_close(light);
    light = NULL;
    err_clear(&err);
    return light_open(&options, &light, &err);
}

static const char *fresh_home(void) {
    static char path[512];
    static int number;
    char sub[32];
    snprintf(sub, sizeof sub, "home-%d", number++);
    snprintf(path, sizeof path, "%s", test_path(sub));
    assert_ok(dir_make(path, 0700, NULL), NULL);
    return path;
}

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 64 << 20);
    build(60);
    maker = (struct header_maker){&arena, tag, &world.eras[0], START};
    assert_ok(light_trust_genesis(committee_genesis(&world.eras[0], START, &arena), &tag, &genesis, NULL), NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    light_close(light);
    light = NULL;
    arena_release(&arena);
    return 0;
}

static struct light_trust seen;

static int look(uint64_t height) {
    err_clear(&err);
    return light_header(light, 0, height, &seen, &err);
}

static void header__bisects_and_remembers(void **state) {
    (void)state;
    assert_ok(reopen(NULL, 1), NULL);
    assert_ok(look(600), &err);
    assert_true(hash_eq(&seen.id, &world.ids[600]));
    uint64_t cold = light_fetched(light);
    assert_in_range(cold, 4, 40);
    assert_ok(look(600), &err);
    assert_int_equal(light_fetched(light), cold); /* known */
    assert_ok(look(601), &err);
    assert_int_equal(light_fetched(light), cold + 1);
    assert_ok(look(590), &err); /* from a point below */
    assert_true(hash_eq(&seen.id, &world.ids[590]));
}

static void store__is_written_and_gone_on_from(void **state) {
    const char *home = fresh_home();
    struct trust_store store;
    char path[600];
    struct stat st;
    (void)state;
    assert_ok(reopen(home, 1), NULL);
    assert_ok(look(600), &err);
    uint64_t cold = light_fetched(light);
    assert_ok(trust_store_path(home, &tag, path, sizeof path, NULL), NULL);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(reopen(home, 1), NULL);
    light_points(light, &store);
    assert_true(trust_store_find(&store, 600, &world.ids[600]) != NULL);
    assert_ok(look(620), &err);
    assert_int_equal(light_fetched(light), 1);
    assert_true(cold > 1);
    /* the genesis is too old now, what was remembered is not */
    world.now = START + LIGHT_TRUST_PERIOD_MS + 300;
    assert_ok(reopen(home, 1), NULL);
    assert_ok(look(630), &err);
    assert_ok(reopen(NULL, 1), NULL);
    assert_code(look(630), CODE_EXPIRED);
    assert_non_null(strstr(err_text(&err), "--trust"));
}

static void store__damage_is_told(void **state) {
    const char *home = fresh_home();
    char path[600];
    (void)state;
    assert_ok(reopen(home, 1), NULL);
    assert_ok(look(100), &err);
    assert_ok(trust_store_path(home, &tag, path, sizeof path, NULL), NULL);
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_ok(file_read(path, &text, NULL), NULL);
    assert_ok(file_write_atomic(path, bytes_of(text.data, text.len / 2), 0600, NULL), NULL);
    assert_code(reopen(home, 1), CODE_CORRUPT);
    assert_non_null(strstr(err_text(&err), path));
    /* of another chain: the name says so, and so does the file */
    char *at = strstr((char *)text.data, "0505");
    assert_non_null(at);
    *at = '1';
    assert_ok(file_write_atomic(path, buf_bytes(&text), 0600, NULL), NULL);
    assert_code(reopen(home, 1), CODE_CORRUPT);
    buf_release(&text);
    unlink(path);
    assert_ok(reopen(home, 1), NULL);
}

static void store__holds_a_bounded_number_spread(void **state) {
    static struct trust_store store;
    struct light_trust point = genesis;
    (void)state;
    trust_store_init(&store, &tag);
    for (uint64_t h = 1; h <= 1000; h++) {
        point.height = h;
        point.time = START + h;
        trust_store_add(&store, &point);
        assert_int_equal(trust_store_newest(&store)->height, h);
    }
    assert_int_equal(store.count, TRUST_POINTS_MAX);
    for (size_t i = 1; i < store.count; i++)
        assert_true(store.point[i].height > store.point[i - 1].height);
    assert_true(store.point[0].height < 500);
    point.height = 777; /* in its place */
    trust_store_add(&store, &point);
    assert_int_equal(store.count, TRUST_POINTS_MAX);
    assert_int_equal(trust_store_below(&store, 777)->height, 777);
    assert_int_equal(trust_store_newest(&store)->height, 1000);
    point.time = 42; /* the same height replaces */
    trust_store_add(&store, &point);
    assert_int_equal(store.count, TRUST_POINTS_MAX);
    assert_int_equal(trust_store_below(&store, 777)->time, 42);
    assert_null(trust_store_above(&store, 1000));
    assert_null(trust_store_below(&store, 0));
    struct light_rules rules = {.trust_period_ms = 100};
    trust_store_expire(&store, &rules, START + 1100);
    assert_int_equal(store.count, 0);
}

static void nodes__that_are_gone_or_lie_are_passed_over(void **state) {
    (void)state;
    static const enum mood moods[] = {GONE, FORGES, STRANGERS, LAGS};
    for (size_t i = 0; i < sizeof moods / sizeof *moods; i++) {
        memset(world.mood, 0, sizeof world.mood);
        world.mood[0] = moods[i];
        world.lag = 20;
        assert_ok(reopen(NULL, 2), NULL);
        assert_ok(look(500), &err);
        assert_true(hash_eq(&seen.id, &world.ids[500]));
    }
    world.mood[0] = world.mood[1] = FORGES;
    assert_ok(reopen(NULL, 2), NULL);
    assert_code(look(500), CODE_BAD_SIGNATURE);
    assert_non_null(strstr(err_text(&err), "http://two")); /* who said so */
    world.mood[0] = world.mood[1] = GONE;
    assert_code(look(500), CODE_UNAVAILABLE);
}

static void witness__with_a_lie_is_ignored(void **state) {
    (void)state;
    world.mood[1] = FORGES;
    world.mood[2] = STRANGERS;
    assert_ok(reopen(fresh_home(), 3), NULL);
    assert_ok(look(500), &err);
    assert_true(world.asked[1] > 0 && world.asked[2] > 0); /* they were asked */
}

static LightAttack *read_attack(const char *home, uint64_t height) {
    char path[700], hex[17];
    struct buf text;
    LightAttack *attack;
    hex_encode(world.ids[height].b, 8, hex);
    snprintf(path, sizeof path, "%s/light-attack-%llu-%s.json", home, (unsigned long long)height, hex);
    buf_init(&text, 1 << 20);
    assert_ok(file_read(path, &text, NULL), NULL);
    assert_ok(json_read_pb(&light_attack__descriptor, buf_bytes(&text), &arena, &attack, NULL), NULL);
    assert_non_null(strstr(err_text(&err), path));
    buf_release(&text);
    return attack;
}

static void witness__with_a_fork_stops_all(void **state) {
    const char *home = fresh_home();
    struct trust_store store;
    (void)state;
    world.mood[1] = FORKS;
    assert_ok(reopen(home, 3), NULL);
    assert_code(look(500), CODE_FORK);
    light_points(light, &store);
    assert_int_equal(store.count, 0); /* nothing of it is believed */
    LightAttack *attack = read_attack(home, 500);
    assert_int_equal(attack->n_double_signers, 4);
    assert_int_equal(attack->n_evidence, 4); /* in one round: the ledger can punish it */
    assert_int_equal(attack->evidence[0]->vote_a->validator, attack->evidence[0]->vote_b->validator);
    assert_string_equal(attack->node_b, "http://two");
    struct hash a = header_id(pb_bytes(attack->header_a->header)), b = header_id(pb_bytes(attack->header_b->header));
    assert_false(hash_eq(&a, &b));
    assert_true(hash_eq(&a, &world.ids[500]));
}

static void primary__that_forks_from_what_is_trusted(void **state) {
    const char *home = fresh_home();
    (void)state;
    assert_ok(reopen(home, 1), NULL);
    assert_ok(look(500), &err);
    world.mood[0] = FORKS; /* its header 501 points to a 500 that we do not know: */
    world.ids[500].b[3] ^= 1;
    assert_code(look(501), CODE_FORK);
    assert_non_null(strstr(err_text(&err), "light-attack-501-"));
    assert_non_null(strstr(err_text(&err), home));
}

static void walk__is_bounded(void **state) {
    (void)state;
    build(50);
    assert_ok(light_trust_genesis(committee_genesis(&world.eras[0], START, &arena), &tag, &genesis, NULL), NULL);
    assert_ok(reopen(NULL, NODES), NULL);
    for (size_t i = 0; i < NODES; i++)
        world.mood[i] = FORGES;
    assert_code(look(690), CODE_BAD_SIGNATURE);
    assert_true(light_fetched(light) <= LIGHT_FETCH_MAX);
}

static void backward__by_the_set_or_by_hashes(void **state) {
    (void)state;
    assert_ok(reopen(NULL, 2), NULL);
    world.now = START + LIGHT_TRUST_PERIOD_MS + 300; /* the genesis is no ground any more */
    assert_code(light_trust_header(light, 650, &world.ids[649], &err), CODE_UNTRUSTED);
    assert_ok(light_trust_header(light, 650, &world.ids[650], &err), &err);
    uint64_t before = light_fetched(light);
    assert_ok(look(645), &err); /* the same set signed it */
    assert_int_equal(light_fetched(light), before + 1);
    assert_true(hash_eq(&seen.id, &world.ids[645]));
    assert_ok(look(530), &err); /* another set: by hashes */
    assert_true(hash_eq(&seen.id, &world.ids[530]));
    world.mood[0] = FORKS; /* whose hashes do not fit */
    assert_ok(look(535), &err);
    assert_true(hash_eq(&seen.id, &world.ids[535]));
    assert_code(look(400), CODE_STALE);
    world.mood[0] = HONEST;
    assert_ok(look(660), &err); /* and forward */
}

static void path__leads_others_there(void **state) {
    static struct light_path path;
    struct light_trust other = genesis;
    (void)state;
    assert_ok(reopen(NULL, 2), NULL);
    assert_ok(light_path(light, 0, 600, &arena, &path, &err), &err);
    assert_true(path.from_genesis);
    assert_in_range(path.count, 4, 40);
    for (size_t i = 0; i < path.count; i++) {
        struct light_block *block = ARENA_NEW(&arena, struct light_block);
        assert_ok(light_block_from_pb(path.headers[i], &tag, &arena, block, &err), &err);
        assert_ok(light_verify(&other, block, &light_rules_default, world.now, &err), &err);
        light_trust_advance(&other, block);
    }
    assert_int_equal(other.height, 600);
    assert_true(hash_eq(&other.app_hash, &path.end.app_hash));
    /* when the genesis is too old it begins at a header that is trusted */
    world.now = START + LIGHT_TRUST_PERIOD_MS + 300;
    assert_ok(reopen(NULL, 2), NULL);
    assert_code(light_path(light, 0, 600, &arena, &path, &err), CODE_EXPIRED);
    assert_ok(light_trust_header(light, 550, &world.ids[550], &err), &err);
    assert_ok(light_path(light, 0, 600, &arena, &path, &err), &err);
    assert_false(path.from_genesis);
    assert_true(path.count >= 2);
    struct hash first = header_id(pb_bytes(path.headers[0]->header));
    assert_true(hash_eq(&first, &world.ids[550]));
    assert_code(light_path(light, 0, 500, &arena, &path, &err), CODE_EXPIRED); /* before it */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
TEST_MAIN(TEST(header__bisects_and_remembers), TEST(store__is_written_and_gone_on_from), TEST(store__damage_is_told),
          TEST(store__holds_a_bounded_number_spread), TEST(nodes__that_are_gone_or_lie_are_passed_over),
          TEST(witness__with_a_lie_is_ignored), TEST(witness__with_a_fork_stops_all),
          TEST(primary__that_forks_from_what_is_trusted), TEST(walk__is_bounded),
          TEST(backward__by_the_set_or_by_hashes), TEST(path__leads_others_there))
