/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_UNIT_VECTORS_VECTORS_H
#define CAIRN_TESTS_UNIT_VECTORS_VECTORS_H
/* Reading tests/vectors/NAME.json. What does not have the expected shape fails the test. */
#include "chain/base/fixed.h"
#include "chain/base/limits.h"
#include "chain/codec/json.h"
#include "chain/os/file.h"
#include "tests/lib/test.h"

/* Everything that a test of vectors allocates; reset by the process's end. */
static struct arena vectors_arena;

static inline json_t *vectors_load(const char *name) {
    struct err err;
    struct buf text;
    json_t *json = NULL;
    char path[128];
    if (vectors_arena.cap == 0)
        arena_init(&vectors_arena, 64 * MIB);
    snprintf(path, sizeof path, "tests/vectors/%s.json", name);
    buf_init(&text, JSON_LEN_MAX);
    assert_ok(file_read(path, &text, &err), &err);
    assert_ok(json_parse(buf_bytes(&text), &json, &err), &err);
    buf_release(&text);
    return json;
}

static inline json_t *vectors_get(const json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    if (!value)
        fail_msg("the vectors have no %s here", key);
    return value;
}

static inline const char *vectors_text(const json_t *object, const char *key) {
    const char *text = json_string_value(vectors_get(object, key));
    assert_non_null(text);
    return text;
}

static inline struct bytes vectors_unhex(const char *text) {
    size_t len = strlen(text) / 2;
    uint8_t *data = arena_alloc(&vectors_arena, len);
    assert_non_null(data);
    assert_true(hex_decode(text, 2 * len, data, len));
    return bytes_of(data, len);
}

static inline struct bytes vectors_hex(const json_t *object, const char *key) {
    return vectors_unhex(vectors_text(object, key));
}

static inline struct hash vectors_hash(const json_t *object, const char *key) {
    struct hash hash;
    assert_true(hash_from(vectors_hex(object, key), &hash));
    return hash;
}

/* A number, or a u64 as a decimal string. */
static inline uint64_t vectors_u64(const json_t *object, const char *key) {
    const json_t *value = vectors_get(object, key);
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10) : (uint64_t)json_integer_value(value);
}

static inline void vectors_same(struct bytes got, struct bytes want, const char *what) {
    if (!bytes_eq(got, want))
        fail_msg("%s differs from its vector", what);
}

static inline void vectors_same_hash(struct hash got, const json_t *object, const char *key) {
    struct hash want = vectors_hash(object, key);
    vectors_same(hash_bytes(&got), hash_bytes(&want), key);
}

#endif
