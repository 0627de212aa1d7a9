/* SPDX-License-Identifier: Apache-2.0 */
/* tests/vectors/proofs.json: proof files, good and wrong. CAIRN_WRITE_VECTORS=1 writes the file anew. */
#include "chain/types/proof_file.h"
#include "tests/lib/light/proof_cases.h"
#include "tests/unit/vectors/vectors.h"

static struct proof_cases *cases;

static int setup(void **state) {
    (void)state;
    if (vectors_arena.cap == 0)
        arena_init(&vectors_arena, 64 * MIB);
    cases = proof_cases_make(&vectors_arena);
    return 0;
}

static void every_case_ends_as_it_says(void **state) {
    struct proof_file_result result;
    struct err err;
    (void)state;
    for (size_t i = 0; i < cases->count; i++) {
        const struct proof_case *c = &cases->at[i];
        err_clear(&err);
        result.end.height = 4711;
        int rc = proof_case_judge(c->file, c, &cases->chain_tag, &vectors_arena, &result, &err);
        if (rc != c->code)
            fail_msg("%s: %s (%s), want %s", c->name, code_name(rc), err_text(&err), code_name(c->code));
        assert_int_equal(result.end.height, rc ? 4711 : 1201);
    }
    assert_in_range(cases->count, 40, PROOF_CASES_MAX);
}

static json_t *case_json(const struct proof_case *c) {
    json_t *file = NULL, *trust = json_null();
    char text[128], now[24];
    assert_ok(json_from_pb(c->file, &file, NULL), NULL);
    if (c->trust_height) {
        size_t n = (size_t)snprintf(text, sizeof text, "%llu:", (unsigned long long)c->trust_height);
        hex_encode(c->trust_id.b, sizeof c->trust_id.b, text + n);
        trust = json_string(text);
    }
    snprintf(now, sizeof now, "%llu", (unsigned long long)c->now);
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", c->name, "code", code_name(c->code), "now", now, "trust",
                     trust, "file", file);
}

static json_t *cases_json(void) {
    char tag[2 * sizeof cases->chain_tag.b + 1];
    json_t *list = json_array();
    hex_encode(cases->chain_tag.b, sizeof cases->chain_tag.b, tag);
    for (size_t i = 0; i < cases->count; i++)
        json_array_append_new(list, case_json(&cases->at[i]));
    return json_pack(
        "{s:s, s:s, s:o}", "about",
        "proof files of docs/formats.md; trust null: chain_tag is trusted, and the genesis in the file; code OK: "
        "it verifies at `now`",
        "chain_tag", tag, "cases", list);
}

static void the_published_file_is_this(void **state) {
    (void)state;
    json_t *made = cases_json();
    if (getenv("CAIRN_WRITE_VECTORS")) {
        char *text = json_dumps(made, JSON_INDENT(1));
        struct buf out;
        buf_init(&out, JSON_LEN_MAX);
        buf_put(&out, text, strlen(text));
        buf_put(&out, "\n", 1);
        assert_ok(file_write_atomic("tests/vectors/proofs.json", buf_bytes(&out), 0644, NULL), NULL);
        buf_release(&out);
        free(text);
    }
    json_t *published = vectors_load("proofs");
    assert_true(json_equal(made, published));
    json_decref(published);
    json_decref(made);
}

static void the_published_file_is_judged_alike(void **state) {
    (void)state;
    json_t *all = vectors_load("proofs"), *at;
    struct proof_file_result result;
    size_t i;
    json_array_foreach(vectors_get(all, "cases"), i, at) {
        ProofFile *file;
        struct err err;
        assert_ok(json_to_pb(&proof_file__descriptor, vectors_get(at, "file"), &vectors_arena, &file, &err), &err);
        int rc = proof_case_judge(file, &cases->at[i], &cases->chain_tag, &vectors_arena, &result, &err);
        assert_string_equal(code_name(rc), vectors_text(at, "code"));
    }
    json_decref(all);
}

TEST_MAIN(cmocka_unit_test_setup(every_case_ends_as_it_says, setup),
          cmocka_unit_test_setup(the_published_file_is_this, setup),
          cmocka_unit_test_setup(the_published_file_is_judged_alike, setup))
