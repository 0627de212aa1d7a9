/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots from peers, and pages of the state tree from a disk. The first byte chooses.
 *
 * Properties: a manifest that is taken is the one encoding of what it says; of all bytes that a manifest may name as a
 * chunk, only the state's own verify under its app hash; a difference of two pages turns the one into the other.
 */
#include "chain/crypto/hash.h"
#include "chain/store/snapshot.h"
#include "chain/store/tree_page.h"
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
    if (!page_parse(in, &image) || page_build(&image, path, 0, &page, NULL) != CODE_OK)
        return;
    buf_init(&again, PAGE_LEN_MAX);
    page_encode(page, &again);
    must(bytes_eq(buf_bytes(&again), in));
    buf_release(&again);
    page_free(page);
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
    page_diff(&a, &b, &diff);
    back = b;
    must(page_patch(buf_bytes(&diff), &back));
    page_diff(&a, &back, &none);
    must(none.len == 6 && load_be16(none.data) == 0); /* nothing differs any more */
    buf_release(&diff);
    buf_release(&none);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    if (state.n == 0)
        make_state();
    if (len == 0 || len > 1 << 16)
        return 0;
    struct bytes in = bytes_of(data + 1, len - 1);
    arena_init(&arena, 16 << 20);
    switch (data[0] % 4) {
    case 0:
        fuzz_manifest(in, &arena);
        break;
    case 1:
        fuzz_chunk(in);
        break;
    case 2:
        fuzz_page(in);
        break;
    default:
        fuzz_pages(in);
        break;
    }
    arena_release(&arena);
    return 0;
}
