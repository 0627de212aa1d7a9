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

#define TAKEOVER_DRAWS_MIN 30 /* a successor without a third of the bytes passes so many with chance 2^-17 */
#define TAKEOVER_DRAWS_MAX 10000
#define MIGRATE_SLOTS_MAX  256 /* in one message: each may open a placement group */
#define HANDOVERS_MAX      64  /* of a group, that a slot is not settled across: each settlement walks them */

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

/* --- answers to what a peer asks for by hash, or says it lacks --- */
#define BODY_ALLOWANCE (16 * MIB) /* that one peer may be sent at once, and a second: four of the largest blocks */

/* --- catching up --- */
#define SYNC_ANSWER_LEN  (6 * MIB)  /* blocks of one answer, all of them: the cap of their class of frames */
#define SYNC_ANSWER_WISH (2 * MIB)  /* what is asked for at once: several peers share the work, none is awaited long */
#define SYNC_HELD_LEN    (48 * MIB) /* blocks held or on their way: eight answers */
#define SYNC_AHEAD_LEN   (8 * MIB)  /* of them checked and not yet executed: taken apart they are many times larger */

#define STATE_SYNC_AHEAD 12 /* chunks asked for or waiting to be taken in: 24 MiB */

/* --- what waits in a node --- */
#define NODE_EVENTS_MAX       8192       /* what waits for the core's thread */
#define NODE_EVENT_BYTES_MAX  (64 << 20) /* messages of peers among them */
#define NODE_PEER_EVENTS_MAX  1024 /* of one peer among them: a flood drops its own messages, not those of others */
#define NODE_PEER_BYTES_MAX   (16 << 20)            /* the same of their bytes: two of the largest messages, and more */
#define NODE_PEER_SERVES_MAX  8                     /* requests of one peer to the store */
#define NODE_JOBS_MAX         (2 * SYNC_WINDOW)     /* for the ledger; the core never waits for room */
#define NODE_CHECKS_MAX       4                     /* one is under way at most */
#define NODE_SERVES_MAX       256                   /* requests to the store of all peers */
#define ADMIT_QUEUE_MAX       16384                 /* submissions waiting for the thread */
#define ADMIT_QUEUE_BYTES_MAX (64 << 20)            /* their bytes */
#define ADMIT_SHARE_TXS_MAX   (ADMIT_QUEUE_MAX / 2) /* of it for one peer, or for all that comes by RPC */
#define ADMIT_SHARE_BYTES_MAX (ADMIT_QUEUE_BYTES_MAX / 2) /* the same of their bytes */
#define ADMIT_BATCH_MAX       512                         /* transactions checked at a time */
#define ADMIT_BATCH_MEMORY    (96 << 20)                  /* their decoded form: 512 small ones, or a few large */
#define ADMIT_GATHER_BYTES    (64 << 10)                  /* of one message to peers */
#define ADMIT_TOUCHED_MAX     16384       /* accounts of a block that are looked at again: one a transaction */
#define ADMIT_STATE_MEMORY    (128 << 20) /* what checks read of the state between two blocks */
#define ADMIT_CHECK_MEMORY    (16 << 20)  /* the rules' own, between two blocks */
#define ACCUSER_MAX           32          /* files; a third of the validators and more may lie before one is lost */
#define ACCUSER_BYTES         (4 << 10)   /* of a file: two votes or two proposals */
#define ACCUSER_WINDOW        30          /* blocks that one transaction is valid for */
#define ACCUSER_TURN          2           /* heights that each validator waits for the one before it */

#define MEMPOOL_TXS    20000      /* unless the configuration says otherwise: several full blocks */
#define MEMPOOL_BYTES  (64 << 20) /* the same of their bytes */
#define MEMPOOL_SENDER 10000      /* of one account: a gateway sends for many; a block takes 4,000 */

/* --- memory of one piece of work in a node --- */
#define EXECUTOR_VIEW_MEMORY   (256 << 20) /* what judging one block may write and read */
#define EXECUTOR_RUN_MEMORY    (512 << 20) /* results of a block */
#define EXECUTOR_BUILD_MEMORY  (256 << 20) /* candidates taken apart, and the block made of them */
#define EXECUTOR_STORED_MEMORY (64 << 20)  /* a StoredBlock taken apart */
#define RELAY_MAX              64 /* messages that one summary of a peer is answered with: half a round of the largest set */
#define RELAY_ANSWER_MS        100         /* a peer's summaries are not answered more often; it sends four a second */
#define CORE_INPUT_MEMORY      (64 << 20)  /* a proposal taken apart */
#define JOIN_BLOCKS_MEMORY     (256 << 20) /* light blocks of a walk: LIGHT_FETCH_MAX of the largest, headers included */
#define JOIN_MESSAGE_MEMORY    (64 << 20)  /* one message taken apart */

/* --- links --- */
#define NET_PEERS_MAX         64  /* links at once: every validator of a first network and some full nodes */
#define NET_KNOWN_MAX         128 /* configured addresses */
#define NET_ADDRESS_MAX       256 /* host:port as text */
#define NET_HALF_OPEN_MAX     16  /* accepted and not yet through the hello; then the oldest goes for the newest */
#define NET_STRANGERS_MAX     (NET_PEERS_MAX / 2) /* links of nodes that are not configured: half is for those that are */
#define NET_RECORDS_MAX       256                 /* nodes whose points are remembered */
#define NET_VOTES_LEN_MAX     (64 * KIB)      /* messages of each class. Certificates: 128 signatures and their frame */
#define NET_PROPOSALS_LEN_MAX (6 * MIB)       /* header, certificate, a body of 4 MiB inline */
#define NET_BODIES_LEN_MAX    (6 * MIB)       /* a block of 4 MiB with its frame */
#define NET_SYNC_LEN_MAX      SYNC_ANSWER_LEN /* a batch of blocks, a chunk */
#define NET_MEMPOOL_LEN_MAX   (TX_LEN_MAX + 64 * KIB) /* a gather of transactions, or one large one */
#define FRAME_PART_MAX        (32 << 10)              /* 32 KiB are 30 us on a fast link: what a vote waits at most */
#define LINK_HELLO_MS         5000                    /* a hello that takes longer is given up */
#define LINK_QUIET_MS         4000                    /* then a ping */
#define LINK_SILENT_MS        15000                   /* without a sign of life for so long it is over */

/* --- the durability log --- */
#define WAL_RECORD_MAX (8 << 20) /* a block body with its frame; the block cap is 2 MiB by default, 4 MiB at most */
#define WAL_FILE_MAX                                                                                                   \
    (1 << 30) /* a height: hundreds of rounds with full bodies, hours of a halt under load; then the node stops */

/* --- catching up by blocks --- */
#define SYNC_PEERS_MAX     64    /* as links: NET_PEERS_MAX */
#define SYNC_ASKS_MAX      2     /* requests to one peer under way: the second hides the way to it */
#define SYNC_WINDOW        512   /* heights held or asked for at once */
#define SYNC_RANGE_MAX     64    /* heights of one request */
#define SYNC_RANGE_FIRST   16    /* while the size of a block is not known */
#define SYNC_TIMEOUT_MS    5000  /* then an answer is overdue */
#define SYNC_HEDGE_MS      1000  /* so long the lowest missing height may be on its way before another peer is asked */
#define SYNC_FORGET_MS     2000  /* a peer with an answer overdue is left alone so long, doubled by each failure */
#define SYNC_FORGET_MAX_MS 60000 /* and no longer than this */
#define SYNC_PATIENCE_MS   300   /* one height behind: consensus itself mostly catches up */
#define CHECK_BLOCKS_MAX   64    /* fetched blocks of one check */
#define SYNC_CHECK_LEN                                                                                                 \
    (256 << 10) /* bytes of one check: tens of milliseconds of signatures, which execution may wait for */
#define SYNC_SETTLE_LEN (16 << 20) /* applied, and then made durable */

/* --- joining by a snapshot --- */
#define STATE_SYNC_PEERS_MAX    64            /* as links: NET_PEERS_MAX */
#define STATE_SYNC_OFFERS_MAX   SNAPSHOTS_MAX /* of one peer */
#define STATE_SYNC_ASKS_MAX     2             /* requests to one peer under way */
#define STATE_SYNC_EXCLUDED_MAX 32            /* snapshots that came to nothing: the oldest may be chosen again */
#define STATE_SYNC_GATHER_MS    1500          /* so long after the first offer others may make theirs */
#define STATE_SYNC_LIST_MS      10000         /* peers are asked anew for their snapshots */
#define STATE_SYNC_TIMEOUT_MS   10000         /* then an answer is overdue: a chunk is 2 MiB */
#define STATE_SYNC_HEDGE_MS     3000          /* so long a last chunk may be on its way; then another peer is asked */
#define STATE_SYNC_STALL_MS     30000         /* without progress for so long another snapshot is tried */
#define STATE_SYNC_NONE_MS      30000         /* so long nobody has one: peers were asked three times */
#define STATE_SYNC_RETRY_MS     60000         /* a snapshot that stalled may be chosen again after so long */
#define STATE_SYNC_FORGET_MS                                                                                           \
    2000 /* a peer with an answer overdue is left alone so long, twice that after the next, ... */
#define STATE_SYNC_FORGET_MAX_MS 60000 /* and no longer than this */
#define STATE_SYNC_REST_MS       500   /* a peer that lacks what it was asked for may have it a block later */

/* --- paths and text --- */
#define PATH_LEN_MAX 4096
#define LOG_LINE_MAX 2048

#endif
