/* SPDX-License-Identifier: Apache-2.0 */
/* Sending to a node that is full. */
#include "chain/os/clock.h"
#include "client/lib/ledger.h"
#include "tests/lib/node/fake_node.h"
#include "tests/lib/test.h"

static int send_to(unsigned full, uint64_t timeout_ms, unsigned *ret_posted, uint64_t *ret_ms) {
    struct fake_node node = {.full = full};
    struct arena arena;
    TxStatus *status = NULL;
    struct err err;
    arena_init(&arena, 16 << 20);
    fake_node_start(&node);
    uint64_t start = clock_mono_ms();
    int rc = ledger_broadcast(node.ledger, bytes_str("a transaction"), LEDGER_WAIT_ADMITTED, timeout_ms, &arena,
                              &status, &err);
    *ret_ms = clock_mono_ms() - start;
    *ret_posted = atomic_load(&node.posted);
    fake_node_stop(&node);
    arena_release(&arena);
    return rc;
}

static void broadcast__asks_again_when_the_node_advises(void **state) {
    (void)state;
    unsigned posted;
    uint64_t ms;
    assert_code(send_to(1, 20000, &posted, &ms), CODE_OK);
    assert_int_equal(posted, 2);
    assert_true(ms >= 1000); /* Retry-After: 1 */
}

static void broadcast__gives_up_with_the_nodes_words(void **state) {
    (void)state;
    unsigned posted;
    uint64_t ms;
    assert_code(send_to(1000, 500, &posted, &ms), CODE_MEMPOOL_FULL);
    assert_int_equal(posted, 1); /* the advice is later than there is time for */
}

static int wait_at(unsigned full, uint64_t timeout_ms, unsigned *ret_asked) {
    struct fake_node node = {.full = full};
    struct hash id = {{1}};
    struct arena arena;
    TxStatus *status = NULL;
    struct err err;
    arena_init(&arena, 16 << 20);
    fake_node_start(&node);
    int rc = ledger_wait_tx(node.ledger, &id, timeout_ms, &arena, &status, &err);
    assert_true(rc != CODE_OK || !strcmp(status->state, "committed"));
    *ret_asked = atomic_load(&node.asked);
    fake_node_stop(&node);
    arena_release(&arena);
    return rc;
}

static void wait_tx__asks_again_when_too_many_wait(void **state) {
    (void)state;
    unsigned asked;
    assert_code(wait_at(1, 20000, &asked), CODE_OK);
    assert_int_equal(asked, 2);
}

static void wait_tx__ends_at_its_time(void **state) {
    (void)state;
    unsigned asked;
    assert_code(wait_at(1000, 500, &asked), CODE_TIMEOUT);
    assert_int_equal(asked, 1);
}

TEST_MAIN(cmocka_unit_test(wait_tx__asks_again_when_too_many_wait), cmocka_unit_test(wait_tx__ends_at_its_time),
          cmocka_unit_test(broadcast__asks_again_when_the_node_advises),
          cmocka_unit_test(broadcast__gives_up_with_the_nodes_words))
