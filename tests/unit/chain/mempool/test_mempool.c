/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/mempool/mempool.h"

static int dropped[8];

static void on_drop(void *arg, struct mempool_tx *tx, enum mempool_drop why) {
    (void)arg;
    dropped[why]++;
    free(tx);
}

static struct mempool pool;
static void *memory;

static void make(uint32_t txs, uint32_t per_sender, uint64_t bytes, bool by_fee) {
    struct mempool_limits l = {.txs_max = txs, .sender_max = per_sender, .bytes_max = bytes, .by_fee = by_fee};
    memory = calloc(1, mempool_memory(&l));
    assert_non_null(memory);
    memset(dropped, 0, sizeof dropped);
    mempool_init(&pool, &l, memory, 42, on_drop, NULL);
}

static void end(void) {
    mempool_clear(&pool);
    assert_int_equal(pool.count, 0);
    assert_int_equal(pool.bytes, 0);
    free(memory);
}

static uint8_t wire[1024];
static uint32_t serial;
static uint8_t origin;
static uint8_t sponsor; /* 0: the sender pays itself */

static int add(uint8_t sender, uint64_t seq, uint64_t fee, size_t len, uint64_t next) {
    struct mempool_tx *tx = calloc(1, sizeof *tx);
    assert_non_null(tx);
    store_be32(tx->wire_hash.b, ++serial);
    store_be64(tx->wire_hash.b + 8, serial * 7919u);
    store_be32(tx->tx_id.b, serial);
    tx->origin = origin;
    tx->sender.b[0] = sender;
    tx->payer.b[0] = sponsor ? sponsor : sender;
    tx->sequence = seq;
    tx->fee = fee;
    tx->wire = bytes_of(wire, len);
    int rc = mempool_add(&pool, tx, next, NULL);
    if (rc != CODE_OK)
        free(tx);
    return rc;
}

static const struct mempool_tx *out[4096];

static void mempool_take__fifo_and_chains(void **state) {
    (void)state;
    make(100, 10, 100000, false);
    assert_code(add(1, 1, 5, 100, 1), CODE_OK);
    assert_code(add(2, 9, 50, 100, 9), CODE_OK);
    assert_code(add(1, 3, 5, 100, 1), CODE_OK); /* waits for 2 */
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 2);
    assert_int_equal(out[0]->sender.b[0], 1);
    assert_int_equal(out[1]->sender.b[0], 2);
    assert_code(add(1, 2, 5, 100, 1), CODE_OK);
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 4);
    struct addr one = {{1}};
    assert_int_equal(mempool_next_sequence(&pool, &one, 1), 4);
    assert_int_equal(mempool_take(&pool, 250, 100, out), 2); /* bytes */
    assert_int_equal(mempool_take(&pool, 100000, 3, out), 3);
    end();
}

static void mempool_take__fee_order(void **state) {
    (void)state;
    make(100, 10, 100000, true);
    add(1, 1, 10, 100, 1);
    add(1, 2, 900, 100, 1);
    add(2, 1, 50, 100, 1);
    add(3, 1, 49, 50, 1); /* dearer per byte */
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 4);
    assert_int_equal(out[0]->sender.b[0], 3);
    assert_int_equal(out[1]->sender.b[0], 2);
    assert_int_equal(out[2]->sequence, 1); /* never before its predecessor */
    assert_int_equal(out[3]->fee, 900);
    end();
}

static void mempool_add__refusals(void **state) {
    (void)state;
    make(100, 3, 100000, true);
    assert_code(add(1, 4, 10, 100, 5), CODE_SEQUENCE_WRONG);
    assert_code(add(1, 5 + MEMPOOL_GAP_MAX + 1, 10, 100, 5), CODE_SEQUENCE_WRONG);
    assert_code(add(1, 5, 10, 100, 5), CODE_OK);
    assert_code(add(1, 6, 10, 100, 5), CODE_OK);
    assert_code(add(1, 7, 10, 100, 5), CODE_OK);
    assert_code(add(1, 8, 10, 100, 5), CODE_RATE);
    assert_code(add(1, 6, 10, 100, 5), CODE_FEE_LOW);
    assert_code(add(1, 6, 12, 100, 5), CODE_OK); /* replaces */
    assert_int_equal(dropped[MEMPOOL_REPLACED], 1);
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 3);
    struct mempool_tx same = {.wire_hash = out[0]->wire_hash, .sequence = 5};
    assert_code(mempool_add(&pool, &same, 5, NULL), CODE_TX_KNOWN);
    end();
}

static void mempool_add__full(void **state) {
    (void)state;
    make(3, 3, 100000, false);
    for (uint8_t i = 1; i <= 3; i++)
        assert_code(add(i, 1, i, 100, 1), CODE_OK);
    assert_code(add(9, 1, 1000, 100, 1), CODE_MEMPOOL_FULL); /* by arrival nobody is pushed out */
    end();
    make(3, 3, 100000, true);
    assert_code(add(1, 1, 1, 100, 1), CODE_OK);
    assert_code(add(1, 2, 5000, 100, 1), CODE_OK);
    assert_code(add(2, 1, 100, 100, 1), CODE_OK);
    assert_code(add(3, 1, 1, 100, 1), CODE_MEMPOOL_FULL);
    assert_code(add(3, 1, 1000, 100, 1), CODE_OK); /* the end of the cheapest chain leaves, not its middle */
    assert_int_equal(dropped[MEMPOOL_EVICTED], 1);
    struct addr one = {{1}};
    assert_int_equal(mempool_next_sequence(&pool, &one, 1), 2);
    end();
}

static void mempool_committed__moves_the_sender(void **state) {
    (void)state;
    make(100, 50, 100000, true);
    for (uint64_t i = 1; i <= 10; i++)
        assert_code(add(1, i, 10, 100, 1), CODE_OK);
    assert_int_equal(mempool_take(&pool, 100000, 4, out), 4);
    struct hash h[4];
    for (int i = 0; i < 4; i++)
        h[i] = out[i]->wire_hash;
    for (int i = 0; i < 4; i++)
        mempool_committed(&pool, &h[i]);
    struct addr one = {{1}};
    mempool_sender_moved(&pool, &one, 6); /* somebody else's 5 was taken */
    assert_int_equal(dropped[MEMPOOL_COMMITTED], 4);
    assert_int_equal(dropped[MEMPOOL_EXPIRED], 1);
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 5);
    assert_int_equal(out[0]->sequence, 6);
    mempool_sender_moved(&pool, &one, 20);
    assert_int_equal(pool.count, 0);
    end();
}

static bool below_eight(void *arg, const struct mempool_tx *tx) {
    (void)arg;
    return tx->sequence < 8;
}

static void count_each(void *arg, const struct mempool_tx *tx) {
    (void)tx;
    ++*(int *)arg;
}

static void mempool_recheck__and_respread(void **state) {
    (void)state;
    make(100, 50, 100000, true);
    for (uint64_t i = 5; i <= 10; i++)
        assert_code(add(1, i, 10, 100, 5), CODE_OK);
    struct addr one = {{1}};
    mempool_recheck(&pool, &one, below_eight, NULL);
    assert_int_equal(dropped[MEMPOOL_INVALID], 3);
    assert_int_equal(pool.count, 3);
    int n = 0;
    mempool_respread(&pool, 20, 20, count_each, &n);
    assert_int_equal(n, 0); /* not ours: three times the age */
    mempool_respread(&pool, 60, 20, count_each, &n);
    assert_int_equal(n, 3);
    mempool_respread(&pool, 61, 20, count_each, &n);
    assert_int_equal(n, 3);
    end();
}

static void mempool_take__unordered(void **state) {
    (void)state;
    make(100, 10, 100000, true);
    assert_false(mempool_ready(&pool));
    assert_code(add(1, 2, 10, 100, 1), CODE_OK); /* waits for 1 */
    assert_false(mempool_ready(&pool));
    assert_code(add(1, 0, 20, 100, 0), CODE_OK);
    assert_true(mempool_ready(&pool));
    assert_code(add(1, 0, 30, 100, 0), CODE_OK);
    assert_code(add(2, 0, 25, 100, 0), CODE_OK);
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 3);
    assert_int_equal(out[0]->fee, 30);
    assert_int_equal(out[1]->fee, 25);
    assert_int_equal(out[2]->fee, 20);
    struct addr one = {{1}}, two = {{2}};
    assert_int_equal(mempool_next_sequence(&pool, &two, 7), 7);
    assert_code(add(1, 1, 10, 100, 1), CODE_OK);
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 5);
    assert_int_equal(mempool_next_sequence(&pool, &one, 1), 3);
    mempool_sender_moved(&pool, &one, 3); /* the chain goes, the unordered ones stay */
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 3);
    assert_code(add(2, 5, 10, 100, 5), CODE_OK);
    struct hash taken = out[0]->wire_hash;
    mempool_committed(&pool, &taken);
    assert_int_equal(mempool_take(&pool, 100000, 100, out), 3);
    end();
}

static bool dear(void *arg, const struct mempool_tx *tx) {
    (void)arg;
    return tx->fee > 15;
}

static void mempool_recheck__unordered_each_for_itself(void **state) {
    (void)state;
    make(100, 10, 100000, true);
    for (uint64_t fee = 10; fee < 20; fee += 2)
        assert_code(add(1, 0, fee, 100, 0), CODE_OK);
    struct addr one = {{1}};
    mempool_recheck(&pool, &one, dear, NULL);
    assert_int_equal(pool.count, 2);
    mempool_recheck(&pool, &one, below_eight, NULL);
    assert_int_equal(pool.count, 2);
    end();
}

static void mempool_find__by_either_hash(void **state) {
    (void)state;
    make(100, 10, 100000, true);
    assert_code(add(1, 1, 10, 100, 1), CODE_OK);
    const struct mempool_tx *tx = mempool_next(&pool, NULL);
    struct hash id = tx->tx_id, none = {{77}};
    assert_ptr_equal(mempool_find(&pool, &tx->wire_hash), tx);
    assert_ptr_equal(mempool_find_id(&pool, &id), tx);
    assert_null(mempool_find_id(&pool, &none));
    struct hash h = tx->wire_hash;
    mempool_committed(&pool, &h);
    assert_null(mempool_find_id(&pool, &id));
    end();
}

/* One peer cannot fill the pool: its share at cap - 1, cap, cap + 1, in number and in bytes. */
static void mempool_add__share_of_an_origin(void **state) {
    (void)state;
    struct mempool_limits l = {.txs_max = 100,
                               .sender_max = 100,
                               .bytes_max = 100000,
                               .origin_txs_max = 3,
                               .origin_bytes_max = 1000,
                               .by_fee = true};
    memory = calloc(1, mempool_memory(&l));
    mempool_init(&pool, &l, memory, 42, on_drop, NULL);
    origin = 5;
    assert_code(add(1, 1, 10, 100, 1), CODE_OK);
    assert_code(add(1, 2, 10, 100, 1), CODE_OK);
    assert_code(add(1, 3, 10, 801, 1), CODE_MEMPOOL_FULL);
    assert_code(add(1, 3, 10, 800, 1), CODE_OK);
    assert_code(add(2, 1, 99, 100, 1), CODE_MEMPOOL_FULL);
    origin = 6;
    assert_code(add(2, 1, 10, 100, 1), CODE_OK);
    origin = 0; /* what comes in here has no share of its own */
    for (uint64_t i = 0; i < 10; i++)
        assert_code(add(3, 0, 10, 900, 0), CODE_OK);
    origin = 5;
    struct hash gone = mempool_next(&pool, NULL)->wire_hash;
    mempool_committed(&pool, &gone);
    assert_code(add(4, 1, 10, 100, 1), CODE_OK);
    origin = 0;
    end();
}

/* Of the cheapest the one that came last goes; unordered ones alone, ordered ones from the end of their chain. */
static void mempool_add__evicts_by_fee_then_age(void **state) {
    (void)state;
    make(3, 3, 100000, true);
    assert_code(add(1, 0, 100, 100, 0), CODE_OK);
    assert_code(add(2, 0, 100, 100, 0), CODE_OK);
    assert_code(add(3, 0, 5000, 100, 0), CODE_OK);
    assert_code(add(4, 0, 5000, 100, 0), CODE_OK);
    assert_int_equal(dropped[MEMPOOL_EVICTED], 1);
    struct addr first = {{1}}, second = {{2}};
    assert_non_null(mempool_sender(&pool, &first));
    assert_null(mempool_sender(&pool, &second));
    assert_code(add(1, 0, 5000, 100, 0), CODE_OK); /* also one's own, when it is unordered */
    assert_int_equal(dropped[MEMPOOL_EVICTED], 2);
    assert_code(add(5, 0, 5000, 100, 0), CODE_MEMPOOL_FULL); /* nobody for his equal */
    end();
}

/* A large one for which the cheaper ones would not make room enough, or its own chain is in the way, pushes nobody out.
 */
static void mempool_add__a_refused_one_evicts_nobody(void **state) {
    (void)state;
    make(100, 10, 1000, true);
    for (uint8_t i = 1; i <= 4; i++)
        assert_code(add(i, 0, 100, 100, 0), CODE_OK);
    for (uint8_t i = 5; i <= 10; i++)
        assert_code(add(i, 0, 100000, 100, 0), CODE_OK);
    assert_code(add(20, 0, 10000, 500, 0), CODE_MEMPOOL_FULL);
    assert_int_equal(dropped[MEMPOOL_EVICTED], 0);
    assert_int_equal(pool.count, 10);
    assert_code(add(20, 0, 10000, 400, 0), CODE_OK);
    assert_int_equal(dropped[MEMPOOL_EVICTED], 4);
    end();
    make(3, 10, 1000, true);
    assert_code(add(1, 1, 10, 100, 1), CODE_OK);
    assert_code(add(2, 1, 100, 100, 1), CODE_OK);
    assert_code(add(3, 1, 10, 700, 1), CODE_OK);
    assert_code(add(1, 2, 100000, 900, 1), CODE_MEMPOOL_FULL); /* what it follows would have to go */
    assert_int_equal(dropped[MEMPOOL_EVICTED], 0);
    end();
}

static uint64_t fees_of(uint8_t who) {
    struct addr a = {{who}};
    const struct mempool_sender *s = mempool_sender(&pool, &a);
    return s != NULL ? s->fees : UINT64_MAX; /* no record */
}

/* Fees count against who pays; a record is there as long as something of it waits, or that it pays for. */
static void mempool_fees__are_the_payers(void **state) {
    (void)state;
    struct addr one = {{1}}, nine = {{9}};
    make(100, 50, 100000, true);
    sponsor = 9;
    assert_code(add(1, 1, 10, 100, 1), CODE_OK);
    assert_code(add(1, 2, 20, 100, 1), CODE_OK);
    assert_code(add(2, 0, 40, 100, 1), CODE_OK);
    sponsor = 0;
    assert_code(add(1, 3, 80, 100, 1), CODE_OK);
    assert_int_equal(fees_of(9), 70);
    assert_int_equal(fees_of(1), 80);
    assert_int_equal(fees_of(2), 0);
    assert_int_equal(mempool_fees(&pool, &one, &nine), 30);
    assert_int_equal(mempool_fees(&pool, &one, &one), 80);
    assert_int_equal(mempool_fees(&pool, &nine, &nine), 0);
    assert_int_equal(mempool_sender(&pool, &nine)->count, 0);
    assert_int_equal(mempool_next_sequence(&pool, &nine, 7), 7);
    assert_code(add(9, 7, 160, 100, 7), CODE_OK); /* its own, too */
    assert_int_equal(fees_of(9), 230);
    mempool_sender_moved(&pool, &nine, 8);
    assert_int_equal(fees_of(9), 70);
    sponsor = 8;
    assert_code(add(1, 2, 100, 100, 1), CODE_OK); /* another pays for the one that takes its place */
    sponsor = 0;
    assert_int_equal(fees_of(9), 50);
    assert_int_equal(fees_of(8), 100);
    mempool_sender_moved(&pool, &one, 3);
    assert_int_equal(fees_of(8), UINT64_MAX);
    assert_int_equal(fees_of(9), 40);
    assert_int_equal(fees_of(1), 80);
    mempool_clear(&pool);
    assert_int_equal(fees_of(9), UINT64_MAX);
    end();
}

/* As many accounts as there can be: each transaction has another sender, and another one pays. */
static void mempool_fees__two_accounts_a_transaction(void **state) {
    (void)state;
    enum { N = 3 };
    make(N, N, 100000, true);
    for (int round = 0; round < 3; round++) {
        for (uint8_t i = 1; i <= N; i++) {
            sponsor = (uint8_t)(100 + i);
            assert_code(add(i, 1, 10, 100, 1), CODE_OK);
        }
        sponsor = 0;
        assert_code(add(99, 1, 10, 100, 1), CODE_MEMPOOL_FULL);
        for (uint8_t i = 1; i <= N; i++)
            assert_int_equal(fees_of((uint8_t)(100 + i)), 10);
        mempool_clear(&pool);
    }
    end();
}

/* The list of ready senders is what a walk over everything would find. */
static void assert_ready_list(void) {
    size_t listed = 0, found = 0;
    for (const struct mempool_sender *s = pool.ready; s != NULL; s = s->ready_next)
        listed++;
    const struct mempool_sender *seen[64];
    for (const struct mempool_tx *tx = NULL; (tx = mempool_next(&pool, tx)) != NULL;) {
        const struct mempool_sender *s = tx->owner;
        bool ready = s->loose_first != NULL || (s->first != NULL && s->first->sequence == s->next), known = false;
        for (size_t i = 0; i < found; i++)
            known = known || seen[i] == s;
        if (ready && !known)
            seen[found++] = s;
    }
    assert_int_equal(listed, found);
}

/* Any mixture of calls keeps the sums, the order and the chains. */
static void mempool__random_calls(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    for (int run = 0; run < 20; run++) {
        make(64, 16, 20000, run % 2 == 0);
        uint64_t next[8] = {1, 1, 1, 1, 1, 1, 1, 1};
        for (int step = 0; step < 2000; step++) {
            uint8_t who = (uint8_t)rng_below(&rng, 8);
            struct addr a = {{who}};
            sponsor = rng_below(&rng, 3) == 0 ? (uint8_t)rng_below(&rng, 12) : 0;
            if (rng_below(&rng, 10) < 2) {
                add(who, 0, rng_below(&rng, 5000), 50 + rng_below(&rng, 900), 0);
            } else if (rng_below(&rng, 10) < 8) {
                add(who, next[who] + rng_below(&rng, 12), rng_below(&rng, 5000), 50 + rng_below(&rng, 900), next[who]);
            } else {
                size_t n = mempool_take(&pool, 3000, rng_below(&rng, 8), out);
                struct hash h[8];
                for (size_t i = 0; i < n; i++) {
                    if (out[i]->sequence > 0)
                        assert_int_equal(out[i]->sequence, next[out[i]->sender.b[0]]++);
                    h[i] = out[i]->wire_hash;
                }
                for (size_t i = 0; i < n; i++)
                    mempool_committed(&pool, &h[i]);
                for (uint8_t i = 0; i < 8; i++) {
                    a.b[0] = i;
                    mempool_sender_moved(&pool, &a, next[i]);
                }
            }
            uint32_t count = 0;
            uint64_t bytes = 0, fees[12] = {0};
            for (const struct mempool_tx *tx = NULL; (tx = mempool_next(&pool, tx)) != NULL;) {
                count++;
                bytes += tx->wire.len;
                fees[tx->payer.b[0]] += tx->fee;
                if (tx->all_next == NULL)
                    break;
            }
            for (uint8_t i = 0; i < 12; i++)
                assert_true(fees_of(i) == fees[i] || (fees_of(i) == UINT64_MAX && fees[i] == 0));
            assert_ready_list();
            assert_int_equal(count, pool.count);
            assert_int_equal(bytes, pool.bytes);
            assert_true(count <= 64 && bytes <= 20000);
        }
        sponsor = 0;
        end();
    }
}

TEST_MAIN(cmocka_unit_test(mempool_take__fifo_and_chains), cmocka_unit_test(mempool_take__fee_order),
          cmocka_unit_test(mempool_fees__are_the_payers), cmocka_unit_test(mempool_fees__two_accounts_a_transaction),
          cmocka_unit_test(mempool_add__refusals), cmocka_unit_test(mempool_add__full),
          cmocka_unit_test(mempool_committed__moves_the_sender), cmocka_unit_test(mempool_recheck__and_respread),
          cmocka_unit_test(mempool_take__unordered), cmocka_unit_test(mempool_recheck__unordered_each_for_itself),
          cmocka_unit_test(mempool_find__by_either_hash), cmocka_unit_test(mempool_add__share_of_an_origin),
          cmocka_unit_test(mempool_add__evicts_by_fee_then_age),
          cmocka_unit_test(mempool_add__a_refused_one_evicts_nobody), cmocka_unit_test(mempool__random_calls))
