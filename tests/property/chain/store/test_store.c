/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store as a whole: what it answers at every height that it keeps against a model of all heights, in memory and on
 * disk, with restarts, dropped blocks and failing writes between; and a writer killed with -9 again and again.
 *
 * The writer that gets killed is this program started anew with "writer DIR"; each height it has committed it tells on
 * its standard output. What a height does to the state depends on the height alone, so the parent knows what must be
 * there.
 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/crypto/hash.h"
#include "chain/store/store.h"
#include "chain/types/proof.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEYS = 120, HEIGHTS = 90, KEEP = 12 };

struct world {
    uint32_t number[KEYS]; /* 0: absent */
};

static struct err err;

static struct bytes key_of(size_t i, char room[24]) {
    snprintf(room, 24, "%c/key %zu", (char)('a' + (int)(i % 5)), i);
    return bytes_str(room);
}

static void set(struct state *st, size_t i, uint32_t number) {
    char key[24];
    uint8_t value[4];
    store_be32(value, number);
    if (number)
        assert_ok(state_put(st, key_of(i, key), bytes_of(value, 4), &err), &err);
    else
        assert_ok(state_del(st, key_of(i, key), &err), &err);
}

/* What height does to the world; st may be NULL. */
static void apply(uint64_t height, struct world *w, struct state *st) {
    struct rng r;
    rng_init(&r, height + 1);
    size_t n = rng_chance(&r, 1, 10) ? 0 : rng_chance(&r, 1, 6) ? KEYS : 1 + (size_t)rng_below(&r, 8);
    bool sweep = rng_chance(&r, 1, 12);
    for (size_t k = 0; k < n; k++) {
        size_t i = n == KEYS ? k : (size_t)rng_below(&r, KEYS);
        uint32_t number = sweep || rng_chance(&r, 1, 3) ? 0 : 1 + (uint32_t)rng_below(&r, 1000);
        w->number[i] = number;
        if (st)
            set(st, i, number);
    }
}

/* --- the definition of the root, written out -------------------------------------------------------------------- */

struct item {
    struct hash key_hash, value_hash;
};

static int by_hash(const void *a, const void *b) {
    return hash_cmp(&((const struct item *)a)->key_hash, &((const struct item *)b)->key_hash);
}

static struct hash naive(const struct item *at, size_t n, uint32_t depth) {
    if (n == 0)
        return (struct hash){{0}};
    if (n == 1)
        return hash_pair(DOMAIN_SLEAF, &at->key_hash, &at->value_hash);
    size_t split = 0;
    while (split < n && !proof_bit(&at[split].key_hash, depth))
        split++;
    struct hash left = naive(at, split, depth + 1), right = naive(at + split, n - split, depth + 1);
    return hash_pair(DOMAIN_SNODE, &left, &right);
}

static struct hash world_root(const struct world *w) {
    struct item items[KEYS];
    size_t n = 0;
    for (size_t i = 0; i < KEYS; i++) {
        char key[24];
        uint8_t value[4];
        store_be32(value, w->number[i]);
        if (w->number[i])
            items[n++] =
                (struct item){hash_of(DOMAIN_STATE, key_of(i, key)), hash_of(DOMAIN_VALUE, bytes_of(value, 4))};
    }
    qsort(items, n, sizeof items[0], by_hash);
    return naive(items, n, 0);
}

/* --- against the model ------------------------------------------------------------------------------------------ */

static void check_proof(struct store_view *v, uint64_t height, const struct world *w, size_t i) {
    char key[24];
    struct arena arena;
    StateProof *p;
    struct hash root = world_root(w);
    arena_init(&arena, 1 * MIB);
    assert_ok(store_prove(v, height, key_of(i, key), &arena, &p, &err), &err);
    assert_ok(proof_verify(p, key_of(i, key), &root, &err), &err);
    assert_int_equal(p->present, w->number[i] != 0);
    if (p->present)
        assert_int_equal(load_be32(p->value.data), w->number[i]);
    /* one bit anywhere makes it worthless */
    if (p->n_siblings) {
        p->siblings[i % p->n_siblings].data[i % 32] ^= (uint8_t)(1u << i % 8);
        assert_code(proof_verify(p, key_of(i, key), &root, &err), CODE_PROOF);
    }
    arena_release(&arena);
}

static void check_heights(struct store *s, const struct world *worlds, struct rng *r) {
    struct store_view *v;
    assert_ok(store_view_open(s, &v, &err), &err);
    uint64_t newest = store_view_height(v), first = store_first_proof(s);
    struct hash root = store_view_root(v), want = world_root(&worlds[newest]);
    assert_true(hash_eq(&root, &want));
    assert_true(first <= newest && (newest < KEEP || newest - first >= KEEP - 1));
    for (int i = 0; i < 4; i++) {
        uint64_t h = rng_range(r, first, newest);
        check_proof(v, h, &worlds[h], (size_t)rng_below(r, KEYS));
    }
    if (rng_chance(r, 1, 8))
        assert_ok(store_check(v, &err), &err);
    store_view_close(v);
}

static struct store *open_over(struct kv *kv, const char *dir) {
    struct store_options options = {.keep_proofs = KEEP, .keep_proofs_ms = 1, .keep_blocks = 30};
    struct store *s;
    if (kv)
        assert_ok(store_open_kv(kv, &options, &s, &err), &err);
    else
        assert_ok(store_open(dir, &options, &s, &err), &err);
    return s;
}

static int commit(struct store *s, uint64_t height) {
    struct store_batch *b;
    struct hash root, id = {{0}};
    uint8_t text[8];
    store_be64(text, height);
    store_be64(id.b, height);
    int rc = store_begin(s, height, 10 * height, &b, &err);
    if (rc)
        return rc;
    rc = store_put_state(b, &root, &err);
    if (rc) {
        store_abort(b);
        return rc;
    }
    store_put_record(b, STORE_BLOCK, bytes_of(text, 8));
    store_put_tx(b, &id, 0);
    store_put_meta(b, "height", bytes_of(text, 8));
    return store_commit(b, &err);
}

/* A block that is begun and dropped. */
static void dropped_block(struct store *s, struct rng *r) {
    struct store_batch *b;
    struct hash root;
    for (int i = 0; i < 5; i++)
        set(store_state(s), (size_t)rng_below(r, KEYS), (uint32_t)rng_below(r, 5));
    assert_ok(store_begin(s, store_next(s), 0, &b, &err), &err);
    if (rng_chance(r, 1, 2))
        assert_ok(store_put_state(b, &root, &err), &err);
    store_abort(b);
}

static void run(uint64_t seed, bool disk) {
    static struct world worlds[HEIGHTS];
    struct world w = {{0}};
    struct kv *kv = NULL;
    struct rng r;
    char name[32];
    rng_init(&r, seed);
    snprintf(name, sizeof name, "store %d", (int)seed);
    print_message("seed %d\n", (int)seed);
    if (!disk)
        assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    struct store *s = open_over(kv, test_path(name));
    for (uint64_t h = 0; h < HEIGHTS; h++) {
        if (rng_chance(&r, 1, 6))
            dropped_block(s, &r);
        bool fails = kv && rng_chance(&r, 1, 10);
        if (fails) {
            struct world unused = w;
            kv_mem_fail_write(kv, 1, CODE_IO);
            apply(h, &unused, store_state(s));
            assert_code(commit(s, h), CODE_IO);
        }
        if (fails || rng_chance(&r, 1, 10)) { /* a restart */
            store_close(s);
            if (kv)
                kv_mem_crash(kv);
            s = open_over(kv, test_path(name));
        }
        assert_int_equal(store_next(s), h);
        apply(h, &w, store_state(s));
        assert_ok(commit(s, h), &err);
        worlds[h] = w;
        check_heights(s, worlds, &r);
    }
    store_close(s);
    kv_close(kv);
}

static void store__equals_the_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        run(seed, seed % 5 == 0);
}

/* --- killed ----------------------------------------------------------------------------------------------------- */

static int writer(const char *dir) {
    struct store *s = open_over(NULL, dir);
    for (uint64_t h = store_next(s);; h++) {
        struct world unused = {{0}};
        apply(h, &unused, store_state(s));
        if (commit(s, h) || write(STDOUT_FILENO, &h, sizeof h) != sizeof h)
            return 1;
    }
}

static pid_t start_writer(const char *dir, int *ret_pipe) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        execl("/proc/self/exe", "test_store", "writer", dir, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    *ret_pipe = fds[0];
    return pid;
}

/* Lets it commit about n heights, kills it; the last height that it told. */
static uint64_t run_and_kill(const char *dir, uint64_t n) {
    int fd;
    uint64_t last = 0, height;
    pid_t pid = start_writer(dir, &fd);
    for (uint64_t i = 0; i < n; i++) {
        assert_int_equal(read(fd, &height, sizeof height), sizeof height);
        last = height;
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (read(fd, &height, sizeof height) == sizeof height)
        last = height; /* told before it died */
    close(fd);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return last;
}

static void store__survives_kill_9(void **state) {
    (void)state;
    struct rng r;
    struct world w = {{0}};
    uint64_t applied = 0;
    const char *dir = test_path("killed");
    rng_init(&r, 7);
    for (int round = 0; round < 12; round++) {
        uint64_t told = run_and_kill(dir, 1 + rng_below(&r, 120));
        struct store *s = open_over(NULL, dir);
        struct store_view *v;
        struct arena arena;
        struct bytes meta;
        arena_init(&arena, 1 * MIB);
        uint64_t next = store_next(s);
        assert_true(next > told && next <= told + 2); /* what was told is there, and at most one that was not */
        for (; applied < next; applied++)
            apply(applied, &w, NULL);
        assert_ok(store_view_open(s, &v, &err), &err);
        struct hash root = store_view_root(v), want = world_root(&w);
        assert_true(hash_eq(&root, &want));
        assert_ok(store_check(v, &err), &err);
        assert_ok(store_get_meta(s, "height", &arena, &meta, &err), &err);
        assert_int_equal(load_be64(meta.data), next - 1);
        assert_ok(store_get_record(s, STORE_BLOCK, next - 1, &arena, &meta, &err), &err);
        check_proof(v, next - 1, &w, (size_t)rng_below(&r, KEYS));
        store_view_close(v);
        store_close(s);
        arena_release(&arena);
    }
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "writer") == 0)
        return writer(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(store__equals_the_model),
                                       cmocka_unit_test(store__survives_kill_9)};
    test_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
