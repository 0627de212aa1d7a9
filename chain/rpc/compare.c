/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two nodes hold the same: pages of the state tree, digests of the modules. */
#include "chain/rpc/reply.h"

#include "chain/codec/pb.h"
#include "chain/store/tree.h"
#include "chain/types/key.h"

enum { MODULES_MAX = 255, PATH_NIBBLES_MAX = 63 };

#define AT_MEMORY (256 * MIB) /* what the heights since overwrote, put back */

static int digests(struct state *st, struct arena *arena, DigestBody *pb, struct err *err) {
    pb->modules = arena_array(arena, MODULES_MAX, sizeof *pb->modules);
    ModuleDigest *at = arena_array(arena, MODULES_MAX, sizeof *at);
    struct hash *digest = arena_array(arena, MODULES_MAX, sizeof *digest);
    if (pb->modules == NULL || at == NULL || digest == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    for (unsigned m = 1; m <= MODULES_MAX; m++) {
        const char *name = key_module_name(m);
        uint8_t prefix = (uint8_t)m;
        struct store_sum sum;
        if (name == NULL)
            continue;
        int rc = store_sum(st, bytes_of(&prefix, 1), &sum, err);
        if (rc != CODE_OK)
            return rc;
        ModuleDigest *d = &at[pb->n_modules];
        module_digest__init(d);
        d->module = pb_text(name);
        d->records = sum.records;
        d->bytes = sum.bytes;
        digest[pb->n_modules] = sum.digest;
        d->digest = pb_data(hash_bytes(&digest[pb->n_modules]));
        pb->modules[pb->n_modules++] = d;
    }
    return CODE_OK;
}

int rpc_get_digest(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    DigestBody pb = DIGEST_BODY__INIT;
    struct store_view *view = NULL;
    struct state *st = NULL;
    struct hash root;
    int rc = reply_height(rpc, http_query(r, "height"), &pb.height, err);
    if (rc == CODE_OK)
        rc = store_get_root(rpc->node->store, pb.height, &root, err);
    if (rc == CODE_OK)
        rc = store_view_open(rpc->node->store, &view, err);
    rpc_enter(rpc);
    if (rc == CODE_OK)
        rc = store_view_state_at(view, pb.height, AT_MEMORY, &st, err);
    if (rc == CODE_OK)
        rc = digests(st, http_arena(r), &pb, err);
    state_free(st);
    rpc_leave(rpc);
    store_view_close(view);
    if (rc != CODE_OK)
        return rc;
    pb.app_hash = pb_data(hash_bytes(&root));
    return reply_pb(r, &pb, err);
}

/* Hex digits, one a nibble. */
static int path_of(const char *text, uint8_t ret[32], size_t *ret_n, struct err *err) {
    size_t n = text != NULL ? strlen(text) : 0;
    char padded[65] = {0};
    if (n <= PATH_NIBBLES_MAX) {
        memset(padded, '0', 64);
        memcpy(padded, n > 0 ? text : "", n);
    }
    if (n > PATH_NIBBLES_MAX || !hex_decode(padded, 64, ret, 32))
        return err_set(err, CODE_INVALID_ARGUMENT, "path: want up to %d hexadecimal digits", PATH_NIBBLES_MAX);
    *ret_n = n;
    return CODE_OK;
}

static int page_message(const struct tree_page_view *page, struct arena *arena, TreeBody *pb, struct err *err) {
    pb->slots = arena_array(arena, 16, sizeof *pb->slots);
    TreeSlot *at = arena_array(arena, 16, sizeof *at);
    if (pb->slots == NULL || at == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    for (uint32_t i = 0; i < 16; i++) {
        const struct tree_slot *s = &page->slot[i];
        if (s->kind == TREE_EMPTY)
            continue;
        TreeSlot *t = &at[pb->n_slots];
        tree_slot__init(t);
        t->slot = i;
        if (s->kind == TREE_SUBTREE) {
            t->subtree = pb_data(hash_bytes(&s->hash));
        } else {
            t->key = pb_data(s->key);
            t->value_hash = pb_data(hash_bytes(&s->value_hash));
        }
        pb->slots[pb->n_slots++] = t;
    }
    pb->subtree = pb_data(hash_bytes(&page->hash));
    return CODE_OK;
}

int rpc_get_tree(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    TreeBody pb = TREE_BODY__INIT;
    struct tree_page_view *page = arena_alloc(http_arena(r), sizeof *page);
    struct store_view *view = NULL;
    const char *text = http_query(r, "path");
    uint8_t path[32];
    size_t n = 0;
    int rc = page != NULL ? path_of(text, path, &n, err) : err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    if (rc == CODE_OK)
        rc = reply_height(rpc, http_query(r, "height"), &pb.height, err);
    if (rc == CODE_OK)
        rc = store_view_open(rpc->node->store, &view, err);
    if (rc == CODE_OK)
        rc = store_tree_page(view, pb.height, path, n, http_arena(r), page, err);
    store_view_close(view);
    if (rc == CODE_OK)
        rc = page_message(page, http_arena(r), &pb, err);
    if (rc != CODE_OK)
        return rc;
    pb.nibbles = pb_text(n > 0 ? text : "");
    return reply_pb(r, &pb, err);
}
