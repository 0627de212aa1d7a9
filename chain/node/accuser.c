/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/accuser.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/node/own_tx.h"
#include "chain/os/file.h"
#include "chain/os/log.h"
#include "chain/types/evidence.h"
#include "chain/types/keys_validator.h"
#include "chain/types/tx.h"

#include "cairn/block.h"
#include "cairn/evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- files --- */

static int file_of(const char *dir, const struct addr *culprit, char *ret, size_t size, struct err *err) {
    char text[ADDR_TEXT_MAX];
    addr_to_text(culprit, text);
    int n = snprintf(ret, size, "%s/%s.pb", dir, text);
    return n > 0 && (size_t)n < size ? CODE_OK : err_set(err, CODE_CONFIG, "%s is too long a path", dir);
}

static int count_one(void *ctx, const char *name, struct err *err) {
    (void)name, (void)err;
    ++*(size_t *)ctx;
    return CODE_OK;
}

int accuser_keep(const char *data_dir, const struct addr *culprit, struct bytes evidence, struct err *err) {
    char dir[PATH_LEN_MAX], path[PATH_LEN_MAX];
    size_t n = 0;
    int rc = path_join(data_dir, "evidence", dir, sizeof dir, err);
    if (rc == CODE_OK)
        rc = file_of(dir, culprit, path, sizeof path, err);
    if (rc == CODE_OK)
        rc = dir_each(dir, count_one, &n, err);
    if (rc == CODE_OK && n >= ACCUSER_MAX)
        rc = err_set(err, CODE_LIMIT, "%s holds evidence against %zu validators already", dir, n);
    return rc == CODE_OK ? file_write_new(path, evidence, 0600, err) : rc;
}

int accuser_init(struct accuser *a, const char *data_dir, struct err *err) {
    a->n = 0;
    return path_join(data_dir, "evidence", a->dir, sizeof a->dir, err);
}

void accuser_release(struct accuser *a) {
    for (size_t i = 0; i < a->n; i++)
        free(a->list[i].evidence);
    a->n = 0;
}

/* It stays in the list's order. */
static void drop(struct accuser *a, size_t i, const char *why) {
    char path[PATH_LEN_MAX], text[ADDR_TEXT_MAX];
    addr_to_text(&a->list[i].culprit, text);
    log_info("node", "evidence is done with", "validator=%s height=%" PRIu64 " why=%s", text, a->list[i].height,
             log_quote(why).s);
    if (a->dir[0] != '\0' && file_of(a->dir, &a->list[i].culprit, path, sizeof path, NULL) == CODE_OK)
        unlink(path); /* if it comes back after a crash it is settled again */
    free(a->list[i].evidence);
    memmove(&a->list[i], &a->list[i + 1], (a->n - i - 1) * sizeof *a->list);
    a->n--;
}

struct loading {
    struct accuser *a;
    uint64_t height;
};

static bool known(const struct accuser *a, const struct addr *culprit) {
    for (size_t i = 0; i < a->n; i++)
        if (addr_eq(&a->list[i].culprit, culprit))
            return true;
    return false;
}

int accuser_add(struct accuser *a, const struct addr *culprit, struct bytes bytes, uint64_t height, struct err *err) {
    if (known(a, culprit))
        return err_set(err, CODE_ALREADY_EXISTS, "there is evidence against this validator");
    if (a->n == ACCUSER_MAX)
        return err_set(err, CODE_LIMIT, "there is evidence against %d validators already", ACCUSER_MAX);
    struct arena arena;
    Evidence *pb = NULL;
    struct evidence e;
    arena_init(&arena, 1 << 20);
    int rc = pb_decode(&evidence__descriptor, bytes, &arena, &pb, err);
    if (rc == CODE_OK)
        rc = evidence_from_pb(pb, &e, err);
    uint8_t *copy = rc == CODE_OK ? malloc(bytes.len) : NULL;
    if (rc == CODE_OK && copy == NULL)
        rc = err_set(err, CODE_NO_MEMORY, "no memory for evidence");
    if (rc == CODE_OK) {
        memcpy(copy, bytes.data, bytes.len);
        a->list[a->n++] = (struct accusation){
            .culprit = *culprit, .evidence = copy, .len = bytes.len, .height = e.height, .seen = height};
    }
    arena_release(&arena);
    return rc;
}

static int load_one(void *ctx, const char *name, struct err *err) {
    struct loading *l = ctx;
    struct accuser *a = l->a;
    struct addr culprit;
    struct err why;
    char text[ADDR_TEXT_MAX], path[PATH_LEN_MAX];
    size_t len = strlen(name);
    (void)err;
    if (len < 4 || len - 3 >= sizeof text || strcmp(name + len - 3, ".pb") != 0 || a->n == ACCUSER_MAX)
        return CODE_OK;
    snprintf(text, sizeof text, "%.*s", (int)(len - 3), name);
    if (addr_from_text(text, &culprit, NULL) != CODE_OK || path_join(a->dir, name, path, sizeof path, NULL) != CODE_OK)
        return CODE_OK; /* not ours */
    if (known(a, &culprit))
        return CODE_OK;
    struct buf b;
    buf_init(&b, ACCUSER_BYTES);
    int rc = file_read(path, &b, &why);
    if (rc == CODE_OK)
        rc = accuser_add(a, &culprit, buf_bytes(&b), l->height, &why);
    buf_release(&b);
    if (rc != CODE_OK) {
        log_warn("node", "evidence cannot be read", "file=%s why=%s", log_quote(path).s, log_quote(err_text(&why)).s);
        if (rc != CODE_NO_MEMORY && rc != CODE_IO)
            unlink(path);
    }
    return CODE_OK;
}

void accuser_load(struct accuser *a, uint64_t height) {
    struct loading l = {a, height};
    (void)dir_each(a->dir, load_one, &l, NULL);
}

/* --- what the ledger knows --- */

/* What came of a transaction that is in a block: its code, and the code's sentence. CODE_NOT_FOUND: it is in none. */
static int outcome(struct store *store, const struct hash *tx_id, struct arena *arena, uint32_t *ret_code) {
    uint64_t height;
    uint32_t index;
    struct bytes bytes;
    BlockResults *results;
    int rc = store_find_tx(store, tx_id, &height, &index, NULL);
    if (rc == CODE_OK)
        rc = store_get_record(store, STORE_RESULTS, height, arena, &bytes, NULL);
    if (rc == CODE_OK)
        rc = pb_decode(&block_results__descriptor, bytes, arena, &results, NULL);
    if (rc == CODE_OK && index >= results->n_txs)
        rc = CODE_NOT_FOUND;
    if (rc == CODE_OK)
        *ret_code = results->txs[index]->code;
    return rc;
}

static bool too_old(struct accusation *x, const struct accuser_view *v, struct arena *arena) {
    struct bytes bytes;
    StoredBlock *b;
    uint64_t at = v->info->ledger_time;
    if (x->height > v->info->height)
        return false;
    x->seen_ms = x->seen_ms != 0 ? x->seen_ms : at;
    int rc = store_get_record(v->store, STORE_BLOCK, x->height, arena, &bytes, NULL);
    if (rc == CODE_OK)
        rc = pb_decode(&stored_block__descriptor, bytes, arena, &b, NULL);
    uint64_t from = rc == CODE_OK ? b->ledger_time : x->seen_ms; /* pruned: no younger than that */
    return at > from && at - from > v->info->consensus->evidence_window_ms;
}

/* Why nothing more needs to be done; NULL: something does. */
static const char *settled(struct accusation *x, const struct accuser_view *v, struct arena *arena) {
    struct key k;
    Validator *record;
    uint32_t code = CODE_OK;
    if (own_read(store_state(v->store), key_validator(&k, &x->culprit), &validator__descriptor, arena, &record, NULL) ==
            CODE_OK &&
        record->tombstoned)
        return "the validator is jailed for good";
    if (too_old(x, v, arena))
        return "it is older than the evidence window";
    if (x->valid_until == 0 || outcome(v->store, &x->tx_id, arena, &code) != CODE_OK)
        return NULL;
    x->valid_until = 0;
    return code != CODE_OK && !code_retryable((int)code) ? code_sentence((int)code) : NULL;
}

/* --- accusing --- */

static bool due(const struct accusation *x, const struct accuser_view *v) {
    uint16_t turn = validator_set_find(&v->info->validators, &v->self);
    uint64_t wait = turn == VALIDATOR_NONE ? v->info->validators.n : turn;
    return v->key != NULL && !addr_eq(&x->culprit, &v->self) && x->height <= v->info->height &&
           v->info->height >= x->seen + wait * ACCUSER_TURN && v->info->height > x->valid_until;
}

static int accuse(struct accusation *x, const struct accuser_view *v, struct arena *arena, struct bytes *ret_wire,
                  struct err *err) {
    struct tx tx;
    MsgSubmitEvidence m = MSG_SUBMIT_EVIDENCE__INIT;
    Msg msg = MSG__INIT;
    int rc = pb_decode(&evidence__descriptor, bytes_of(x->evidence, x->len), arena, &m.evidence, err);
    m.creator = pb_data(addr_bytes(&v->self));
    msg.body_case = MSG__BODY_SUBMIT_EVIDENCE;
    msg.submit_evidence = &m;
    struct own_tx o = {
        .key = v->key, .chain_tag = &v->chain_tag, .unordered = true, .valid_until = v->info->height + ACCUSER_WINDOW};
    x->valid_until = o.valid_until; /* also when it cannot be made: then again after that */
    if (rc == CODE_OK)
        rc = own_tx_make(&o, store_state(v->store), &msg, arena, ret_wire, err);
    if (rc == CODE_OK)
        rc = tx_parse(*ret_wire, &v->chain_tag, arena, &tx, err);
    if (rc == CODE_OK)
        x->tx_id = tx.id;
    return rc;
}

int accuser_next(struct accuser *a, const struct accuser_view *view, struct arena *arena, struct bytes *ret_wire,
                 struct err *err) {
    *ret_wire = BYTES_NONE;
    for (size_t i = 0; i < a->n;) {
        struct arena_mark mark = arena_mark(arena);
        const char *why = settled(&a->list[i], view, arena);
        arena_rewind(arena, mark);
        if (why != NULL)
            drop(a, i, why);
        else if (due(&a->list[i], view))
            return accuse(&a->list[i], view, arena, ret_wire, err);
        else
            i++;
    }
    return CODE_OK;
}
