/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "tests/lib/test.h"

#include <errno.h>

static void err_wrap__puts_context_before(void **state) {
    (void)state;
    struct err err;
    err_clear(&err);
    int rc = err_set(&err, CODE_NOT_FOUND, "no bucket %s", "photos");
    rc = err_wrap(&err, rc, "put %d", 7);
    assert_code(rc, CODE_NOT_FOUND);
    assert_string_equal(err.msg, "put 7: no bucket photos");
    assert_code(err_wrap(NULL, CODE_BUSY, "x"), CODE_BUSY);
}

static void err_set__cut_and_clean(void **state) {
    (void)state;
    struct err err;
    char big[2000];
    memset(big, 'a', sizeof big);
    big[3] = '\n';
    big[sizeof big - 1] = 0;
    err_set(&err, CODE_IO, "%s", big);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    assert_int_equal(err.msg[3], '?');
    err_wrap(&err, CODE_IO, "%s", big);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    err_set(&err, CODE_IO, "again: %.20s", err.msg); /* its own text as argument */
    assert_string_equal(err.msg, "again: aaa?aaaaaaaaaaaaaaaa");
}

static void assert_utf8(const char *text) {
    for (size_t left = strlen(text), n; left; text += n, left -= n) {
        n = utf8_len((const uint8_t *)text, left);
        assert_true(n > 0);
    }
}

/* Half a character is none: what stores or shows a sentence takes UTF-8 only. */
static void err_set__cuts_no_character_in_two(void **state) {
    (void)state;
    struct err err;
    char big[2000] = "x";
    for (size_t i = 1; i + 2 < sizeof big; i += 2)
        memcpy(big + i, "\xc3\xa9", 3);
    err_set(&err, CODE_IO, "%.4s|", big);
    assert_string_equal(err.msg, "x\xc3\xa9?|");
    for (size_t from = 0; from < 2; from++) {
        err_set(&err, CODE_IO, "%s", big + from);
        assert_utf8(err.msg);
        err_wrap(&err, CODE_IO, "ab");
        assert_utf8(err.msg);
        err_wrap(&err, CODE_IO, "%s", big + from);
        assert_utf8(err.msg);
    }
    err_set(&err, CODE_IO, "\xff\xc0\x80\xed\xa0\x80");
    assert_string_equal(err.msg, "??????");
}

static void err_errno__names_the_reason(void **state) {
    (void)state;
    struct err err;
    assert_code(err_errno(&err, ENOSPC, "%s", "/x"), CODE_DISK_FULL);
    assert_string_equal(err.msg, "/x: No space left on device");
}

static void code__table(void **state) {
    (void)state;
    assert_string_equal(code_name(CODE_NOT_FOUND), "NOT_FOUND");
    assert_int_equal(code_http(CODE_NOT_FOUND), 404);
    assert_int_equal(code_exit(CODE_NOT_FOUND), 3);
    assert_true(code_retryable(CODE_BUSY) && !code_retryable(CODE_DENIED));
    assert_int_equal(code_from_name("INTEGRITY"), CODE_INTEGRITY);
    assert_int_equal(code_from_name("NOPE"), -1);
    assert_false(code_known(987654));
    assert_string_equal(code_name(987654), "INTERNAL");
}

/* What a script sees of each kind of bad input: it may tell them apart for good. */
static void code_exit__of_bad_input(void **state) {
    (void)state;
    static const struct {
        int code, exit;
    } rows[] = {
        {CODE_INVALID_ARGUMENT, 2},
        {CODE_MALFORMED, 1},
        {CODE_TOO_LARGE, 1},
        {CODE_RANGE, 2},
        {CODE_CONFIG, 2},
        {CODE_CHAIN_MISMATCH, 5},
        {CODE_BAD_SIGNATURE, 5},
        {CODE_SEQUENCE_WRONG, 4},
        {CODE_FEE_LOW, 6},
        {CODE_TX_EXPIRED, 4},
        {CODE_BUCKET_NAME, 2},
        {CODE_OBJECT_NAME, 2},
        {CODE_OBJECT_SIZE, 1},
        {CODE_BUCKET_LIMIT, 4},
        {CODE_BUCKET_NOT_EMPTY, 4},
        {CODE_APPROVAL_MISSING, 5},
        {CODE_APPROVAL_EXPIRED, 4},
        {CODE_APPROVAL_SPEC, 5},
        {CODE_APPROVAL_SIGNATURE, 5},
        {CODE_APPROVAL_USED, 4},
        {CODE_RECEIPT_MISSING, 5},
        {CODE_RECEIPT_FOREIGN, 5},
        {CODE_RECEIPT_SIGNATURE, 5},
        {CODE_RECEIPT_EXPIRED, 4},
        {CODE_PAYER_FROZEN, 6},
        {CODE_PAYMENT_FUNDS, 6},
        {CODE_QUOTA, 6},
        {CODE_UNAUTHENTICATED, 5},
        {CODE_DENIED, 5},
        {CODE_EXPIRED, 4},
        {CODE_WRONG_PASSPHRASE, 5},
        {CODE_INTEGRITY, 8},
        {CODE_CHALLENGE_LEAVES, 8},
        {CODE_CHALLENGE_LEAF, 8},
        {CODE_CHALLENGE_PATH, 8},
        {CODE_CHALLENGE_LATE, 4},
        {CODE_UNAVAILABLE, 7},
        {CODE_TIMEOUT, 7},
        {CODE_BUSY, 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (code_exit(rows[i].code) != rows[i].exit)
            print_error("%s\n", code_name(rows[i].code));
        assert_int_equal(code_exit(rows[i].code), rows[i].exit);
        assert_true(strlen(code_sentence(rows[i].code)) > 10);
    }
}

TEST_MAIN(cmocka_unit_test(err_wrap__puts_context_before), cmocka_unit_test(err_set__cut_and_clean),
          cmocka_unit_test(err_set__cuts_no_character_in_two), cmocka_unit_test(err_errno__names_the_reason),
          cmocka_unit_test(code__table), cmocka_unit_test(code_exit__of_bad_input))
