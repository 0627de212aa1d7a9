/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/snapshot.h"

#include "chain/crypto/hash_many.h"
#include "chain/store/hash_all.h"

#include <assert.h>
#include <stdlib.h>

enum { MANIFEST_VERSION = 1, CHUNK_VERSION = 1, MANIFEST_HEAD = 45, MANIFEST_EACH = 37 };

static unsigned bit_of(const struct hash *h, size_t i) {
    return (unsigned)h->b[i / 8] >> (7 - i % 8) & 1u;
}

/* Bits that both begin with, up to 256. */
static size_t common_bits(const struct hash *x, const struct hash *y) {
    size_t i = 0;
    while (i < 32 && x->b[i] == y->b[i])
        i++;
    if (i == 32)
        return 256;
    return 8 * i + (size_t)__builtin_clz((unsigned)(x->b[i] ^ y->b[i])) - 24;
}

/* --- manifest ----------------------------------------------------------------------------------------------------- */

/* Adds 1 at bit `bits` - 1. False when it runs over the top: this was the last prefix of its length. */
static bool prefix_next(struct hash *prefix, unsigned bits) {
    for (unsigned i = bits; i-- > 0;) {
        prefix->b[i / 8] = (uint8_t)(prefix->b[i / 8] ^ 0x80u >> i % 8);
        if (bit_of(prefix, i))
            return true;
    }
    return false;
}

/* No bit of prefix behind the first `bits` is set. */
static bool prefix_begins(const struct hash *prefix, unsigned bits) {
    for (unsigned i = bits; i < SNAPSHOT_BITS_MAX; i++)
        if (bit_of(prefix, i))
            return false;
    return true;
}

static int decode_chunk(const uint8_t *p, struct snapshot_chunk *ret, uint32_t index, struct err *err) {
    ret->bits = p[0];
    ret->len = load_be32(p + 1);
    memcpy(ret->hash.b, p + 5, 32);
    if (ret->bits > SNAPSHOT_BITS_MAX || ret->len > SNAPSHOT_CHUNK_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE,
                       "chunk %u of a snapshot is said to have %u bytes, a prefix of %u bits; at most "
                       "%zu and %d are allowed",
                       (unsigned)index, (unsigned)ret->len, (unsigned)ret->bits, (size_t)SNAPSHOT_CHUNK_LEN_MAX,
                       SNAPSHOT_BITS_MAX);
    return ret->len ? CODE_OK
                    : err_set(err, CODE_MALFORMED, "chunk %u of a snapshot is said to be empty", (unsigned)index);
}

static int decode_head(struct bytes in, struct snapshot_manifest *ret, struct err *err) {
    if (in.len < MANIFEST_HEAD)
        return err_set(err, CODE_MALFORMED, "a snapshot's manifest has %d bytes or more, not %zu", MANIFEST_HEAD,
                       in.len);
    if (in.data[0] != MANIFEST_VERSION)
        return err_set(err, CODE_VERSION, "a snapshot's manifest of version %u; this program knows %d",
                       (unsigned)in.data[0], MANIFEST_VERSION);
    ret->height = load_be64(in.data + 1);
    memcpy(ret->root.b, in.data + 9, 32);
    ret->chunks = load_be32(in.data + 41);
    if (ret->chunks > SNAPSHOT_CHUNKS_MAX)
        return err_set(err, CODE_TOO_LARGE, "a snapshot of %u chunks; at most %d are allowed", (unsigned)ret->chunks,
                       SNAPSHOT_CHUNKS_MAX);
    if (ret->chunks == 0 || in.len != MANIFEST_HEAD + (size_t)MANIFEST_EACH * ret->chunks)
        return err_set(err, CODE_MALFORMED, "a snapshot's manifest of %zu bytes cannot name %u chunks", in.len,
                       (unsigned)ret->chunks);
    return CODE_OK;
}

int snapshot_manifest_decode(struct bytes in, struct arena *arena, struct snapshot_manifest *ret, struct err *err) {
    struct snapshot_manifest m = {0};
    int rc = decode_head(in, &m, err);
    if (rc)
        return rc;
    struct snapshot_chunk *chunks = (struct snapshot_chunk *)arena_array(arena, m.chunks, sizeof *chunks);
    if (!chunks)
        return err_set(err, CODE_NO_MEMORY, "no memory for a snapshot's manifest");
    struct hash prefix = {{0}};
    bool more = true;
    for (uint32_t i = 0; i < m.chunks; i++) {
        struct snapshot_chunk *c = &chunks[i];
        rc = decode_chunk(in.data + MANIFEST_HEAD + (size_t)i * MANIFEST_EACH, c, i, err);
        if (rc)
            return rc;
        if (!more || !prefix_begins(&prefix, c->bits))
            return err_set(err, CODE_MALFORMED, "the prefixes of a snapshot's chunks overlap at chunk %u", (unsigned)i);
        c->prefix = prefix;
        m.len += c->len;
        more = prefix_next(&prefix, c->bits);
    }
    if (more)
        return err_set(err, CODE_MALFORMED, "the chunks of a snapshot do not cover all keys");
    m.chunk = chunks;
    *ret = m;
    return CODE_OK;
}

void snapshot_manifest_encode(const struct snapshot_manifest *m, struct buf *ret) {
    buf_put_u8(ret, MANIFEST_VERSION);
    buf_put_be64(ret, m->height);
    buf_put_bytes(ret, hash_bytes(&m->root));
    buf_put_be32(ret, m->chunks);
    for (uint32_t i = 0; i < m->chunks; i++) {
        buf_put_u8(ret, m->chunk[i].bits);
        buf_put_be32(ret, m->chunk[i].len);
        buf_put_bytes(ret, hash_bytes(&m->chunk[i].hash));
    }
}

struct hash snapshot_manifest_id(struct bytes manifest) {
    return hash_of(DOMAIN_MANIFEST, manifest);
}

/* --- a chunk's bytes ---------------------------------------------------------------------------------------------- */

struct parsed {
    uint16_t depth;
    const uint8_t *mask, *siblings; /* as many siblings as the mask has bits */
    bool other;
    struct hash other_key, other_value;
    uint32_t pairs;
    struct bytes rest; /* pairs not taken yet */
};

static int malformed(struct err *err, const char *what) {
    return err_set(err, CODE_MALFORMED, "a chunk of a snapshot is malformed: %s", what);
}

/* The first n bytes of *rest, or NULL. */
static const uint8_t *take(struct bytes *rest, size_t n) {
    if (rest->len < n)
        return NULL;
    const uint8_t *p = rest->data;
    *rest = bytes_of(p + n, rest->len - n);
    return p;
}

static bool sibling_given(const struct parsed *c, size_t depth) {
    return c->mask[depth / 8] >> (7 - depth % 8) & 1;
}

static int parse_path(struct bytes *rest, struct parsed *ret, struct err *err) {
    const uint8_t *head = take(rest, 3);
    if (!head || head[0] != CHUNK_VERSION)
        return head ? err_set(err, CODE_VERSION, "a chunk of version %u; this program knows %d", (unsigned)head[0],
                              CHUNK_VERSION)
                    : malformed(err, "it ends in its head");
    ret->depth = load_be16(head + 1);
    if (ret->depth > SNAPSHOT_BITS_MAX)
        return malformed(err, "its path is longer than any prefix");
    ret->mask = take(rest, (ret->depth + 7u) / 8);
    size_t given = 0;
    for (size_t i = 0; ret->mask && i < (ret->depth + 7u) / 8 * 8; i++) {
        if (sibling_given(ret, i) && i >= ret->depth)
            return malformed(err, "its mask has bits beyond its depth");
        given += sibling_given(ret, i);
    }
    ret->siblings = ret->mask ? take(rest, 32 * given) : NULL;
    return ret->siblings ? CODE_OK : malformed(err, "it ends in its path");
}

static int parse_chunk(struct bytes chunk, struct parsed *ret, struct err *err) {
    *ret = (struct parsed){0};
    int rc = parse_path(&chunk, ret, err);
    if (rc)
        return rc;
    const uint8_t *other = take(&chunk, 1);
    if (other && *other > 1)
        return malformed(err, "it has another leaf or none, nothing else");
    ret->other = other && *other;
    const uint8_t *leaf = other ? take(&chunk, ret->other ? 64 : 0) : NULL, *pairs = leaf ? take(&chunk, 4) : NULL;
    if (!pairs)
        return malformed(err, "it ends before its pairs");
    if (ret->other) {
        memcpy(ret->other_key.b, leaf, 32);
        memcpy(ret->other_value.b, leaf + 32, 32);
    }
    ret->pairs = load_be32(pairs);
    ret->rest = chunk;
    return CODE_OK;
}

static int next_pair(struct parsed *c, struct bytes *ret_key, struct bytes *ret_value, struct err *err) {
    const uint8_t *n = take(&c->rest, 2);
    size_t len = n ? load_be16(n) : 0;
    const uint8_t *key = n ? take(&c->rest, len) : NULL;
    if (!key || len == 0 || len > KEY_LEN_MAX)
        return malformed(err, "a key is empty, too long or cut off");
    *ret_key = bytes_of(key, len);
    n = take(&c->rest, 4);
    len = n ? load_be32(n) : 0;
    const uint8_t *value = n ? take(&c->rest, len) : NULL;
    if (!value || len > VALUE_LEN_MAX)
        return malformed(err, "a value is too long or cut off");
    *ret_value = bytes_of(value, len);
    return CODE_OK;
}

int snapshot_chunk_each(struct bytes chunk, snapshot_pair_fn *fn, void *ctx, struct err *err) {
    struct parsed c;
    struct bytes key, value;
    int rc = parse_chunk(chunk, &c, err);
    for (uint32_t i = 0; rc == CODE_OK && i < c.pairs; i++) {
        rc = next_pair(&c, &key, &value, err);
        if (rc == CODE_OK)
            rc = fn(ctx, key, value, err);
    }
    return rc == CODE_OK && c.rest.len ? malformed(err, "there is more behind its last pair") : rc;
}

/* --- the root of sorted leaves: tree.h's rule, one leaf after the other
 * ------------------------------------------------ */

struct fold {
    bool any, tree; /* any leaf yet; tree: `hash` is of two or more */
    struct hash key;
    struct hash hash; /* of the subtree that the last leaf ends */
    size_t depth;     /* of that, when it is a tree */
    size_t n;
    struct {
        size_t depth; /* of a node whose right side is not done */
        struct hash left;
    } open[256];
};

static const struct hash nothing;

/* Puts nodes with one empty side above a tree until it stands at `depth`. A single leaf stands wherever it is alone. */
static void fold_lift(struct fold *f, size_t depth) {
    while (f->tree && f->depth > depth) {
        f->depth--;
        f->hash = bit_of(&f->key, f->depth) ? hash_pair(DOMAIN_SNODE, &nothing, &f->hash)
                                            : hash_pair(DOMAIN_SNODE, &f->hash, &nothing);
    }
}

/* Closes every open node at `depth` or deeper. */
static void fold_close(struct fold *f, size_t depth) {
    while (f->n > 0 && f->open[f->n - 1].depth >= depth) {
        f->n--;
        fold_lift(f, f->open[f->n].depth + 1);
        f->hash = hash_pair(DOMAIN_SNODE, &f->open[f->n].left, &f->hash);
        f->depth = f->open[f->n].depth;
        f->tree = true;
    }
}

/* False unless the key hash is above the one before. */
static bool fold_add(struct fold *f, const struct hash *key_hash, const struct hash *leaf) {
    if (f->any) {
        if (hash_cmp(&f->key, key_hash) >= 0)
            return false;
        size_t branch = common_bits(&f->key, key_hash);
        fold_close(f, branch + 1); /* none is open at `branch`: the key before would lie on its right, this one too */
        fold_lift(f, branch + 1);
        assert(f->n < 256);
        f->open[f->n].depth = branch;
        f->open[f->n++].left = f->hash;
    }
    f->any = true;
    f->tree = false;
    f->key = *key_hash;
    f->hash = *leaf;
    return true;
}

/* Of the subtree at `depth`, under which all leaves lie. */
static struct hash fold_end(struct fold *f, size_t depth) {
    if (!f->any)
        return nothing;
    fold_close(f, 0);
    fold_lift(f, depth);
    return f->hash;
}

/* --- verification ------------------------------------------------------------------------------------------------- */

enum { GROUP = 128 };

struct group {
    struct bytes keys[GROUP], values[GROUP];
    struct hash key_hash[GROUP], value_hash[GROUP], leaf[GROUP];
    uint8_t leaves[GROUP][64];
};

static void hash_group(struct group *g, size_t n, struct arena *arena) {
    const uint8_t *in[GROUP] = {NULL};
    hash_all(DOMAIN_STATE, g->keys, n, arena, g->key_hash);
    hash_all(DOMAIN_VALUE, g->values, n, arena, g->value_hash);
    for (size_t i = 0; i < n; i++) {
        memcpy(g->leaves[i], g->key_hash[i].b, 32);
        memcpy(g->leaves[i] + 32, g->value_hash[i].b, 32);
        in[i] = g->leaves[i];
    }
    hash_many(DOMAIN_SLEAF, in, 64, n, g->leaf);
}

/* Folds the pairs, which all lie under the prefix, ascending. */
static int fold_pairs(struct parsed *c, const struct snapshot_chunk *m, struct group *g, struct arena *arena,
                      struct fold *f, struct err *err) {
    for (uint32_t done = 0; done < c->pairs;) {
        size_t n = 0;
        for (; n < GROUP && done < c->pairs; n++, done++) {
            int rc = next_pair(c, &g->keys[n], &g->values[n], err);
            if (rc)
                return rc;
        }
        hash_group(g, n, arena);
        for (size_t i = 0; i < n; i++) {
            if (common_bits(&g->key_hash[i], &m->prefix) < m->bits)
                return err_set(err, CODE_PROOF, "a chunk of the snapshot has a key of another chunk");
            if (!fold_add(f, &g->key_hash[i], &g->leaf[i]))
                return malformed(err, "its pairs do not ascend by the hash of their keys");
        }
    }
    return c->rest.len ? malformed(err, "there is more behind its last pair") : CODE_OK;
}

/* What may stand at the end of the path, given what the chunk holds. */
static int check_end(const struct parsed *c, const struct snapshot_chunk *m, struct err *err) {
    if (c->depth > m->bits || (c->depth < m->bits && c->pairs > 1) || (c->other && (c->pairs || c->depth == m->bits)))
        return malformed(err, "its path does not lead to its pairs");
    if (!c->other)
        return CODE_OK;
    size_t common = common_bits(&c->other_key, &m->prefix);
    return common >= c->depth && common < m->bits
               ? CODE_OK
               : malformed(err, "its other leaf does not lie on the path, or inside of the chunk");
}

static struct hash fold_path(const struct parsed *c, const struct snapshot_chunk *m, struct hash here) {
    size_t given = 0;
    for (size_t d = 0; d < c->depth; d++)
        given += sibling_given(c, d);
    for (size_t d = c->depth; d-- > 0;) {
        struct hash sibling = nothing;
        if (sibling_given(c, d))
            memcpy(sibling.b, c->siblings + 32 * --given, 32);
        here =
            bit_of(&m->prefix, d) ? hash_pair(DOMAIN_SNODE, &sibling, &here) : hash_pair(DOMAIN_SNODE, &here, &sibling);
    }
    return here;
}

static int verify_parsed(const struct hash *root, const struct snapshot_chunk *m, struct parsed *c, struct err *err) {
    struct group *g = (struct group *)malloc(sizeof *g);
    struct fold *f = (struct fold *)calloc(1, sizeof *f);
    struct arena arena;
    arena_init(&arena, 64 * KIB);
    int rc = g && f ? check_end(c, m, err) : err_set(err, CODE_NO_MEMORY, "no memory to verify a snapshot's chunk");
    if (rc == CODE_OK)
        rc = fold_pairs(c, m, g, &arena, f, err);
    if (rc == CODE_OK) {
        struct hash here = fold_end(f, m->bits);
        if (c->other)
            here = hash_pair(DOMAIN_SLEAF, &c->other_key, &c->other_value);
        here = fold_path(c, m, here);
        if (!hash_eq(&here, root))
            rc = err_set(err, CODE_PROOF, "a chunk of the snapshot does not lead to the app hash; its manifest lies");
    }
    arena_release(&arena);
    free(f);
    free(g);
    return rc;
}

int snapshot_chunk_verify(const struct hash *app_hash, const struct snapshot_manifest *m, uint32_t index,
                          struct bytes chunk, struct err *err) {
    assert(index < m->chunks);
    const struct snapshot_chunk *want = &m->chunk[index];
    struct parsed c;
    if (!hash_eq(&m->root, app_hash))
        return err_set(err, CODE_PROOF, "the snapshot is of another app hash than the header of height %llu has",
                       (unsigned long long)m->height + 1);
    struct hash hash = chunk.len == want->len ? hash_of(DOMAIN_CHUNK, chunk) : nothing;
    if (chunk.len != want->len || !hash_eq(&hash, &want->hash))
        return err_set(err, CODE_INTEGRITY, "these are not the bytes of chunk %u; ask another peer", (unsigned)index);
    int rc = parse_chunk(chunk, &c, err);
    return rc ? rc : verify_parsed(app_hash, want, &c, err);
}
