/* SPDX-License-Identifier: Apache-2.0 */
/* The whole state: pair by pair, as JSON, as a digest, and held against its tree. */
#include "chain/crypto/hash.h"
#include "chain/store/store_private.h"

#include <stdio.h>

int store_export(struct store_view *v, struct bytes prefix, store_pair_fn *fn, void *ctx, struct err *err) {
    uint8_t room[KEY_LEN_MAX];
    if (prefix.len > KEY_LEN_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "a state key has at most %d bytes", KEY_LEN_MAX);
    struct kv_range range = {.from = prefix, .to = kv_prefix_end(prefix, room)};
    struct kv_iter *it;
    struct bytes key, value;
    int rc = kv_iter_open(v->store->kv, v->snap, STORE_FAMILY_STATE, &range, &it, err);
    if (rc)
        return rc;
    while (rc == CODE_OK && kv_iter_next(it, &key, &value))
        rc = fn(ctx, key, value, err);
    int closed = kv_iter_close(it, rc ? NULL : err);
    return rc ? rc : closed;
}

static int add_to_digest(void *ctx, struct bytes key, struct bytes value, struct err *err) {
    struct hasher *h = (struct hasher *)ctx;
    (void)err;
    hasher_add_u32(h, (uint32_t)key.len);
    hasher_add(h, key.data, key.len);
    hasher_add_u32(h, (uint32_t)value.len);
    hasher_add(h, value.data, value.len);
    return CODE_OK;
}

int store_digest(struct store_view *v, struct bytes prefix, struct hash *ret, struct err *err) {
    struct hasher h;
    hasher_init(&h, DOMAIN_DIGEST);
    int rc = store_export(v, prefix, add_to_digest, &h, err);
    if (rc == CODE_OK)
        *ret = hasher_done(&h);
    return rc;
}

int store_sum(struct state *st, struct bytes prefix, struct store_sum *ret, struct err *err) {
    struct store_sum sum = {0};
    struct state_iter it;
    struct bytes key, value;
    struct hasher h;
    hasher_init(&h, DOMAIN_DIGEST);
    state_iter_init(&it, st, prefix, BYTES_NONE, 0);
    while (state_iter_next(&it, &key, &value)) {
        (void)add_to_digest(&h, key, value, err);
        sum.records++;
        sum.bytes += key.len + value.len;
    }
    int rc = state_iter_end(&it, err);
    if (rc)
        return rc;
    sum.digest = hasher_done(&h);
    *ret = sum;
    return CODE_OK;
}

/* --- JSON ------------------------------------------------------------------------------------------------------- */

struct json {
    store_write_fn *write;
    void *ctx;
    struct hasher digest;
    struct buf text; /* one entry */
    bool first;
    uint64_t count;
};

#define JSON_ROOM (2 * (32 * MIB) + 64 * KIB) /* a block with its certificate stays far below; an entry more so */

static void put_hex(struct buf *b, struct bytes s) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.len; i++) {
        buf_put_u8(b, (uint8_t)digits[s.data[i] >> 4]);
        buf_put_u8(b, (uint8_t)digits[s.data[i] & 15]);
    }
}

static int json_flush(struct json *j, struct err *err) {
    int rc = buf_check(&j->text, err);
    if (rc == CODE_OK)
        rc = j->write(j->ctx, buf_bytes(&j->text), err);
    buf_clear(&j->text);
    return rc;
}

static int json_pair(void *ctx, struct bytes key, struct bytes value, struct err *err) {
    struct json *j = (struct json *)ctx;
    (void)add_to_digest(&j->digest, key, value, err);
    buf_put_str(&j->text, j->first ? "\n{\"key\":\"" : ",\n{\"key\":\"");
    put_hex(&j->text, key);
    buf_put_str(&j->text, "\",\"value\":\"");
    put_hex(&j->text, value);
    buf_put_str(&j->text, "\"}");
    j->first = false;
    j->count++;
    return json_flush(j, err);
}

/* What lies beside the state at the height, one flush a record. */
static int json_records(struct json *j, struct store_view *v, struct err *err) {
    static const char kinds[] = {STORE_BLOCK, STORE_RESULTS, STORE_VALIDATORS, STORE_HEADER};
    bool first = true;
    int rc = CODE_OK;
    buf_put_str(&j->text, ",\"records\":{");
    for (size_t i = 0; i < sizeof kinds && rc == CODE_OK; i++) {
        struct height_key key = height_key(kinds[i], v->head.height);
        struct kv_value record;
        rc = kv_get(v->store->kv, v->snap, STORE_FAMILY_BLOCKS, height_key_bytes(&key), &record, err);
        if (rc == CODE_NOT_FOUND) {
            rc = CODE_OK;
            continue;
        }
        if (rc)
            break;
        buf_printf(&j->text, "%s\"%c\":\"", first ? "" : ",", kinds[i]);
        put_hex(&j->text, record.bytes);
        buf_put_str(&j->text, "\"");
        kv_value_release(&record);
        first = false;
        rc = json_flush(j, err);
    }
    buf_put_str(&j->text, "}");
    return rc;
}

int store_export_json(struct store_view *v, bool with_records, store_write_fn *write, void *ctx, struct err *err) {
    struct json j = {.write = write, .ctx = ctx, .first = true};
    hasher_init(&j.digest, DOMAIN_DIGEST);
    buf_init(&j.text, JSON_ROOM);
    buf_printf(&j.text,
               "{\"format\":\"cairn-export-1\",\"height\":\"%llu\",\"time\":\"%llu\",\"root\":\"%s\",\"entries\":[",
               (unsigned long long)v->head.height, (unsigned long long)v->head.time, hash_hex(&v->head.root.hash).s);
    int rc = json_flush(&j, err);
    if (rc == CODE_OK)
        rc = store_export(v, BYTES_NONE, json_pair, &j, err);
    if (rc == CODE_OK) {
        struct hash digest = hasher_done(&j.digest);
        buf_printf(&j.text, "\n],\"count\":\"%llu\",\"digest\":\"%s\"", (unsigned long long)j.count,
                   hash_hex(&digest).s);
        if (with_records)
            rc = json_records(&j, v, err);
        buf_put_str(&j.text, "}\n");
        if (rc == CODE_OK)
            rc = json_flush(&j, err);
    }
    buf_release(&j.text);
    return rc;
}

/* --- state against tree ----------------------------------------------------------------------------------------- */

struct check {
    struct store_view *view;
    uint64_t keys;
};

static int check_leaf(void *ctx, const struct hash *key_hash, const struct hash *value_hash, struct bytes key,
                      struct err *err) {
    struct check *c = (struct check *)ctx;
    struct kv_value v;
    int rc = kv_get(c->view->store->kv, c->view->snap, STORE_FAMILY_STATE, key, &v, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    struct hash k = hash_of(DOMAIN_STATE, key), value = {{0}};
    if (rc == CODE_OK) {
        value = hash_of(DOMAIN_VALUE, v.bytes);
        kv_value_release(&v);
    }
    if (rc || !hash_eq(&k, key_hash) || !hash_eq(&value, value_hash)) {
        char hex[2 * 32 + 1];
        hex_encode(key.data, key.len < 32 ? key.len : 32, hex);
        return err_set(err, CODE_CORRUPT, "the state and its tree disagree about the key %s", hex);
    }
    c->keys++;
    return CODE_OK;
}

static int count_pair(void *ctx, struct bytes key, struct bytes value, struct err *err) {
    (void)key;
    (void)value;
    (void)err;
    ((struct check *)ctx)->keys++;
    return CODE_OK;
}

int store_check(struct store_view *v, struct err *err) {
    struct check leaves = {.view = v}, pairs = {.view = v};
    struct tree_reader tree = view_tree(v);
    int rc = tree_walk(&tree, &v->head.root, NULL, check_leaf, &leaves, err);
    if (rc == CODE_OK)
        rc = store_export(v, BYTES_NONE, count_pair, &pairs, err);
    if (rc == CODE_OK && leaves.keys != pairs.keys)
        rc = err_set(err, CODE_CORRUPT, "the state has %llu keys, its tree %llu", (unsigned long long)pairs.keys,
                     (unsigned long long)leaves.keys);
    return rc;
}
