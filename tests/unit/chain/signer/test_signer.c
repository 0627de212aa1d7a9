/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/os/file.h"
#include "chain/signer/signer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct seckey key;

static struct disk *fresh(const char *name) {
    struct disk *d;
    struct err err;
    assert_ok(dir_make(test_path(name), 0700, &err), &err);
    assert_ok(disk_os(test_path(name), &d, &err), &err);
    uint8_t raw[32] = {1, 2, 3};
    assert_ok(seckey_init(&key, raw, &err), &err);
    return d;
}

static struct hash digest_of(uint8_t x) {
    struct hash h = {{x, 1}};
    return h;
}

static int sign(struct signer *s, uint64_t h, uint32_t r, enum signer_step step, uint8_t x) {
    struct hash d = digest_of(x);
    struct sig sig;
    int rc = signer_sign(s, h, r, step, &d, &sig, NULL);
    if (rc == CODE_OK)
        assert_true(key_verify(&s->pubkey, &d, &sig));
    return rc;
}

static void signer_sign__refuses_contradiction_and_regression(void **state) {
    (void)state;
    struct disk *d = fresh("refuse");
    struct signer s;
    struct err err;
    struct pubkey pub = seckey_pubkey(&key);
    assert_ok(signer_create(d, &pub, &err), &err);
    assert_code(signer_create(d, &pub, &err), CODE_ALREADY_EXISTS);
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_code(sign(&s, 5, 1, SIGNER_PREVOTE, 1), CODE_OK);
    assert_code(sign(&s, 5, 1, SIGNER_PREVOTE, 1), CODE_OK); /* the same again */
    assert_code(sign(&s, 5, 1, SIGNER_PREVOTE, 2), CODE_CONFLICT);
    assert_code(sign(&s, 5, 1, SIGNER_PROPOSE, 1), CODE_CONFLICT);
    assert_code(sign(&s, 5, 0, SIGNER_PRECOMMIT, 1), CODE_CONFLICT);
    assert_code(sign(&s, 4, 9, SIGNER_PRECOMMIT, 1), CODE_CONFLICT);
    assert_code(sign(&s, 5, 1, SIGNER_PRECOMMIT, 2), CODE_OK);
    signer_release(&s);
    assert_ok(signer_open(&s, d, &key, &err), &err); /* remembers over a restart */
    assert_code(sign(&s, 5, 1, SIGNER_PRECOMMIT, 3), CODE_CONFLICT);
    assert_code(sign(&s, 5, 1, SIGNER_PRECOMMIT, 2), CODE_OK);
    assert_code(sign(&s, 6, 0, SIGNER_PROPOSE, 3), CODE_OK);
    signer_release(&s);
    d->free(d);
}

static void signer_open__refuses_without_its_memory(void **state) {
    (void)state;
    struct disk *d = fresh("missing");
    struct signer s;
    struct err err;
    assert_code(signer_open(&s, d, &key, &err), CODE_NOT_FOUND);
    struct pubkey pub = seckey_pubkey(&key);
    assert_ok(signer_create(d, &pub, &err), &err);
    struct seckey other;
    uint8_t raw[32] = {9};
    assert_ok(seckey_init(&other, raw, &err), &err);
    assert_code(signer_open(&s, d, &other, &err), CODE_CONFLICT);
    d->free(d);
}

static void signer_take_over__makes_or_raises_the_memory(void **state) {
    (void)state;
    struct disk *d = fresh("takeover");
    struct signer s;
    struct err err;
    struct pubkey pub = seckey_pubkey(&key);
    assert_ok(signer_take_over(d, &pub, 7, &err), &err); /* there was none */
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_int_equal(s.last.height, 7);
    assert_code(sign(&s, 7, UINT32_MAX, SIGNER_PRECOMMIT, 1), CODE_CONFLICT);
    assert_code(sign(&s, 7, 3, SIGNER_PREVOTE, 1), CODE_CONFLICT);
    assert_code(sign(&s, 8, 0, SIGNER_PROPOSE, 1), CODE_OK);
    signer_release(&s);
    for (uint64_t h = 1; h <= 8; h++) { /* never back */
        assert_ok(signer_take_over(d, &pub, h, &err), &err);
        assert_ok(signer_open(&s, d, &key, &err), &err);
        assert_int_equal(s.last.height, 8);
        assert_int_equal(s.last.round, 0);
        signer_release(&s);
    }
    assert_ok(signer_take_over(d, &pub, 9, &err), &err);
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_code(sign(&s, 9, 0, SIGNER_PRECOMMIT, 1), CODE_CONFLICT);
    assert_code(sign(&s, 10, 0, SIGNER_PREVOTE, 1), CODE_OK);
    signer_release(&s);
    struct seckey other;
    uint8_t raw[32] = {9};
    assert_ok(seckey_init(&other, raw, &err), &err);
    struct pubkey other_pub = seckey_pubkey(&other);
    assert_code(signer_take_over(d, &other_pub, 100, &err), CODE_CONFLICT);
    d->free(d);
}

static void signer_open__torn_slot_leaves_the_one_before(void **state) {
    (void)state;
    struct disk *d = fresh("torn");
    struct signer s;
    struct err err;
    struct pubkey pub = seckey_pubkey(&key);
    assert_ok(signer_create(d, &pub, &err), &err);
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_code(sign(&s, 1, 0, SIGNER_PREVOTE, 1), CODE_OK);   /* slot 0 */
    assert_code(sign(&s, 1, 0, SIGNER_PRECOMMIT, 1), CODE_OK); /* slot 1 */
    assert_code(sign(&s, 2, 0, SIGNER_PREVOTE, 1), CODE_OK);   /* slot 0 */
    signer_release(&s);
    int fd = open(test_path("torn/signer.state"), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "zz", 2, 30), 2);
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_int_equal(s.last.height, 1);
    assert_int_equal(s.last.step, SIGNER_PRECOMMIT);
    signer_release(&s);
    assert_int_equal(pwrite(fd, "zz", 2, 4096 + 30), 2);
    assert_code(signer_open(&s, d, &key, &err), CODE_CORRUPT);
    close(fd);
    d->free(d);
}

/* A lock is in the log alone: a log that gives back less than the last signature relied on stops the node, and after
 * that the height is given up. */
static void signer_check_log__less_than_a_signature_relied_on(void **state) {
    (void)state;
    struct disk *d = fresh("log");
    struct signer s;
    struct err err;
    struct pubkey pub = seckey_pubkey(&key);
    assert_ok(signer_create(d, &pub, &err), &err);
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_ok(signer_check_log(&s, 1, 0, &err), &err); /* nothing signed */
    s.log_records = 7;
    assert_code(sign(&s, 4, 0, SIGNER_PRECOMMIT, 1), CODE_OK);
    signer_release(&s);
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_ok(signer_check_log(&s, 4, 7, &err), &err);
    assert_ok(signer_check_log(&s, 4, 9, &err), &err);
    assert_ok(signer_check_log(&s, 5, 0, &err), &err); /* that height is over */
    assert_code(signer_check_log(&s, 4, 6, &err), CODE_CORRUPT);
    assert_non_null(strstr(err.msg, "cairnd wal-mend"));
    assert_ok(signer_give_up(&s, 4, &err), &err); /* as wal-mend does */
    assert_ok(signer_give_up(&s, 3, &err), &err);
    signer_release(&s);
    assert_ok(signer_open(&s, d, &key, &err), &err);
    assert_ok(signer_check_log(&s, 4, 0, &err), &err);
    assert_code(sign(&s, 4, 0, SIGNER_PRECOMMIT, 1), CODE_CONFLICT);
    assert_code(sign(&s, 4, 1000, SIGNER_PROPOSE, 1), CODE_CONFLICT);
    assert_code(sign(&s, 5, 0, SIGNER_PROPOSE, 1), CODE_OK);
    signer_release(&s);
    d->free(d);
}

static void key_file__mode_and_content(void **state) {
    (void)state;
    struct seckey a, b;
    struct err err;
    const char *path = test_path("key");
    assert_ok(key_file_create(path, &a, &err), &err);
    assert_code(key_file_create(path, &b, &err), CODE_ALREADY_EXISTS);
    assert_ok(key_file_read(path, &b, &err), &err);
    assert_memory_equal(a.b, b.b, 32);
    assert_int_equal(chmod(path, 0640), 0);
    assert_code(key_file_read(path, &b, &err), CODE_DENIED);
    assert_non_null(strstr(err.msg, "chmod 600"));
    const char *bad = test_path("bad");
    assert_ok(file_write_new(bad, bytes_str("not a key\n"), 0600, &err), &err);
    assert_code(key_file_read(bad, &b, &err), CODE_MALFORMED);
}

TEST_MAIN(cmocka_unit_test(signer_sign__refuses_contradiction_and_regression),
          cmocka_unit_test(signer_open__refuses_without_its_memory),
          cmocka_unit_test(signer_take_over__makes_or_raises_the_memory),
          cmocka_unit_test(signer_open__torn_slot_leaves_the_one_before), cmocka_unit_test(key_file__mode_and_content),
          cmocka_unit_test(signer_check_log__less_than_a_signature_relied_on))
