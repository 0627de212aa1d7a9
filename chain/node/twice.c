/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/twice.h"

#include "chain/os/thread.h"
#include "chain/types/key.h"
#include "chain/types/proof.h"
#include "chain/types/tx.h"

#include <inttypes.h>

enum {
    ARENA = 512 << 20,
    PROOF_ARENA = 16 << 20,
    PROVED_MAX = 16,
    HEX_KEY_MAX = 24, /* bytes of a key that are shown */
    SHIFT = 4096 + 16 /* the second arena's addresses differ in their low bits, too */
};

struct second {
    const struct app *app;
    const struct app_block *block;
    struct state *st;
    struct arena arena;
    struct app_outcome outcome;
    int rc;
    struct err err;
};

static void run(void *arg) {
    struct second *s = arg;
    (void)arena_alloc(&s->arena, SHIFT);
    s->rc = s->app->ops->finalize(s->app->self, s->st, s->block, &s->arena, &s->outcome, &s->err);
}

static int differs(const struct app_block *block, struct bytes key, const char *how, struct err *err) {
    char hex[2 * HEX_KEY_MAX + 1];
    const char *module = key.len > 0 ? key_module_name(key.data[0]) : NULL;
    hex_encode(key.data, key.len < HEX_KEY_MAX ? key.len : HEX_KEY_MAX, hex);
    return err_set(err, CODE_INTERNAL,
                   "block %" PRIu64
                   " executed twice gives two states: module %s, key %s%s: %s; this program has a defect",
                   block->height, module != NULL ? module : "?", hex, key.len > HEX_KEY_MAX ? "..." : "", how);
}

static int compare(const struct app_block *block, const struct state_diff *a, const struct state_diff *b,
                   struct err *err) {
    for (size_t i = 0; i < a->len || i < b->len; i++) {
        if (i >= a->len)
            return differs(block, b->at[i].key, "only the second one wrote it", err);
        if (i >= b->len)
            return differs(block, a->at[i].key, "only the first one wrote it", err);
        int cmp = bytes_cmp(a->at[i].key, b->at[i].key);
        if (cmp != 0)
            return differs(block, cmp < 0 ? a->at[i].key : b->at[i].key, "only one of the two wrote it", err);
        if (a->at[i].present != b->at[i].present)
            return differs(block, a->at[i].key, "one deleted it, the other did not", err);
        if (a->at[i].present && !bytes_eq(a->at[i].value, b->at[i].value))
            return differs(block, a->at[i].key, "another value", err);
    }
    return CODE_OK;
}

static int judge(struct second *s, struct store *store, const struct app_outcome *outcome, struct err *err) {
    struct state_diff first, second;
    if (s->rc != CODE_OK) {
        if (err != NULL)
            *err = s->err;
        return err_wrap(err, s->rc, "the second execution of block %" PRIu64, s->block->height);
    }
    int rc = state_diff(store_state(store), &first, err);
    if (rc == CODE_OK)
        rc = state_diff(s->st, &second, err);
    if (rc == CODE_OK)
        rc = compare(s->block, &first, &second, err);
    if (rc == CODE_OK && !bytes_eq(outcome->results_bytes, s->outcome.results_bytes))
        rc = err_set(err, CODE_INTERNAL,
                     "block %" PRIu64 " executed twice gives two results; this program has a defect", s->block->height);
    return rc;
}

/* One after another and without memory, what the verifier threads have judged. */
static int signatures(const struct app_block *block, struct err *err) {
    for (size_t i = 0; i < block->txs_count; i++)
        if (tx_verify(block->txs[i], NULL) != CODE_OK)
            return err_set(err, CODE_INTERNAL,
                           "block %" PRIu64 ": transaction %zu is not signed, though it was judged to be",
                           block->height, i);
    return CODE_OK;
}

int twice_execute(const struct app *app, struct store *store, const struct app_block *block,
                  const struct app_outcome *outcome, struct err *err) {
    struct app_block again = *block;
    again.verifier = NULL;
    again.judged = false; /* the short way and the long one must end at the same place */
    struct second s = {.app = app, .block = &again};
    struct store_view *view = NULL;
    struct thread thread = {0};
    arena_init(&s.arena, ARENA);
    int rc = signatures(block, err);
    if (rc == CODE_OK)
        rc = store_view_open(store, &view, err);
    if (rc == CODE_OK)
        rc = store_view_state(view, 0, &s.st, err);
    if (rc == CODE_OK)
        rc = thread_start(&thread, "twice", run, &s, err);
    if (rc == CODE_OK) {
        thread_join(&thread);
        rc = judge(&s, store, outcome, err);
    }
    state_free(s.st);
    store_view_close(view);
    arena_release(&s.arena);
    return rc;
}

int twice_root(struct store_batch *batch, uint64_t height, const struct hash *app_hash, struct err *err) {
    struct hash root;
    int rc = store_root_again(batch, &root, err);
    if (rc == CODE_OK && !hash_eq(&root, app_hash))
        rc =
            err_set(err, CODE_INTERNAL,
                    "the root after height %" PRIu64 " depends on how it is computed: %s, and %s the second time; this "
                    "program has a defect",
                    height, hash_hex(app_hash).s, hash_hex(&root).s);
    return rc;
}

int twice_keys(struct store *store, struct arena *arena, const struct bytes **ret_keys, size_t *ret_n,
               struct err *err) {
    struct state_diff diff;
    int rc = state_diff(store_state(store), &diff, err);
    if (rc != CODE_OK)
        return rc;
    size_t n = diff.len < PROVED_MAX ? diff.len : PROVED_MAX;
    struct bytes *keys = arena_array(arena, n + 1, sizeof *keys);
    for (size_t i = 0; keys != NULL && i < n; i++) {
        struct bytes key = diff.at[i * diff.len / n].key; /* spread over all of them */
        keys[i] = bytes_of(arena_dup(arena, key.data, key.len), key.len);
        if (keys[i].data == NULL)
            keys = NULL;
    }
    if (keys == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the keys of a block");
    *ret_keys = keys;
    *ret_n = n;
    return CODE_OK;
}

static int prove(struct store_view *view, struct bytes key, struct arena *arena, struct err *err) {
    struct hash root = store_view_root(view);
    struct bytes value = BYTES_NONE;
    StateProof *proof = NULL;
    int rc = store_get_at(view, store_view_height(view), key, arena, &value, err);
    bool present = rc == CODE_OK;
    if (rc == CODE_OK || rc == CODE_NOT_FOUND)
        rc = store_prove(view, store_view_height(view), key, arena, &proof, err);
    if (rc == CODE_OK)
        rc = proof_verify(proof, key, &root, err);
    if (rc == CODE_OK &&
        (proof->present != present || (present && !bytes_eq(bytes_of(proof->value.data, proof->value.len), value))))
        rc = err_set(err, CODE_INTERNAL, "the tree holds another value than the state");
    return rc;
}

int twice_prove(struct store *store, const struct bytes *keys, size_t n, struct err *err) {
    struct store_view *view = NULL;
    struct arena arena;
    arena_init(&arena, PROOF_ARENA);
    int rc = store_view_open(store, &view, err);
    for (size_t i = 0; rc == CODE_OK && i < n; i++) {
        rc = prove(view, keys[i], &arena, err);
        if (rc != CODE_OK) {
            char hex[2 * HEX_KEY_MAX + 1];
            hex_encode(keys[i].data, keys[i].len < HEX_KEY_MAX ? keys[i].len : HEX_KEY_MAX, hex);
            rc = err_wrap(err, CODE_INTERNAL, "the app hash after height %" PRIu64 " does not lead to key %s",
                          store_view_height(view), hex);
        }
        arena_reset(&arena);
    }
    store_view_close(view);
    arena_release(&arena);
    return rc;
}
