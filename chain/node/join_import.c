/* SPDX-License-Identifier: Apache-2.0 */
/* What was fetched, taken into the store. */
#include "chain/node/join.h"

static int begin(struct store *store, struct store_import **import, const struct join_job *j, struct buf *have,
                 struct join_result *r) {
    store_import_close(*import);
    *import = NULL;
    int rc = store_import_begin(store, bytes_of(j->data, j->len), import, &r->err);
    if (rc != CODE_OK)
        return rc;
    r->chunks = store_import_manifest(*import)->chunks;
    for (uint32_t i = 0; i < r->chunks; i += 8) {
        uint8_t bits = 0;
        for (uint32_t k = 0; k < 8 && i + k < r->chunks; k++)
            bits |= (uint8_t)(store_import_has(*import, i + k) << k);
        buf_put_u8(have, bits);
    }
    return buf_check(have, &r->err);
}

static int finish(struct store_import **import, const struct join_job *j, struct err *err) {
    struct store_import_end end = {
        .time = j->time, .records = {{.kind = STORE_BLOCK, .bytes = bytes_of(j->data, j->len)}}, .records_n = 1};
    int rc = store_import_finish(*import, &end, err);
    if (rc == CODE_OK) {
        store_import_close(*import);
        *import = NULL;
    }
    return rc;
}

void join_import(struct store *store, struct store_import **import, const struct join_job *j, struct buf *have,
                 struct join_result *ret) {
    struct join_result r = {.kind = j->kind, .peer = j->peer, .turn = j->turn, .index = j->index, .len = j->len};
    if (j->data == NULL)
        r.code = err_set(&r.err, CODE_NO_MEMORY, "no memory for what was fetched");
    else if (j->kind == JOIN_BEGIN)
        r.code = begin(store, import, j, have, &r);
    else if (*import == NULL)
        r.code = err_set(&r.err, CODE_NOT_READY, "no snapshot is being taken in");
    else if (j->kind == JOIN_CHUNK)
        r.code = store_import_chunk(*import, j->index, bytes_of(j->data, j->len), &r.err);
    else
        r.code = finish(import, j, &r.err);
    *ret = r;
    ret->have = buf_bytes(have).data;
}
