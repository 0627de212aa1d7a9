/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_LIMITS_H
#define CAIRN_CHAIN_BASE_LIMITS_H
/* Every cap, each with its reason. Where a genesis parameter may lower one, this is the hard bound behind it. */

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* --- coding and pieces --- */
#define LEAF_LEN        (4 * KIB)           /* the unit of hashing, proof and verified range reads; one disk page */
#define SEGMENT_LEN_MIN (64 * KIB)          /* below, headers and proofs cost more than they save */
#define SEGMENT_LEN_MAX (32 * MIB)          /* of ec:4+8, the default has 16 MiB; one segment is coded in memory */
#define PAYLOAD_LEN_MAX ((uint64_t)1 << 50) /* 1 PiB: stored bytes of all positions stay far from u64's end */
#define CODE_K_MAX      32                  /* data columns: Cauchy checked for k = 1..32 */
#define CODE_N_MAX      64                  /* all columns: GF(256) would allow 255; nobody needs them */

/* --- ledger --- */
#define TX_LEN_MAX          (1 * MIB) /* a batch of seals; mempool holds thousands */
#define TX_MSGS_MAX         128       /* messages in one transaction */
#define BLOCK_LEN_MAX       (4 * MIB) /* travels to every validator within a round */
#define BLOCK_TXS_MAX       16384     /* 4 MiB of the smallest transactions */
#define TX_REQUEST_MAX      4096      /* asked for by hash at once: 128 KiB; who lacks more asks for the whole body */
#define TX_REPLY_MAX        (1 * MIB) /* transactions in one answer, unless a single one has more */
#define VALIDATORS_MAX      128       /* votes per height grow with the square */
#define DOWNTIME_WINDOW_MAX 1000000   /* heights whose missed precommits are remembered: a record each at worst */
#define UNORDERED_IDS_MAX   128       /* ids in one record of unordered transactions: 4 KiB that each one writes anew */
#define CHAIN_ID_MAX        32        /* a human name */
#define KEY_LEN_MAX         1280      /* state key: module byte, two names, object name of 1024 */
#define VALUE_LEN_MAX       (256 * KIB) /* state record */
#define PROOF_DEPTH_MAX     256         /* bits of a key hash */
#define EVENT_LEN_MAX       (16 * KIB)
#define MEMO_LEN_MAX        256

/* --- snapshots --- */
#define SNAPSHOT_PAIRS_LEN     (2 * MIB) /* of a chunk: one answer of a peer, a blink to verify again */
#define SNAPSHOT_CHUNK_LEN_MAX (SNAPSHOT_PAIRS_LEN + 4 * KIB) /* with its path */
#define SNAPSHOT_CHUNKS_MAX    65536 /* 64 GiB of state at least; the manifest stays below 2.4 MiB */
#define SNAPSHOT_BITS_MAX      128   /* of a prefix: nobody finds eight keys that share more */
#define SNAPSHOTS_MAX          16    /* kept at once: each costs the state's size on disk */
#define KEEP_BLOCKS_MIN        1000  /* that a disk budget leaves: what peers that are behind ask for */

/* --- names --- */
#define BUCKET_NAME_MIN 3 /* as S3 */
#define BUCKET_NAME_MAX 63
#define OBJECT_NAME_MAX 1024 /* as S3 */
#define GROUP_NAME_MAX  63
#define TAGS_MAX        32 /* tags of one object or bucket */
#define ENDPOINT_MAX    256

/* --- decoding --- */
#define PB_DEPTH_MAX    16    /* nested messages: our deepest is 8 */
#define PB_REPEATED_MAX 65536 /* elements of one repeated field: each costs a pointer */
#define JSON_DEPTH_MAX  32
#define JSON_LEN_MAX    (4 * MIB)
#define CONFIG_LEN_MAX  (1 * MIB)

/* --- HTTP --- */
#define HTTP_HEADER_MAX     (32 * KIB)  /* all headers of a request: a quarter of the connection's memory */
#define HTTP_CONN_MEMORY    (128 * KIB) /* measured: 8 GB/s of upload with this pool */
#define HTTP_URI_MAX        (8 * KIB)
#define HTTP_BODY_SMALL_MAX (4 * MIB) /* a body that a handler gets whole */
#define HTTP_STREAM_BUFFER  (1 * MIB) /* between the network and a handler that streams; then the sender waits */

/* --- a node's memory of signatures --- */
#define VERDICTS_MAX   65536 /* right ones: several full blocks and what waits; 2 MiB */
#define KNOWN_KEYS_MAX 16384 /* parsed keys of who signed: 1.6 MB; more accounts than are busy at once */

/* --- answers to what a peer asks for by hash --- */
#define BODY_ALLOWANCE (16 * MIB) /* that one peer may be sent at once, and a second: four of the largest blocks */

/* --- catching up --- */
#define SYNC_ANSWER_LEN  (6 * MIB)  /* blocks of one answer, all of them: the cap of their class of frames */
#define SYNC_ANSWER_WISH (2 * MIB)  /* what is asked for at once: several peers share the work, none is awaited long */
#define SYNC_HELD_LEN    (48 * MIB) /* blocks held or on their way: eight answers */
#define SYNC_AHEAD_LEN   (8 * MIB)  /* of them checked and not yet executed: taken apart they are many times larger */

#define STATE_SYNC_AHEAD 12 /* chunks asked for or waiting to be taken in: 24 MiB */

/* --- paths and text --- */
#define PATH_LEN_MAX 4096
#define LOG_LINE_MAX 2048

#endif
