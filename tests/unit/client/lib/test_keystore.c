/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/file.h"
#include "client/lib/keystore.h"
#include "tests/lib/test.h"

#include <sys/stat.h>

static const char *secret = "correct horse";

static int ask(void *ctx, const char *key_name, bool again, uint8_t *ret, size_t *ret_len, struct err *err) {
    (void)key_name, (void)again, (void)err;
    const char *word = *(const char **)ctx;
    *ret_len = strlen(word);
    memcpy(ret, word, *ret_len);
    return CODE_OK;
}

static struct keystore store_at(const char *name, enum keyring keyring) {
    return (struct keystore){.dir = test_path(name), .keyring = keyring, .passphrase = {ask, &secret}};
}

static void path_of(const struct keystore *store, const char *name, char ret[512]) {
    snprintf(ret, 512, "%s/%s.json", store->dir, name);
}

static void open__what_was_created(void **state) {
    struct keystore store = store_at("a", KEYRING_TEST);
    struct key_info made, info;
    struct seckey key;
    struct stat st;
    char path[512];
    (void)state;
    assert_ok(keystore_create(&store, "one", &made, NULL), NULL);
    assert_ok(keystore_info(&store, "one", &info, NULL), NULL);
    assert_true(addr_eq(&made.address, &info.address));
    assert_ok(keystore_open(&store, "one", &key, NULL), NULL);
    struct pubkey pub = seckey_pubkey(&key);
    assert_true(pubkey_eq(&pub, &made.pubkey));
    path_of(&store, "one", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(store.dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_code(keystore_create(&store, "one", &made, NULL), CODE_ALREADY_EXISTS);
    assert_code(keystore_open(&store, "two", &key, NULL), CODE_NOT_FOUND);
    assert_ok(keystore_delete(&store, "one", NULL), NULL);
    assert_code(keystore_delete(&store, "one", NULL), CODE_NOT_FOUND);
}

static void open__needs_the_passphrase(void **state) {
    struct keystore store = store_at("b", KEYRING_FILE);
    struct key_info info;
    struct seckey key = {{0}};
    static const struct seckey untouched;
    (void)state;
    assert_ok(keystore_create(&store, "one", &info, NULL), NULL);
    secret = "wrong horse";
    assert_code(keystore_open(&store, "one", &key, NULL), CODE_WRONG_PASSPHRASE);
    assert_memory_equal(&key, &untouched, sizeof key);
    secret = "correct horse";
    assert_ok(keystore_open(&store, "one", &key, NULL), NULL);
}

static void info__refuses_files_that_others_may_read(void **state) {
    struct keystore store = store_at("c", KEYRING_TEST);
    struct key_info info;
    struct seckey key;
    char path[512];
    (void)state;
    assert_ok(keystore_create(&store, "one", &info, NULL), NULL);
    path_of(&store, "one", path);
    static const mode_t modes[] = {0640, 0604, 0660, 0644, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_code(keystore_info(&store, "one", &info, NULL), CODE_DENIED);
        assert_code(keystore_open(&store, "one", &key, NULL), CODE_DENIED);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_ok(keystore_info(&store, "one", &info, NULL), NULL);
}

/* Every fifth byte of the file in turn: the key opens to the same secret or not at all. */
static void open__a_damaged_file(void **state) {
    struct keystore store = store_at("d", KEYRING_TEST);
    struct key_info info;
    struct seckey key, got;
    struct buf text;
    char path[512];
    unsigned refused = 0;
    (void)state;
    assert_ok(keystore_create(&store, "one", &info, NULL), NULL);
    assert_ok(keystore_open(&store, "one", &key, NULL), NULL);
    path_of(&store, "one", path);
    buf_init(&text, KEYSTORE_FILE_MAX);
    assert_ok(file_read(path, &text, NULL), NULL);
    for (size_t i = 0; i < text.len; i += 5) {
        text.data[i] ^= 1;
        assert_ok(file_write_atomic(path, buf_bytes(&text), 0600, NULL), NULL);
        text.data[i] ^= 1;
        if (keystore_open(&store, "one", &got, NULL))
            refused++;
        else
            assert_memory_equal(&got, &key, sizeof key);
    }
    assert_true(refused > text.len / 10);
    for (size_t len = 0; len < text.len; len += 97) {
        assert_ok(file_write_atomic(path, bytes_of(text.data, len), 0600, NULL), NULL);
        assert_int_not_equal(keystore_open(&store, "one", &got, NULL), CODE_OK);
    }
    buf_release(&text);
}

static void create__names(void **state) {
    static const char *const bad[] = {"", ".", "..", "a/b", "../a", "A b", ".hidden", "a\n"};
    struct keystore store = store_at("e", KEYRING_TEST);
    struct key_info info;
    char name[KEY_NAME_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(keystore_create(&store, bad[i], &info, NULL), CODE_INVALID_ARGUMENT);
    memset(name, 'n', sizeof name);
    name[KEY_NAME_MAX + 1] = '\0';
    assert_code(keystore_create(&store, name, &info, NULL), CODE_INVALID_ARGUMENT);
    name[KEY_NAME_MAX] = '\0';
    assert_ok(keystore_create(&store, name, &info, NULL), NULL);
}

static int note_name(void *ctx, const struct key_info *info, struct err *err) {
    char *names = ctx;
    size_t len = strlen(names);
    (void)err;
    snprintf(names + len, 64 - len, "%s", info->name);
    return CODE_OK;
}

static void each__in_order(void **state) {
    struct keystore store = store_at("f", KEYRING_TEST), none = store_at("not-there", KEYRING_TEST);
    struct key_info info;
    char names[64] = "";
    (void)state;
    assert_ok(keystore_each(&none, note_name, names, NULL), NULL);
    assert_ok(keystore_create(&store, "c", &info, NULL), NULL);
    assert_ok(keystore_create(&store, "a", &info, NULL), NULL);
    assert_ok(keystore_create(&store, "b", &info, NULL), NULL);
    assert_ok(keystore_each(&store, note_name, names, NULL), NULL);
    assert_string_equal(names, "abc");
}

TEST_MAIN(cmocka_unit_test(open__what_was_created), cmocka_unit_test(open__needs_the_passphrase),
          cmocka_unit_test(info__refuses_files_that_others_may_read), cmocka_unit_test(open__a_damaged_file),
          cmocka_unit_test(create__names), cmocka_unit_test(each__in_order))
