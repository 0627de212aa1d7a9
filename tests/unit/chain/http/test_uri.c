/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/limits.h"
#include "chain/http/uri.h"
#include "tests/lib/test.h"

static void uri__encode_and_decode_agree(void **state) {
    (void)state;
    struct arena a;
    struct buf b;
    uint8_t all[255];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i + 1);
    arena_init(&a, 1 << 16);
    buf_init(&b, 1 << 16);
    uri_encode(&b, bytes_of(all, sizeof all), false);
    char *back = uri_decode(&a, (const char *)b.data, b.len);
    assert_non_null(back);
    assert_memory_equal(back, all, sizeof all);
    assert_int_equal(back[sizeof all], 0);
    buf_clear(&b);
    uri_encode(&b, bytes_str("a/b c~é"), true);
    assert_string_equal(buf_cstr(&b), "a/b%20c~%C3%A9");
    assert_string_equal(uri_decode(&a, "a+b%2f", 6), "a+b/");
    buf_release(&b);
    arena_release(&a);
}

static void uri_decode__refuses_nul_and_broken(void **state) {
    (void)state;
    static const char *const bad[] = {"%00", "a%0", "%", "%zz", "a%00b"};
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(uri_decode(&a, bad[i], strlen(bad[i])));
        char path[16];
        (void)snprintf(path, sizeof path, "/%s", bad[i]);
        assert_false(uri_is_clean(path));
    }
    assert_int_equal(a.used, 0);
    assert_true(uri_is_clean("/a//b/../c?x=%20"));
    assert_false(uri_is_clean("a"));
    assert_false(uri_is_clean("/a b"));
    assert_false(uri_is_clean("/\x80"));
    arena_release(&a);
}

static void uri_parse_base__forms(void **state) {
    (void)state;
    struct uri_parts p;
    assert_code(uri_parse_base("http://127.0.0.1:26601", &p, NULL), CODE_OK);
    assert_true(!p.tls && p.port == 26601 && !strcmp(p.host, "127.0.0.1") && !strcmp(p.path, ""));
    assert_code(uri_parse_base("https://sp.example/base/", &p, NULL), CODE_OK);
    assert_true(p.tls && p.port == 443 && !strcmp(p.path, "/base"));
    assert_code(uri_parse_base("http://[::1]:80/", &p, NULL), CODE_OK);
    assert_string_equal(p.host, "::1");
    static const char *const bad[] = {"",
                                      "ftp://a",
                                      "http://",
                                      "http://a:0",
                                      "http://a:65536",
                                      "http://a:",
                                      "http://u@a",
                                      "http://a/?q",
                                      "http://a/#f",
                                      "http://a b",
                                      "http://[::1",
                                      "http://::1/",
                                      "http://a/%00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(uri_parse_base(bad[i], &p, NULL), CODE_INVALID_ARGUMENT);
}

static void uri_address_is_private__special_ranges(void **state) {
    (void)state;
    static const char *const yes[] = {"127.0.0.1",
                                      "10.1.2.3",
                                      "172.16.0.1",
                                      "172.31.255.255",
                                      "192.168.1.1",
                                      "169.254.169.254",
                                      "0.0.0.0",
                                      "224.0.0.1",
                                      "255.255.255.255",
                                      "100.64.0.1",
                                      "::1",
                                      "::",
                                      "fe80::1",
                                      "fd00::1",
                                      "ff02::1",
                                      "::ffff:10.0.0.1",
                                      "64:ff9b::127.0.0.1",
                                      "2002:7f00:1::"};
    static const char *const no[] = {"8.8.8.8",      "172.32.0.1",     "100.128.0.1",
                                     "2a00:1450::1", "::ffff:8.8.8.8", "9.255.255.255"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_int_equal(uri_address_is_private(yes[i]), 1);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_int_equal(uri_address_is_private(no[i]), 0);
    assert_int_equal(uri_address_is_private("example.org"), -1);
}

TEST_MAIN(cmocka_unit_test(uri__encode_and_decode_agree), cmocka_unit_test(uri_decode__refuses_nul_and_broken),
          cmocka_unit_test(uri_parse_base__forms), cmocka_unit_test(uri_address_is_private__special_ranges))
