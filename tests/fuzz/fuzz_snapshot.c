/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots from peers; pages of the state tree and what blocks overwrote, from a disk. The first byte chooses.
 *
 * Properties: a manifest that is taken is the one encoding of what it says; of all bytes that a manifest may name as a
 * chunk, only the state's own verify under its app hash; a difference of two pages turns the one into the other.
 */
#include "chain/crypto/hash.h"
#include "chain/store/snapshot.h"
#include "chain/store/tree_page.h"
#include "chain/store/undo.h"
#include "tests/lib/light/records.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { PAIRS = 12 };

static struct records state;
static struct hash root;
static struct buf honest; /* the state's one chunk */

static void must(bool ok) {
    if (!ok)
        abort();
}

static int by_key_hash(const void *a, const void *b) {
    return hash_cmp(&((const struct record_pair *)a)->key_hash, &((const struct record_pair *)b)->key_hash);
}

static int take_cut(void *ctx, const struct hash *prefix, uint8_t bits, uint32_t pairs, struct bytes encoded,
                    struct err *err) {
    struct tree_proof whole = {.depth = 0};
    (void)ctx, (void)prefix, (void)err;
    must(bits == 0 && pairs == PAIRS);
    snapshot_chunk_encode(&whole, bits, pairs, encoded, &honest);
    return CODE_OK;
}

static void make_state(void) {
    static char keys[PAIRS][8], values[PAIRS][8];
    struct snapshot_cutter *cutter;
    for (int i = 0; i < PAIRS; i++) {
        snprintf(keys[i], sizeof keys[i], "key%d", i);
        snprintf(values[i], sizeof values[i], "value%d", i % 10);
        records_add(&state, bytes_str(keys[i]), bytes_str(values[i]));
    }
    root = records_root(&state);
    qsort(state.at, state.n, sizeof *state.at, by_key_hash);
    buf_init(&honest, 1 << 16);
    must(snapshot_cutter_new(take_cut, NULL, &cutter, NULL) == CODE_OK);
    for (size_t i = 0; i < state.n; i++)
        must(snapshot_cutter_add(cutter, &state.at[i].key_hash, state.at[i].key, state.at[i].value, NULL) == CODE_OK);
    must(snapshot_cutter_end(cutter, NULL) == CODE_OK && honest.len > 0);
    snapshot_cutter_free(cutter);
}

static void fuzz_manifest(struct bytes in, struct arena *arena) {
    struct snapshot_manifest m;
    struct buf again;
    if (snapshot_manifest_decode(in, arena, &m, NULL) != CODE_OK)
        return;
    buf_init(&again, SNAPSHOT_MANIFEST_LEN_MAX);
    snapshot_manifest_encode(&m, &again);
    must(m.chunks >= 1 && bytes_eq(buf_bytes(&again), in));
    buf_release(&again);
}

static int count_pair(void *ctx, struct bytes key, struct bytes value, struct err *err) {
    (void)key, (void)value, (void)err;
    ++*(unsigned *)ctx;
    return CODE_OK;
}

static void fuzz_chunk(struct bytes in) {
    struct snapshot_chunk chunk = {.len = (uint32_t)in.len, .hash = hash_of(DOMAIN_CHUNK, in)};
    struct snapshot_manifest m = {.height = 7, .root = root, .chunks = 1, .chunk = &chunk, .len = in.len};
    unsigned n = 0;
    bool good = in.len > 0 && snapshot_chunk_verify(&root, &m, 0, in, NULL) == CODE_OK;
    must(good == bytes_eq(in, buf_bytes(&honest)));
    (void)snapshot_chunk_each(in, count_pair, &n, NULL);
    must(!good || n == PAIRS);
}

static void fuzz_page(struct bytes in) {
    struct page_image image;
    struct page *page = NULL;
    uint8_t path[32] = {0};
    struct buf again;
    if (!page_parse(in, &image) || page_build(NULL, &image, path, 0, &page, NULL) != CODE_OK)
        return;
    buf_init(&again, PAGE_LEN_MAX);
    page_encode(page, &again);
    must(bytes_eq(buf_bytes(&again), in));
    buf_release(&again);
    page_free(NULL, page);
}

/* What turns `now` back into `before`, as an update writes it. */
static void diff_of(const struct page_image *before, const struct page_image *now, struct buf *ret) {
    unsigned mask = (unsigned)((before->leaves ^ now->leaves) | (before->children ^ now->children));
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        mask |= (unsigned)!bytes_eq(before->slots[i], now->slots[i]) << i;
    buf_put_be16(ret, (uint16_t)mask);
    buf_put_be16(ret, (uint16_t)(before->leaves & mask));
    buf_put_be16(ret, (uint16_t)(before->children & mask));
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        if (mask >> i & 1)
            buf_put_bytes(ret, before->slots[i]);
}

/* Two pages, the first's length before it. */
static void fuzz_pages(struct bytes in) {
    struct page_image a, b, back;
    struct buf diff, none;
    size_t n = in.len >= 2 ? load_be16(in.data) : 0;
    if (in.len < 2 || n > in.len - 2)
        return;
    bool both = page_parse(bytes_of(in.data + 2, n), &a) && page_parse(bytes_of(in.data + 2 + n, in.len - 2 - n), &b);
    struct page_image any = {0};
    (void)page_patch(bytes_of(in.data + 2 + n, in.len - 2 - n), &any);
    if (!both)
        return;
    buf_init(&diff, PAGE_LEN_MAX + 64);
    buf_init(&none, PAGE_LEN_MAX + 64);
    diff_of(&a, &b, &diff);
    back = b;
    must(page_patch(buf_bytes(&diff), &back));
    diff_of(&a, &back, &none);
    must(none.len == 6 && load_be16(none.data) == 0); /* nothing differs any more */
    buf_release(&diff);
    buf_release(&none);
}

/* A chunk of undo as the database may have it: what a look-up finds is what walking it shows under that name. */
static void fuzz_undo(struct bytes in) {
    static const uint8_t key[] = {UNDO_STATE, 0, 0, 0, 0, 0, 0, 0, 5, 0};
    struct kv *kv;
    struct undo_walk w;
    struct undo_reader r;
    struct arena arena;
    struct bytes name, payload, found;
    must(kv_open_mem(1, &kv, NULL) == CODE_OK);
    struct kv_batch *b = kv_batch_new(kv);
    kv_batch_put(b, 0, bytes_of(key, sizeof key), in);
    must(b && kv_write(kv, b, true, NULL) == CODE_OK);
    kv_batch_free(b);
    arena_init(&arena, 1 << 20);
    must(undo_open(&r, kv, NULL, 0, UNDO_STATE, NULL) == CODE_OK);
    must(undo_walk_open(&w, kv, NULL, 0, UNDO_STATE, 5, NULL) == CODE_OK);
    bool sorted = true;
    uint8_t last[KEY_LEN_MAX];
    size_t last_len = 0;
    while (undo_walk_next(&w, &name, &payload)) {
        if (name.len == 0 || name.len > KEY_LEN_MAX)
            break;
        sorted &= bytes_cmp(bytes_of(last, last_len), name) < 0 && name.data[0] >= 1;
        memcpy(last, name.data, name.len);
        last_len = name.len;
        int rc = undo_find(&r, 5, name, &arena, &found, NULL);
        must(!sorted || (rc == CODE_OK && bytes_eq(found, payload)));
        arena_reset(&arena);
    }
    (void)undo_walk_close(&w, NULL);
    must(undo_close(&r, NULL) == CODE_OK);
    arena_release(&arena);
    kv_close(kv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    if (state.n == 0)
        make_state();
    if (len == 0 || len > 1 << 16)
        return 0;
    struct bytes in = bytes_of(data + 1, len - 1);
    arena_init(&arena, 16 << 20);
    switch (data[0] % 5) {
    case 0:
        fuzz_manifest(in, &arena);
        break;
    case 1:
        fuzz_chunk(in);
        break;
    case 2:
        fuzz_page(in);
        break;
    case 3:
        fuzz_pages(in);
        break;
    default:
        fuzz_undo(in);
        break;
    }
    arena_release(&arena);
    return 0;
}
