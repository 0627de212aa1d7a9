/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/object_uri.h"
#include "tests/lib/test.h"

static void parse__takes_bucket_and_key(void **state) {
    struct object_uri uri;
    (void)state;
    assert_ok(object_uri_parse("cairn://photos/2026/a b?c#d", &uri, NULL), NULL);
    assert_string_equal(uri.bucket, "photos");
    assert_string_equal(uri.key, "2026/a b?c#d");
    assert_ok(object_uri_parse("cairn://photos", &uri, NULL), NULL);
    assert_string_equal(uri.key, "");
    assert_ok(object_uri_parse("cairn://photos/", &uri, NULL), NULL);
    assert_string_equal(uri.bucket, "photos");
    assert_string_equal(uri.key, "");
}

static void parse__refuses(void **state) {
    static const char *const bad[] = {"",         "photos/a",   "http://photos/a", "cairn:/photos/a",
                                      "cairn://", "cairn:///a", "CAIRN://photos/a"};
    struct object_uri uri = {.bucket = "kept"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(object_uri_parse(bad[i], &uri, NULL), CODE_INVALID_ARGUMENT);
    assert_string_equal(uri.bucket, "kept");
}

static void parse__bounds(void **state) {
    char text[8 + OBJECT_URI_BUCKET_MAX + 1 + OBJECT_URI_KEY_MAX + 2];
    struct object_uri uri;
    (void)state;
    memcpy(text, "cairn://", 8);
    memset(text + 8, 'b', OBJECT_URI_BUCKET_MAX);
    text[8 + OBJECT_URI_BUCKET_MAX] = '\0';
    assert_code(object_uri_parse(text, &uri, NULL), CODE_INVALID_ARGUMENT);
    text[8 + OBJECT_URI_BUCKET_MAX - 1] = '/';
    memset(text + 8 + OBJECT_URI_BUCKET_MAX, 'k', OBJECT_URI_KEY_MAX);
    text[8 + OBJECT_URI_BUCKET_MAX + OBJECT_URI_KEY_MAX] = '\0';
    assert_code(object_uri_parse(text, &uri, NULL), CODE_INVALID_ARGUMENT);
    text[8 + OBJECT_URI_BUCKET_MAX + OBJECT_URI_KEY_MAX - 1] = '\0';
    assert_ok(object_uri_parse(text, &uri, NULL), NULL);
    assert_int_equal(strlen(uri.bucket), OBJECT_URI_BUCKET_MAX - 1);
    assert_int_equal(strlen(uri.key), OBJECT_URI_KEY_MAX - 1);
}

TEST_MAIN(cmocka_unit_test(parse__takes_bucket_and_key), cmocka_unit_test(parse__refuses),
          cmocka_unit_test(parse__bounds))
