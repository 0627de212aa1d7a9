/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_SNAPSHOT_H
#define CAIRN_CHAIN_STORE_SNAPSHOT_H
/*
 * A snapshot's bytes: the state after one height, cut into chunks that are verified each alone. Pure: no store, no
 * clock, no file. Made and taken in by store_snapshot.h; carried between nodes by chain/sync.
 *
 * A chunk is the whole subtree of the state tree under a prefix of the key hash: all its pairs, and the path from there
 * to the root. It proves that these pairs, and no others, lie under the prefix. The prefixes of a snapshot cover all
 * key hashes in order, and are as short as they can be with at most SNAPSHOT_PAIRS_LEN bytes of pairs each: cut so,
 * equal states have equal chunks and manifests, and what one peer does not give another can.
 *
 *     manifest   version u8 (1) || height u64be || root 32 || chunks u32be || chunks x (bits u8 || len u32be || hash
 * 32) the prefix of a chunk begins where the one before ends; hash = H(cairn.chunk, chunk) id = H(cairn.manifest,
 * manifest) chunk      version u8 (1) || depth u16be || sibling mask, ceil(depth/8) bytes || siblings 32 each
 *                || other u8 (0, 1) || if other: key hash 32 || value hash 32
 *                || pairs u32be || pairs x (key length u16be || key || value length u32be || value)
 *                pairs ascend by key hash. depth = bits, or, with one pair or none, where the path of the prefix ends
 *                before: at that pair's leaf, at an empty slot, or at another leaf, outside of the prefix. Path and
 * mask as in a StateProof.
 *
 * Nothing in a manifest is to be believed before a chunk has been verified under a root that is trusted by other means:
 * a manifest that lies about sizes is refused, one that lies about hashes gives chunks that do not verify.
 */
#include "chain/base/arena.h"
#include "chain/base/bytes.h"
#include "chain/base/fixed.h"
#include "chain/base/limits.h"

struct snapshot_chunk {
    struct hash prefix; /* its first `bits` bits; the others are 0 */
    uint8_t bits;       /* 0 .. SNAPSHOT_BITS_MAX */
    uint32_t len;       /* 1 .. SNAPSHOT_CHUNK_LEN_MAX */
    struct hash hash;
};

struct snapshot_manifest {
    uint64_t height;
    struct hash root; /* of the state after `height`: the app hash in the header of height + 1 */
    uint32_t chunks;  /* 1 .. SNAPSHOT_CHUNKS_MAX */
    const struct snapshot_chunk *chunk;
    uint64_t len; /* of all chunks */
};

#define SNAPSHOT_MANIFEST_LEN_MAX (45 + 37 * (size_t)SNAPSHOT_CHUNKS_MAX)

/* Its chunks on arena. CODE_MALFORMED: not a manifest, or its prefixes do not cover all key hashes one behind the
 * other; CODE_TOO_LARGE: more or larger chunks than allowed; CODE_VERSION. */
int snapshot_manifest_decode(struct bytes manifest, struct arena *arena, struct snapshot_manifest *ret,
                             struct err *err);
void snapshot_manifest_encode(const struct snapshot_manifest *m, struct buf *ret);
struct hash snapshot_manifest_id(struct bytes manifest);

/*
 * Is `chunk` number index (< m->chunks) of the state whose root is *app_hash? Needs no memory in proportion.
 * CODE_INTEGRITY: not the bytes that the manifest names: whoever sent the chunk is to blame. CODE_PROOF: the manifest
 * is not of this app hash, or the very bytes that it names are not the subtree of the state: whoever sent the manifest
 * is. CODE_MALFORMED, CODE_TOO_LARGE: the same blame, the bytes that it names are no chunk.
 */
int snapshot_chunk_verify(const struct hash *app_hash, const struct snapshot_manifest *m, uint32_t index,
                          struct bytes chunk, struct err *err);

/* The pairs of a chunk in order; fn answering other than CODE_OK stops with that. CODE_MALFORMED. */
typedef int snapshot_pair_fn(void *ctx, struct bytes key, struct bytes value, struct err *err);
int snapshot_chunk_each(struct bytes chunk, snapshot_pair_fn *fn, void *ctx, struct err *err);

/* --- cutting: for whoever makes snapshots --------------------------------------------------------------------------
 */

struct snapshot_cutter;

/* Gets each chunk, in order: its prefix and bits, and its encoded pairs. */
typedef int snapshot_cut_fn(void *ctx, const struct hash *prefix, uint8_t bits, uint32_t pairs, struct bytes encoded,
                            struct err *err);

/* *ret is owned by the caller. It holds at most two chunks' bytes. */
int snapshot_cutter_new(snapshot_cut_fn *fn, void *ctx, struct snapshot_cutter **ret, struct err *err);
void snapshot_cutter_free(struct snapshot_cutter *c); /* NULL allowed */
/* The next pair in order of key hash. What fn answers other than CODE_OK comes back. CODE_LIMIT: the state cannot be
 * cut (too many keys share SNAPSHOT_BITS_MAX bits of their hash). */
int snapshot_cutter_add(struct snapshot_cutter *c, const struct hash *key_hash, struct bytes key, struct bytes value,
                        struct err *err);
/* After the last pair: gives the chunks that are left. */
int snapshot_cutter_end(struct snapshot_cutter *c, struct err *err);

/* Where the path of a chunk's prefix ends, and its siblings from the root down. */
struct tree_proof;
/* The chunk's bytes: path (of a key hash that begins with the prefix, zeros behind) and the encoded pairs. */
void snapshot_chunk_encode(const struct tree_proof *path, uint8_t bits, uint32_t pairs, struct bytes encoded,
                           struct buf *ret);

#endif
