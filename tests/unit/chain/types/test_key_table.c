/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys against the builders, the readers' table in docs/, and itself. */
#include "chain/types/key_table.h"

#include "chain/codec/bech32.h"
#include "chain/os/file.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/keys_permission.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "chain/types/keys_validator.h"
#include "tests/lib/test.h"

static struct arena arena;
static struct err err;
static struct addr addr = {{7, 8, 9}};
static char addr_text[ADDR_TEXT_MAX];

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 1 << 20);
    addr_to_text(&addr, addr_text);
    err_clear(&err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static int from(const char *line, struct key *k) {
    const char *words[16];
    size_t n = 0;
    char *copy = arena_strdup(&arena, line), *rest = NULL;
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        words[n++] = strcmp(w, "ADDR") == 0 ? addr_text : w;
    return key_from_words(words, n, k, &err);
}

static void same(const char *line, struct bytes want) {
    struct key k;
    assert_ok(from(line, &k), &err);
    assert_int_equal(k.len, want.len);
    assert_memory_equal(k.b, want.data, want.len);
}

static void words__build_what_the_builders_build(void **state) {
    struct key k;
    (void)state;
    same("chain", key_chain_state(&k));
    same("account ADDR", key_account(&k, &addr));
    same("candidate 77 ADDR", key_candidate(&k, 77, &addr));
    same("height-page 3", key_height_page(&k, 3 * HEIGHT_PAGE + 5));
    same("sp 3", key_sp(&k, 3));
    same("sp-group 3 9", key_sp_group(&k, 3, 9));
    same("bucket my.bucket", key_bucket(&k, "my.bucket"));
    same("object-of 5 a/b", key_object(&k, 5, "a/b"));
    same("group ADDR friends", key_group(&k, &addr, "friends"));
    same("member 7 ADDR", key_member(&k, 7, &addr));
    same("nonce-timeout 1 2 3", key_nonce_timeout(&k, 1, 2, 3));
    struct weight_id set = {WEIGHT_OBJECTS, 4, 5};
    same("weight 3 4 5 6 7", key_weight_index(&k, &set, 6, 7));
    same("weight-of 3 4 5 6 7", key_weight_item(&k, &set, 6, 7));
    same("policy 1 5 account ADDR", key_policy_account(&k, 1, 5, &addr));
    same("policy 2 6 group 8", key_policy_group(&k, 2, 6, 8));
    same("challenge 18446744073709551615", key_challenge(&k, UINT64_MAX));
    same("challenge-by ADDR 2", key_challenge_submitter(&k, &addr, 2));
    same("repair 6 2", key_repair(&k, 6, 2));
    same("0x0163", key_chain_state(&k));
}

static void words__that_say_no_key(void **state) {
    static const char *const bad[] = {"nonsense",
                                      "account",
                                      "account ADDR ADDR",
                                      "account cairn1qqqq",
                                      "sp x",
                                      "sp -1",
                                      "sp 4294967296",
                                      "weights 256 1 1",
                                      "params 1.5",
                                      "0x",
                                      "0x1",
                                      "0xzz",
                                      "policy 1 5 ADDR",
                                      "policy 1 5 friends 8",
                                      "used-evidence 12",
                                      "quarantine",
                                      "quarantine zz",
                                      "challenge 18446744073709551616"};
    struct key k = {.len = 77};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_code(from(bad[i], &k), CODE_INVALID_ARGUMENT);
        assert_true(strlen(err_text(&err)) > 10);
        assert_int_equal(k.len, 77);
    }
    assert_code(key_from_words(NULL, 0, &k, &err), CODE_INVALID_ARGUMENT);
    char *longest = arena_alloc(&arena, KEY_LEN_MAX + 10);
    memset(longest, 'a', KEY_LEN_MAX + 5);
    const char *words[] = {"bucket", longest};
    assert_code(key_from_words(words, 2, &k, &err), CODE_INVALID_ARGUMENT);
}

/* A value for a field. */
static const char *sample(char field) {
    switch (field) {
    case 'a':
        return addr_text;
    case 'h':
        return "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    case 'n':
        return "a/name";
    case 'k':
        return "0566";
    case 'A':
        return "account";
    case 'G':
        return "group";
    default:
        return "200";
    }
}

static void every_row__reads_back(void **state) {
    (void)state;
    for (size_t i = 0; i < key_table_count; i++) {
        const struct key_row *row = &key_table[i];
        const char *words[8] = {row->word}, *line = row->word;
        size_t n = 1;
        for (const char *f = row->fields; *f; f++, n++) {
            words[n] = sample(*f);
            line = arena_printf(&arena, "%s %s", line, words[n]);
        }
        struct key k;
        assert_ok(key_from_words(words, n, &k, &err), &err);
        assert_ptr_equal(key_row_of(key_bytes(&k)), row);
        assert_string_equal(key_to_words(key_bytes(&k), &arena), line);
        k.len--; /* a byte less is another key, or none */
        assert_true(key_row_of(key_bytes(&k)) != row || row->fields[strlen(row->fields) - 1] == 'n' ||
                    row->fields[strlen(row->fields) - 1] == 'k');
    }
    uint8_t unknown[] = {0x63, 'q', 1};
    assert_null(key_row_of(bytes_of(unknown, sizeof unknown)));
    assert_null(key_row_of(BYTES_NONE));
    assert_string_equal(key_to_words(bytes_of(unknown, sizeof unknown), &arena), "0x637101");
}

/* docs/state-keys.md: "| 04 validator | `v` | ..." and rows of the same module "| | `s` | ...". */
static void the_readers_table__has_the_same_rows(void **state) {
    static bool seen[16][128];
    struct buf text;
    (void)state;
    memset(seen, 0, sizeof seen);
    buf_init(&text, 1 << 20);
    assert_ok(file_read("docs/state-keys.md", &text, &err), &err);
    buf_put_u8(&text, 0);
    unsigned module = 0;
    char *rest = NULL;
    for (char *line = strtok_r((char *)text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        unsigned number;
        char *tick = strchr(line, '`');
        if (line[0] != '|' || !tick || tick[2] != '`')
            continue;
        if (sscanf(line, "| %2x ", &number) == 1)
            module = number;
        assert_in_range(module, 1, 15);
        seen[module][(int)tick[1]] = true;
    }
    for (unsigned m = 0; m < 16; m++)
        for (int t = 0; t < 128; t++) {
            bool here = false;
            for (size_t i = 0; i < key_table_count; i++)
                here = here || (key_table[i].module == m && key_table[i].table == (char)t);
            if (seen[m][t] != here)
                fail_msg("module %02x table '%c' stands %s docs/state-keys.md and %s chain/types/key_table.c", m, t,
                         seen[m][t] ? "in" : "not in", here ? "in" : "not in");
        }
    buf_release(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
TEST_MAIN(TEST(words__build_what_the_builders_build), TEST(words__that_say_no_key), TEST(every_row__reads_back),
          TEST(the_readers_table__has_the_same_rows))
