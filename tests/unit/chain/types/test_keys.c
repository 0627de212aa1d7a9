/* SPDX-License-Identifier: Apache-2.0 */
/* Keys list in the order of what they name, and no table's keys fall into another's prefix. */
#include "chain/types/keys_auth.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_storage.h"
#include "tests/lib/test.h"

static void object_keys__list_by_prefix_in_name_order(void **state) {
    (void)state;
    static const char *const names[] = {"a", "a/", "a/b", "a/b/c", "aa", "b", "\xc3\xa9"};
    struct key all, last = {.len = 0}, next;
    struct bytes prefix = key_object(&all, 7, "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes key = key_object(&next, 7, names[i]);
        assert_true(bytes_starts(key, prefix));
        assert_true(bytes_cmp(key_bytes(&last), key) < 0);
        last = next;
    }
    struct bytes other = key_object(&next, 8, "a");
    assert_false(bytes_starts(other, prefix));
    assert_true(bytes_cmp(key_bytes(&last), other) < 0);
}

static void queue_keys__order_by_time(void **state) {
    (void)state;
    struct key early, late;
    assert_true(bytes_cmp(key_challenge_deadline(&early, 255, 9), key_challenge_deadline(&late, 256, 1)) < 0);
    struct addr high = {{0xff}}, low = {{0}};
    assert_true(bytes_cmp(key_payment_due(&early, 1, &high), key_payment_due(&late, 2, &low)) < 0);
}

static void object_key__of_the_longest_name_fits(void **state) {
    (void)state;
    char name[OBJECT_NAME_MAX + 1];
    memset(name, 'x', OBJECT_NAME_MAX);
    name[OBJECT_NAME_MAX] = 0;
    struct key k;
    assert_int_equal(key_object(&k, UINT64_MAX, name).len, 2 + 8 + OBJECT_NAME_MAX);
}

static void key_add__cuts_what_does_not_fit(void **state) {
    (void)state;
    struct key k;
    key_begin(&k, KEY_STORAGE, 'b');
    uint8_t data[KEY_LEN_MAX];
    memset(data, 1, sizeof data);
    key_add_bytes(&k, bytes_of(data, sizeof data));
    key_add_u64(&k, 1);
    assert_int_equal(k.len, KEY_LEN_MAX);
}

static void account_key__is_module_table_address(void **state) {
    (void)state;
    struct addr addr = {{0xab}};
    struct key k;
    struct bytes key = key_account(&k, &addr);
    assert_int_equal(key.len, 22);
    assert_int_equal(key.data[0], KEY_AUTH);
    assert_int_equal(key.data[1], 'a');
    assert_memory_equal(key.data + 2, addr.b, 20);
}

TEST_MAIN(cmocka_unit_test(object_keys__list_by_prefix_in_name_order), cmocka_unit_test(queue_keys__order_by_time),
          cmocka_unit_test(object_key__of_the_longest_name_fits), cmocka_unit_test(key_add__cuts_what_does_not_fit),
          cmocka_unit_test(account_key__is_module_table_address))
