/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/world.h"

#include "chain/codec/pb.h"
#include "chain/crypto/list_tree.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/types/keys_storage.h"
#include "chain/types/signed.h"

#include <unistd.h>

enum { YEAR_DAYS = 366, TX_SENDS = 120, BLOCK_TXS = 70 };

#define YEAR_MS   ((uint64_t)YEAR_DAYS * 24 * 3600 * 1000)
#define MARK_MAX  4096
#define MARK_FILE "complete"

static void must(int rc, const struct err *err) {
    if (!rc)
        return;
    (void)fprintf(stderr, "%s: %s\n", code_name(rc), err_text(err));
    exit(1);
}

/* --- signatures --------------------------------------------------------------------------------------------------- */

static bool good(void *self, const struct pubkey *key, const struct hash *digest, const struct sig *sig) {
    (void)self, (void)key, (void)digest, (void)sig;
    return true;
}

static const struct app_verifier verifier = {NULL, good};

static ProtobufCBinaryData some_signature(struct world *w) {
    uint8_t sig[64];
    memset(sig, 0x5a, sizeof sig);
    return fixture_data(&w->f, sig, sizeof sig);
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

static const TxResult *first_failed(const struct fixture *f) {
    for (size_t i = 0; i < f->outcome.results->n_txs; i++)
        if (f->outcome.results->txs[i]->code)
            return f->outcome.results->txs[i];
    return NULL;
}

static void must_succeed(const struct fixture *f) {
    const TxResult *failed = first_failed(f);
    if (!failed)
        return;
    (void)fprintf(stderr, "a transaction of the benchmark failed: %s: %s\n", code_name((int)failed->code), failed->log);
    exit(1);
}

static struct app_block next(struct world *w, const struct tx *const *txs, size_t n) {
    struct app_block block = fixture_next(&w->f, txs, n);
    block.verifier = &verifier;
    return block;
}

void world_commit(struct world *w, const struct tx *const *txs, size_t n) {
    struct fixture *f = &w->f;
    struct app_block block = next(w, txs, n);
    struct store_batch *batch;
    struct err err = {0};
    bool more = true;
    arena_reset(&f->arena);
    uint64_t start = clock_cpu_ns(), here = clock_thread_ns();
    must(store_begin(f->store, block.height, block.time, &batch, &err), &err);
    must(f->app.ops->finalize(f->app.self, store_state(f->store), &block, &f->arena, &f->outcome, &err), &err);
    w->execute_ns = clock_thread_ns() - here;
    must(f->app.ops->commit(f->app.self, batch, &f->app_hash, &err), &err);
    must(w->making ? store_commit_later(batch, &err) : store_commit(batch, &err), &err);
    w->cpu_ns = clock_cpu_ns() - start;
    must_succeed(f);
    while (more)
        must(store_keep(f->store, MIB, &more, &err), &err);
    f->revealed[f->height % f->validators]++;
    f->height = block.height;
    f->header_time = block.time;
    w->now = fixture_ledger_time(f);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

const char *world_owner(struct world *w, uint64_t owner) {
    return arena_printf(&w->f.tx_arena, "owner%llu", (unsigned long long)owner);
}

const char *world_bucket(struct world *w, uint64_t owner) {
    return arena_printf(&w->f.tx_arena, "bucket-of-%llu", (unsigned long long)owner);
}

char *world_object(struct world *w, uint64_t i) {
    return arena_printf(&w->f.tx_arena, "photos/2026/%08llu.jpg", (unsigned long long)i);
}

static ProtobufCBinaryData encoded(struct world *w, const void *msg) {
    struct bytes out;
    struct err err = {0};
    must(pb_encode(msg, &w->f.tx_arena, &out, &err), &err);
    return pb_data(out);
}

static struct hash content_of(const char *name) {
    return hash_of(DOMAIN_STATE, bytes_str(name));
}

static ProtobufCBinaryData address(struct world *w, uint64_t owner) {
    return fixture_data(&w->f, w->owners[owner].b, sizeof w->owners[owner].b);
}

static ProtobufCBinaryData spec_of(struct world *w, uint64_t owner, char *name) {
    CreateObjectSpec spec = CREATE_OBJECT_SPEC__INIT;
    struct hash root = content_of(name);
    spec.creator = address(w, owner);
    spec.bucket_name = (char *)(uintptr_t)world_bucket(w, owner);
    spec.object_name = name;
    spec.payload_size = WORLD_OBJECT_SIZE;
    spec.visibility = VISIBILITY_INHERIT;
    spec.content_type = arena_strdup(&w->f.tx_arena, "image/jpeg");
    spec.content_root = fixture_data(&w->f, root.b, sizeof root.b);
    spec.max_price = 2 * w->f.sp_price;
    return encoded(w, &spec);
}

ProtobufCMessage *world_create(struct world *w, uint64_t owner, char *name) {
    struct fixture *f = &w->f;
    MsgCreateObject *m = ARENA_NEW(&f->tx_arena, MsgCreateObject);
    Approval approval = APPROVAL__INIT;
    msg_create_object__init(m);
    m->creator = address(w, owner);
    m->spec = spec_of(w, owner, name);
    struct hash spec_hash = signed_spec_hash(pb_bytes(m->spec));
    approval.chain_tag = fixture_data(f, f->chain_tag.b, sizeof f->chain_tag.b);
    approval.sp_id = 1;
    approval.spec_hash = fixture_data(f, spec_hash.b, sizeof spec_hash.b);
    approval.price = f->sp_price;
    approval.timeout = w->now + 60000;
    approval.nonce = w->nonce++;
    m->approval = ARENA_NEW(&f->tx_arena, SignedApproval);
    signed_approval__init(m->approval);
    m->approval->approval = encoded(w, &approval);
    m->approval->signature = some_signature(w);
    return &m->base;
}

static ProtobufCBinaryData upload_of(struct world *w) {
    uint8_t id[16] = {0};
    store_be64(id, w->nonce++);
    return fixture_data(&w->f, id, sizeof id);
}

/* Of every position; of one step: the object has no id yet. */
static SignedReceipt **receipts_of(struct world *w, uint64_t owner, char *name, ProtobufCBinaryData upload,
                                   uint64_t object_id, size_t *ret_n) {
    struct fixture *f = &w->f;
    size_t n = profile_positions(&w->profile);
    SignedReceipt **list = arena_array(&f->tx_arena, n, sizeof *list);
    struct hash content = content_of(name);
    Receipt r = RECEIPT__INIT;
    r.chain_tag = fixture_data(f, f->chain_tag.b, sizeof f->chain_tag.b);
    r.creator = address(w, owner);
    r.bucket_id = w->bucket_ids[owner];
    r.object_name = name;
    r.object_id = r.version = object_id;
    r.upload_id = upload;
    r.size = WORLD_OBJECT_SIZE;
    r.profile = &w->profile;
    r.price = f->sp_price;
    r.valid_until = w->now + 60000;
    for (uint32_t i = 0; i < n; i++) {
        struct hash checksum = content;
        if (!profile_is_whole(&w->profile, i))
            checksum.b[0] ^= (uint8_t)(i + 1);
        r.position = i;
        r.sp_id = i + 1;
        r.checksum = fixture_data(f, checksum.b, sizeof checksum.b);
        list[i] = ARENA_NEW(&f->tx_arena, SignedReceipt);
        signed_receipt__init(list[i]);
        list[i]->receipt = encoded(w, &r);
        list[i]->signature = some_signature(w);
        list[i]->count = 1;
    }
    *ret_n = n;
    return list;
}

ProtobufCMessage *world_seal(struct world *w, uint64_t owner, char *name, uint64_t object_id) {
    MsgSealObject *m = ARENA_NEW(&w->f.tx_arena, MsgSealObject);
    msg_seal_object__init(m);
    m->creator = address(w, owner);
    m->bucket_name = (char *)(uintptr_t)world_bucket(w, owner);
    m->object_name = name;
    m->object_id = m->version = object_id;
    m->group_id = w->group_id;
    m->upload_id = upload_of(w);
    m->coded_by_sp = true;
    m->receipts = receipts_of(w, owner, name, m->upload_id, object_id, &m->n_receipts);
    return &m->base;
}

ProtobufCMessage *world_store(struct world *w, uint64_t owner, char *name) {
    MsgStoreObject *m = ARENA_NEW(&w->f.tx_arena, MsgStoreObject);
    msg_store_object__init(m);
    m->creator = address(w, owner);
    m->spec = spec_of(w, owner, name);
    m->group_id = w->group_id;
    m->upload_id = upload_of(w);
    m->coded_by_sp = true;
    m->receipts = receipts_of(w, owner, name, m->upload_id, 0, &m->n_receipts);
    return &m->base;
}

/* --- making it ---------------------------------------------------------------------------------------------------- */

static void params(struct world *w) {
    struct fixture_params *p = &w->f.params;
    p->consensus.block_bytes_max = 4 * MIB;
    p->consensus.block_signatures_max = 1 << 20;
    p->auth.tx_messages_max = 128;
    p->storage.expiries_per_block = 10000;
    p->challenge.floor_interval_ms = 0;
    p->challenge.bytes_interval_ms = 0;
    p->payment.settle_interval_ms = YEAR_MS;
    w->f.sp_deposit = 100000 * PEBBLE_PER_CAIRN;
    w->f.sp_price = 1 << 20;
    w->f.invariants = false;
}

static void begin(struct world *w) {
    struct err err = {0};
    fixture_init(&w->f);
    params(w);
    fixture_account(&w->f, "bank", 1000000000 * (uint64_t)PEBBLE_PER_CAIRN);
    must(profile_parse("ec:4+2+w", 16 * MIB, &w->profile, &err), &err);
    w->f.dir = w->dir;
}

struct sending {
    struct world *w;
    Msg *msgs[TX_SENDS];
    size_t n;
};

static void flush(struct sending *s) {
    if (!s->n)
        return;
    const struct tx *tx = fixture_tx(&s->w->f, "bank", 0, s->msgs, s->n);
    world_commit(s->w, &tx, 1);
    arena_reset(&s->w->f.tx_arena);
    s->n = 0;
}

/* Coins, and a deposit to the payment account, for everyone. */
static void make_accounts(struct world *w) {
    struct sending s = {.w = w};
    for (unsigned i = 0; i < WORLD_ACCOUNTS; i++) {
        MsgSend *send = ARENA_NEW(&w->f.tx_arena, MsgSend);
        MsgDeposit *deposit = ARENA_NEW(&w->f.tx_arena, MsgDeposit);
        msg_send__init(send);
        msg_deposit__init(deposit);
        send->to = deposit->payment_address = fixture_addr_data(&w->f, world_owner(w, i));
        send->amount = deposit->amount = (i < WORLD_OWNERS ? 100000 : 10) * (uint64_t)PEBBLE_PER_CAIRN;
        s.msgs[s.n++] = fixture_msg(&w->f, "bank", &send->base);
        s.msgs[s.n++] = fixture_msg(&w->f, "bank", &deposit->base);
        if (s.n == TX_SENDS)
            flush(&s);
    }
    flush(&s);
}

static void make_buckets(struct world *w) {
    struct deal d;
    char owner[32], bucket[64];
    for (unsigned i = 0; i < WORLD_OWNERS; i++) {
        (void)snprintf(owner, sizeof owner, "%s", world_owner(w, i));
        (void)snprintf(bucket, sizeof bucket, "%s", world_bucket(w, i));
        deal_init(&d, &w->f, owner, bucket, "none", "ec:4+2+w", 16 * MIB, WORLD_OBJECT_SIZE);
        d.nonce = (uint64_t)1 << 62 | i;
        deal_must_bucket(&d);
        if (i == 0)
            deal_must_group(&d);
    }
}

/* Of as many owners as a block has room for, one transaction each. */
static void make_objects(struct world *w, uint64_t objects) {
    const struct tx *txs[BLOCK_TXS];
    Msg *msgs[WORLD_TX_OBJECTS];
    uint64_t made = 0, each = objects / WORLD_OWNERS, next_of[WORLD_OWNERS] = {0};
    unsigned owner = 0;
    while (made < objects) {
        size_t n = 0;
        for (; n < BLOCK_TXS && made < objects; n++, owner = (owner + 1) % WORLD_OWNERS) {
            size_t k = 0;
            for (; k < WORLD_TX_OBJECTS && next_of[owner] < each; k++, made++) {
                char *name = world_object(w, owner * each + next_of[owner]++);
                msgs[k] = fixture_msg(&w->f, world_owner(w, owner), world_store(w, owner, name));
            }
            if (k == 0)
                break;
            txs[n] = fixture_tx(&w->f, world_owner(w, owner), 0, msgs, k);
        }
        world_commit(w, txs, n);
        arena_reset(&w->f.tx_arena);
        if (n < BLOCK_TXS)
            owner = (owner + 1) % WORLD_OWNERS;
    }
}

/* Until what uploads left behind has been forgotten. */
static void quieten(struct world *w) {
    for (int i = 0; i < 200; i++) {
        world_commit(w, NULL, 0);
        arena_reset(&w->f.tx_arena);
    }
}

static void find_ids(struct world *w) {
    struct key k;
    for (unsigned i = 0; i < WORLD_OWNERS; i++) {
        const BucketInfo *b = fixture_record(&w->f, key_bucket(&k, world_bucket(w, i)), &bucket_info__descriptor);
        if (!b)
            must(CODE_NOT_FOUND, &(struct err){CODE_NOT_FOUND, "the kept ledger lacks a bucket: remove build/bench"});
        w->bucket_ids[i] = b->id;
        w->owners[i] = fixture_addr(world_owner(w, i));
    }
    w->group_id = 1;
    w->now = fixture_ledger_time(&w->f);
    arena_reset(&w->f.arena);
    arena_reset(&w->f.tx_arena);
}

static void make(struct world *w, uint64_t objects) {
    char path[160];
    struct err err = {0};
    uint64_t start = clock_mono_ms();
    (void)printf("making a ledger of %llu objects, once\n", (unsigned long long)objects);
    (void)fflush(stdout);
    if (path_exists(w->dir))
        must(dir_remove(w->dir, &err), &err);
    begin(w);
    w->making = true;
    fixture_start(&w->f);
    make_accounts(w);
    make_buckets(w);
    find_ids(w);
    make_objects(w, objects);
    quieten(w);
    must(store_sync(w->f.store, &err), &err);
    fixture_release(&w->f);
    (void)snprintf(path, sizeof path, "%s." MARK_FILE, w->dir);
    must(file_write_atomic(path, bytes_str("\n"), 0644, &err), &err);
    (void)printf("  made in %llu s\n", (unsigned long long)(clock_mono_ms() - start) / 1000);
}

/* --- a copy that shares finished files ---------------------------------------------------------------------------- */

struct copy {
    const char *from, *to;
};

static int copy_one(void *ctx, const char *name, struct err *err) {
    const struct copy *c = ctx;
    char from[512], to[512];
    struct buf data;
    int rc = path_join(c->from, name, from, sizeof from, err);
    if (!rc)
        rc = path_join(c->to, name, to, sizeof to, err);
    size_t len = strlen(name);
    if (rc || (len > 4 && !strcmp(name + len - 4, ".sst")))
        return rc ? rc : link(from, to) ? err_set(err, CODE_IO, "%s cannot be linked", from) : CODE_OK;
    buf_init(&data, GIB);
    rc = file_read(from, &data, err);
    if (!rc)
        rc = file_write_new(to, buf_bytes(&data), 0644, err);
    buf_release(&data);
    return rc;
}

uint64_t world_size(uint64_t objects) {
    const char *asked = getenv("BENCH_OBJECTS");
    return asked ? strtoull(asked, NULL, 10) : objects;
}

void world_open(struct world *w, uint64_t objects) {
    char kept[96], mark[128];
    struct err err = {0};
    *w = (struct world){.objects = objects, .nonce = (uint64_t)1 << 40};
    must(dir_make("build/bench", 0755, &err), &err);
    (void)snprintf(kept, sizeof kept, "build/bench/world-%llu", (unsigned long long)objects);
    (void)snprintf(mark, sizeof mark, "%s." MARK_FILE, kept);
    (void)snprintf(w->dir, sizeof w->dir, "%s", kept);
    if (!path_exists(mark)) {
        w->nonce = 1;
        make(w, objects);
        *w = (struct world){.objects = objects, .nonce = (uint64_t)1 << 40};
    }
    (void)snprintf(w->dir, sizeof w->dir, "%s.%d", kept, (int)getpid());
    must(dir_make(w->dir, 0755, &err), &err);
    must(dir_each(kept, copy_one, &(struct copy){kept, w->dir}, &err), &err);
    begin(w);
    w->f.resume = true;
    int rc = fixture_try_start(&w->f, &err);
    if (rc == CODE_CHAIN_MISMATCH) { /* parameters have changed since it was made */
        world_close(w);
        must(dir_remove(kept, &err), &err);
        must(unlink(mark) ? err_set(&err, CODE_IO, "%s cannot be removed", mark) : CODE_OK, &err);
        world_open(w, objects);
        return;
    }
    must(rc, &err);
    find_ids(w);
}

void world_close(struct world *w) {
    struct err err = {0};
    fixture_release(&w->f);
    must(dir_remove(w->dir, &err), &err);
}
