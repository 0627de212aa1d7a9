/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/request.h"
#include "tests/lib/test.h"

static const struct hash tag = {{1}};
static struct seckey key;

static const char *header_of(void *ctx, const char *name) {
    (void)ctx;
    if (strcmp(name, "content-type") == 0)
        return "  text/plain ";
    return strcmp(name, "range") == 0 ? "bytes=0-9" : NULL;
}

static struct request_http http_of(const char *method, const char *path, const char *query) {
    return (struct request_http){
        .method = method, .host = "SP1.example:9000", .path = path, .query = query, .header = header_of};
}

static struct request_auth signed_auth(const struct request_http *http) {
    struct err err;
    struct request_auth auth = {.issued_ms = 1000, .expires_ms = 61000, .nonce = {9}, .headers = "content-type~range"};
    uint8_t raw[32] = {5};
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    request_content_of(bytes_str("hello"), auth.content);
    assert_ok(request_sign(&auth, http, 7, &key, &tag, &err), &err);
    return auth;
}

static void sign__text_round_trip_and_verify(void **state) {
    (void)state;
    struct err err;
    struct request_http http = http_of("PUT", "/photos/a%20b", "uploadId=3&offset=0");
    struct request_auth auth = signed_auth(&http), back;
    char text[REQUEST_TEXT_MAX], found[REQUEST_TEXT_MAX], value[REQUEST_TEXT_MAX + 8], query[REQUEST_TEXT_MAX + 64];
    request_auth_print(&auth, text);
    assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"), strlen(text));
    assert_ok(request_auth_parse(text, &back, &err), &err);
    assert_ok(request_verify(&back, &http, 7, &tag, &err), &err);

    snprintf(value, sizeof value, "Cairn %s", text);
    assert_ok(request_auth_find(value, http.query, found, &err), &err);
    assert_string_equal(found, text);
    snprintf(query, sizeof query, "uploadId=3&X-Cairn-Auth=%s&offset=0", text);
    assert_ok(request_auth_find(NULL, query, found, &err), &err);
    assert_string_equal(found, text);
    http.query = query; /* a link verifies: the credentials do not sign themselves */
    assert_ok(request_verify(&back, &http, 7, &tag, &err), &err);
    assert_code(request_auth_find(value, query, found, &err), CODE_UNAUTHENTICATED);
    assert_code(request_auth_find(NULL, "a=b", found, &err), CODE_UNAUTHENTICATED);
    assert_code(request_auth_find("Bearer x", "", found, &err), CODE_UNAUTHENTICATED);
}

static void cess_9_5_13__a_signature_binds_everything(void **state) {
    (void)state;
    struct request_http good = http_of("PUT", "/photos/a", "x=1&y=2"), http;
    struct request_auth auth = signed_auth(&good), bent;
    http = good;
    http.query = "y=2&x=1"; /* order does not matter */
    assert_code(request_verify(&auth, &http, 7, &tag, NULL), CODE_OK);
    http.host = "sp1.EXAMPLE:9000";
    assert_code(request_verify(&auth, &http, 7, &tag, NULL), CODE_OK);
    static const char *const others[][4] = {
        {"GET", "SP1.example:9000", "/photos/a", "x=1&y=2"}, {"PUT", "SP2.example:9000", "/photos/a", "x=1&y=2"},
        {"PUT", "SP1.example:9000", "/photos/b", "x=1&y=2"}, {"PUT", "SP1.example:9000", "/photos/a", "x=1&y=3"},
        {"PUT", "SP1.example:9000", "/photos/a", "x=1"},     {"PUT", "SP1.example:9000", "/photos/%61", "x=1&y=2"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        http = good;
        http.method = others[i][0];
        http.host = others[i][1];
        http.path = others[i][2];
        http.query = others[i][3];
        assert_code(request_verify(&auth, &http, 7, &tag, NULL), CODE_BAD_SIGNATURE);
    }
    assert_code(request_verify(&auth, &good, 8, &tag, NULL), CODE_BAD_SIGNATURE);
    struct hash other_tag = {{2}};
    assert_code(request_verify(&auth, &good, 7, &other_tag, NULL), CODE_BAD_SIGNATURE);
    bent = auth;
    bent.expires_ms++;
    assert_code(request_verify(&bent, &good, 7, &tag, NULL), CODE_BAD_SIGNATURE);
    bent = auth;
    bent.nonce[0]++;
    assert_code(request_verify(&bent, &good, 7, &tag, NULL), CODE_BAD_SIGNATURE);
    bent = auth;
    snprintf(bent.content, sizeof bent.content, "%s", REQUEST_UNSIGNED);
    assert_code(request_verify(&bent, &good, 7, &tag, NULL), CODE_BAD_SIGNATURE);
    bent = auth;
    snprintf(bent.headers, sizeof bent.headers, "%s", "content-type");
    assert_code(request_verify(&bent, &good, 7, &tag, NULL), CODE_BAD_SIGNATURE);
    snprintf(bent.headers, sizeof bent.headers, "%s", "x-missing");
    assert_code(request_verify(&bent, &good, 7, &tag, NULL), CODE_UNAUTHENTICATED);
}

static void canonical__is_as_documented(void **state) {
    (void)state;
    struct request_http http = http_of("GET", "/b/k", "b=2&X-Cairn-Auth=v1.x&a=1&&c");
    struct request_auth auth = signed_auth(&http);
    struct buf out;
    buf_init(&out, 10000);
    assert_ok(request_canonical(&auth, &http, 7, &out, NULL), NULL);
    char content[65], keyhex[67], want[1000];
    request_content_of(bytes_str("hello"), content);
    hex_encode(auth.key.b, 33, keyhex);
    snprintf(
        want, sizeof want,
        "CAIRN-REQUEST-1\nGET\nsp1.example:9000\n/b/k\na=1&b=2&c\ncontent-type:text/plain\nrange:bytes=0-9\n\n%s\n7\n"
        "%s.1000.61000.09000000000000000000000000000000\n",
        content, keyhex);
    assert_string_equal(buf_cstr(&out), want);
    buf_release(&out);
}

static void parse__refuses(void **state) {
    (void)state;
    struct request_http http = http_of("GET", "/b/k", "");
    struct request_auth auth = signed_auth(&http), back;
    char text[REQUEST_TEXT_MAX], bent[REQUEST_TEXT_MAX + 2];
    request_auth_print(&auth, text);
    for (size_t cut = 0; cut < strlen(text); cut++) {
        memcpy(bent, text, cut);
        bent[cut] = 0;
        assert_code(request_auth_parse(bent, &back, NULL), CODE_UNAUTHENTICATED);
    }
    snprintf(bent, sizeof bent, "%s.", text);
    assert_code(request_auth_parse(bent, &back, NULL), CODE_UNAUTHENTICATED);
    snprintf(bent, sizeof bent, "v2%s", text + 2);
    assert_code(request_auth_parse(bent, &back, NULL), CODE_UNAUTHENTICATED);
    snprintf(bent, sizeof bent, "%s", text);
    bent[3] = 'G';
    assert_code(request_auth_parse(bent, &back, NULL), CODE_UNAUTHENTICATED);
    static const char *const lists[] = {"b~a", "a~a", "A", "a~", "~a", "a b", "a~~b"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct request_auth odd = auth;
        snprintf(odd.headers, sizeof odd.headers, "%s", lists[i]);
        request_auth_print(&odd, text);
        assert_code(request_auth_parse(text, &back, NULL), CODE_UNAUTHENTICATED);
    }
}

static void sign__refuses_more_than_one_line(void **state) {
    (void)state;
    struct request_http http = http_of("GET", "/b/k\nX", "");
    struct request_auth auth = {.content = REQUEST_UNSIGNED};
    uint8_t raw[32] = {5};
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    assert_code(request_sign(&auth, &http, 7, &key, &tag, NULL), CODE_INVALID_ARGUMENT);
    http = http_of("GET", "b/k", "");
    assert_code(request_sign(&auth, &http, 7, &key, &tag, NULL), CODE_INVALID_ARGUMENT);
    http = http_of("GET", "/b/k", "a=1");
    assert_code(request_sign(&auth, &http, 7, &key, &tag, NULL), CODE_OK);
}

static void check_time__edges(void **state) {
    (void)state;
    enum { NOW = 1000000, SKEW = 5000 };
    static const struct {
        uint64_t issued, expires, started;
        int code;
    } cases[] = {{NOW, NOW, 0, CODE_OK},
                 {NOW, NOW - 1, 0, CODE_UNAUTHENTICATED},
                 {NOW - 10, NOW - 1, 0, CODE_EXPIRED},
                 {NOW + SKEW, NOW + SKEW + 1, 0, CODE_OK},
                 {NOW + SKEW + 1, NOW + SKEW + 2, 0, CODE_UNAUTHENTICATED},
                 {NOW, NOW + 900000, 0, CODE_OK},
                 {NOW, NOW + 900001, 0, CODE_UNAUTHENTICATED},
                 {NOW - SKEW, NOW, NOW, CODE_OK},
                 {NOW - SKEW - 1, NOW, NOW, CODE_UNAUTHENTICATED},
                 {0, UINT64_MAX, 0, CODE_UNAUTHENTICATED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request_auth auth = {.issued_ms = cases[i].issued, .expires_ms = cases[i].expires};
        assert_code(request_check_time(&auth, NOW, cases[i].started, SKEW, NULL), cases[i].code);
    }
}

TEST_MAIN(cmocka_unit_test(sign__text_round_trip_and_verify),
          cmocka_unit_test(cess_9_5_13__a_signature_binds_everything), cmocka_unit_test(canonical__is_as_documented),
          cmocka_unit_test(parse__refuses), cmocka_unit_test(sign__refuses_more_than_one_line),
          cmocka_unit_test(check_time__edges))
