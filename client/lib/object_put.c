/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/object_put.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/coding/piece.h"
#include "chain/crypto/address.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/random.h"
#include "chain/os/thread.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "chain/types/signed.h"
#include "client/lib/approval.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PART_AIM = 64 << 20, /* one PUT, rounded to whole segments: what is sent again at most after a break */
    PART_TRIES = 4,
    SEAL_WAIT_MS = 600000,
    POLL_MS = 5000,
    PATIENCE_MS = 90000, /* a stage that failed is tried again by the primary, a minute apart at most */
    HASHERS_MAX = 4,
    PATH_QUERY_MAX = 128,
};

const char *object_put_stage_name(enum object_put_stage stage) {
    static const char *const names[] = {"hash", "approve", "create", "upload", "replicate", "seal", "done"};
    return names[stage];
}

static void tell(const struct object_put *put, enum object_put_stage stage, uint64_t done, uint64_t total) {
    if (put && put->progress)
        put->progress(put->ctx, stage, done, total);
}

/* --- hash --------------------------------------------------------------------------------------------------------- */

struct hashing {
    int fd;
    uint64_t size, segments;
    const Profile *profile;
    const struct object_put *progress;
    struct hash *roots; /* by segment */
    atomic_ullong next, done;
    struct mutex lock;
    int rc;
    struct err err;
};

static int hash_segment(struct hashing *h, uint64_t segment, uint8_t *data, struct hash *scratch, struct err *err) {
    size_t len = (size_t)layout_segment_len(h->profile, h->size, segment);
    int rc = file_pread(h->fd, data, len, segment * h->profile->segment_size, err);
    if (!rc)
        h->roots[segment] = piece_hash(data, len, scratch, NULL);
    return rc;
}

static void hash_work(void *arg) {
    struct hashing *h = arg;
    struct err err;
    err_clear(&err);
    size_t largest = (size_t)layout_segment_len(h->profile, h->size, 0);
    uint8_t *data = malloc(largest);
    struct hash *scratch = malloc((size_t)leaf_count(largest) * sizeof *scratch);
    int rc = data && scratch ? CODE_OK : err_set(&err, CODE_NO_MEMORY, "no memory for a segment");
    uint64_t segment;
    while (!rc && (segment = atomic_fetch_add(&h->next, 1)) < h->segments) {
        rc = hash_segment(h, segment, data, scratch, &err);
        uint64_t done = atomic_fetch_add(&h->done, layout_segment_len(h->profile, h->size, segment)) +
                        layout_segment_len(h->profile, h->size, segment);
        mutex_lock(&h->lock);
        tell(h->progress, PUT_HASH, done, h->size);
        mutex_unlock(&h->lock);
    }
    mutex_lock(&h->lock);
    if (rc && !h->rc) {
        h->rc = rc;
        h->err = err;
    }
    mutex_unlock(&h->lock);
    if (rc)
        atomic_store(&h->next, h->segments);
    free(data);
    free(scratch);
}

int object_content_root(int fd, uint64_t size, const Profile *profile, const struct object_put *progress,
                        struct hash *ret, struct err *err) {
    struct hashing h = {
        .fd = fd, .size = size, .profile = profile, .progress = progress, .segments = layout_segments(profile, size)};
    struct thread threads[HASHERS_MAX] = {0};
    unsigned workers = thread_cpus() < HASHERS_MAX ? thread_cpus() : HASHERS_MAX, started = 0;
    if (!h.segments) {
        *ret = checksum_of(NULL, 0);
        return CODE_OK;
    }
    h.roots = calloc((size_t)h.segments, sizeof *h.roots);
    if (!h.roots)
        return err_set(err, CODE_NO_MEMORY, "no memory for piece roots");
    err_clear(&h.err);
    mutex_init(&h.lock);
    while (started + 1 < workers && started + 1 < h.segments &&
           !thread_start(&threads[started], "hash", hash_work, &h, NULL))
        started++;
    hash_work(&h);
    for (unsigned i = 0; i < started; i++)
        thread_join(&threads[i]);
    if (!h.rc)
        *ret = checksum_of(h.roots, (size_t)h.segments);
    else if (err)
        *err = h.err;
    mutex_release(&h.lock);
    free(h.roots);
    return h.rc;
}

/* --- approve and create ------------------------------------------------------------------------------------------- */

struct putting {
    struct sp_client *client;
    const struct object_put *put;
    struct arena *arena;
    struct object_put_result *out;
    uint64_t replaces; /* the version that is expected to be there; 0: none */
    const BucketInfo *bucket;
    Profile profile;
    struct addr creator;
    uint64_t max_price;
};

static int find_price(struct sp_client *client, const struct object_put *put, const BucketInfo *bucket,
                      struct arena *arena, uint64_t *ret, struct err *err) {
    StorageProvider *sp;
    if (put->max_price) {
        *ret = put->max_price;
        return CODE_OK;
    }
    int rc = placement_sp(sp_client_ledger(client), bucket->primary_sp, arena, &sp, err);
    if (!rc)
        *ret = sp->store_price > UINT64_MAX / 2 ? UINT64_MAX : 2 * sp->store_price;
    return rc;
}

int object_put_open(struct sp_client *client, const struct object_put *put, struct arena *arena,
                    const BucketInfo **ret_bucket, const Profile **ret_profile, struct addr *ret_creator,
                    uint64_t *ret_max_price, struct err *err) {
    BucketInfo *bucket = NULL;
    if (!sp_client_key(client))
        return err_set(err, CODE_UNAUTHENTICATED, "storing needs a key: --from NAME");
    struct pubkey key = seckey_pubkey(sp_client_key(client));
    *ret_creator = put->creator ? *put->creator : addr_of_key(&key);
    int rc = name_check_object(put->object, err);
    if (!rc)
        rc = placement_bucket(sp_client_ledger(client), put->bucket, 0, arena, &bucket, err);
    if (rc)
        return rc;
    const Profile *profile = put->profile ? put->profile : bucket->profile;
    if (!profile)
        return err_set(err, CODE_INVALID_ARGUMENT, "the bucket has no default profile: say --profile ec:4+2+w");
    *ret_bucket = bucket;
    *ret_profile = profile;
    rc = profile_check(profile, err);
    return rc ? rc : find_price(client, put, bucket, arena, ret_max_price, err);
}

static int create(struct putting *p, struct err *err) {
    const struct object_put *put = p->put;
    CreateObjectSpec spec = CREATE_OBJECT_SPEC__INIT;
    struct bytes encoded;
    SignedApproval *approval;
    TxStatus *status;
    spec.creator = (ProtobufCBinaryData){sizeof p->creator.b, p->creator.b};
    spec.bucket_name = (char *)(uintptr_t)put->bucket;
    spec.object_name = (char *)(uintptr_t)put->object;
    spec.payload_size = put->size;
    spec.visibility = put->visibility ? put->visibility : VISIBILITY_INHERIT;
    spec.content_type = (char *)(uintptr_t)(put->content_type ? put->content_type : "application/octet-stream");
    spec.profile = put->profile ? &p->profile : NULL;
    spec.content_root = (ProtobufCBinaryData){sizeof p->out->content_root.b, p->out->content_root.b};
    spec.term = put->term_ms;
    spec.expected_version = p->replaces;
    tell(put, PUT_APPROVE, 0, 1);
    spec.max_price = p->max_price;
    int rc = pb_encode(&spec, p->arena, &encoded, err);
    if (!rc)
        rc = approval_ask(p->client, p->bucket->primary_sp, APPROVAL_OBJECT, encoded, p->arena, &approval, err);
    if (rc)
        return rc;
    tell(put, PUT_CREATE, 0, 1);
    MsgCreateObject message = MSG_CREATE_OBJECT__INIT;
    message.creator = spec.creator;
    message.spec = (ProtobufCBinaryData){encoded.len, (uint8_t *)(uintptr_t)encoded.data};
    message.approval = approval;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    msg.body_case = MSG__BODY_CREATE_OBJECT;
    msg.create_object = &message;
    struct ledger_send_options options = {.wait = LEDGER_WAIT_COMMITTED, .fee = put->fee, .fee_payer = put->fee_payer};
    rc = ledger_send(sp_client_ledger(p->client), sp_client_key(p->client), msgs, 1, &options, p->arena, &status, err);
    if (rc)
        return rc;
    hash_from(bytes_of(status->tx_id.data, status->tx_id.len), &p->out->create_tx);
    p->out->height = status->height;
    return CODE_OK;
}

static bool is_ours(const struct putting *p, const ObjectInfo *o) {
    return bytes_eq(bytes_of(o->creator.data, o->creator.len), addr_bytes(&p->creator)) &&
           o->payload_size == p->put->size &&
           bytes_eq(bytes_of(o->content_root.data, o->content_root.len), hash_bytes(&p->out->content_root));
}

static void note_found(struct putting *p, const ObjectInfo *o) {
    p->out->object_id = o->id;
    p->out->version = o->version;
    p->out->primary_sp = o->primary_sp ? o->primary_sp : p->bucket->primary_sp;
    p->out->sealed = o->object_status == OBJECT_STATUS_SEALED;
    p->out->positions = o->payload_size ? profile_positions(o->profile) : 0;
    p->out->sealed_positions = 0;
    for (uint64_t left = p->out->sealed ? deal_sealed_positions(o) : 0; left; left &= left - 1)
        p->out->sealed_positions++;
}

/* Sealed, and at as many positions as are waited for. */
static bool is_finished(const struct putting *p) {
    uint32_t want = p->put->min_positions;
    want = !want || want > p->out->positions ? p->out->positions : want;
    return p->out->sealed && p->out->sealed_positions >= want;
}

/* Somebody else's, or other content: in the way, or to be replaced. */
static int found_other(struct putting *p, const ObjectInfo *o, struct err *err) {
    p->replaces = o->version;
    if (p->put->overwrite)
        return err_set(err, CODE_NOT_FOUND, "what is there is to be replaced");
    return err_set(err, CODE_ALREADY_EXISTS,
                   "there already is an object %s in %s: delete it first, choose another name, or --overwrite it",
                   p->put->object, p->put->bucket);
}

/* The object as it stands, or the version on its way to replace it, proven at the height of our create or later;
 * CODE_NOT_FOUND when there is none that is ours. */
static int find_created(struct putting *p, struct placement *ret, struct err *err) {
    struct ledger *ledger = sp_client_ledger(p->client);
    ObjectInfo *next;
    int rc = CODE_NOT_FOUND;
    for (int i = 0; rc == CODE_NOT_FOUND && i < 3; i++) { /* its seal may come between the two records */
        rc = placement_find(ledger, p->put->bucket, p->put->object, p->out->height, p->arena, ret, err);
        if (rc)
            return rc;
        if (!ret->object->replacing)
            break;
        rc = placement_replacement(ledger, ret, p->arena, &next, err);
        if (!rc && is_ours(p, next)) {
            p->replaces = ret->object->version;
            note_found(p, next);
            return CODE_OK;
        }
    }
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    if (!is_ours(p, ret->object))
        return found_other(p, ret->object, err);
    note_found(p, ret->object);
    return CODE_OK;
}

/* --- upload ------------------------------------------------------------------------------------------------------- */

struct part {
    const struct object_put *put;
    uint64_t offset, len, sent;
};

static int part_source(void *ctx, void *ret_data, size_t cap, size_t *ret_len, struct err *err) {
    struct part *part = ctx;
    uint64_t left = part->len - part->sent;
    size_t n = left < cap ? (size_t)left : cap;
    int rc = n ? file_pread(part->put->fd, ret_data, n, part->offset + part->sent, err) : CODE_OK;
    if (rc)
        return rc;
    part->sent += n;
    *ret_len = n;
    tell(part->put, PUT_UPLOAD, part->offset + part->sent, part->put->size);
    return CODE_OK;
}

static const char *upload_path(struct putting *p, const char *query) {
    return sp_object_path(p->put->bucket, p->put->object, query, p->arena);
}

int object_put_progress(struct sp_client *client, uint32_t primary_sp, const char *bucket, const char *object,
                        uint64_t wait_ms, struct arena *arena, UploadProgress **ret, struct err *err) {
    char query[PATH_QUERY_MAX];
    snprintf(query, sizeof query, "upload&wait_ms=%" PRIu64, wait_ms);
    const char *path = sp_object_path(bucket, object, query, arena);
    struct http_call call = {.deadline_ms = wait_ms + 30000};
    int rc = path ? sp_client_call(client, primary_sp, path, &call, err)
                  : err_set(err, CODE_NO_MEMORY, "no memory for a request");
    if (!rc)
        rc = json_read_pb_open(&upload_progress__descriptor, buf_bytes(&call.body), arena, ret, err);
    http_call_release(&call);
    return rc;
}

static int progress_of(struct putting *p, uint64_t wait_ms, UploadProgress **ret, struct err *err) {
    return object_put_progress(p->client, p->out->primary_sp, p->put->bucket, p->put->object, wait_ms, p->arena, ret,
                               err);
}

static bool worth_a_retry(int rc) {
    return rc == CODE_UNAVAILABLE || rc == CODE_TIMEOUT || rc == CODE_BUSY || rc == CODE_CLOSED || rc == CODE_NOT_READY;
}

static int send_part(struct putting *p, uint64_t offset, uint64_t len, struct err *err) {
    char query[PATH_QUERY_MAX], id[33];
    hex_encode(p->out->upload_id, sizeof p->out->upload_id, id);
    snprintf(query, sizeof query, "upload_id=%s&offset=%" PRIu64 "&version=%" PRIu64, id, offset, p->out->version);
    const char *path = upload_path(p, query);
    if (!path)
        return err_set(err, CODE_NO_MEMORY, "no memory for a request");
    int rc = CODE_UNAVAILABLE;
    for (int i = 0; i < PART_TRIES && worth_a_retry(rc); i++) {
        struct part part = {.put = p->put, .offset = offset, .len = len};
        struct http_call call = {.method = "PUT",
                                 .headers = {"Content-Type: application/octet-stream"},
                                 .source = part_source,
                                 .source_len = len,
                                 .ctx = &part,
                                 .deadline_ms = UINT64_MAX,
                                 .idle_ms = 60000};
        rc = sp_client_call(p->client, p->out->primary_sp, path, &call, err);
        http_call_release(&call);
    }
    return rc;
}

/* Is [from, to) among the ranges that the primary holds already? */
static bool range_held(const UploadProgress *held, uint64_t from, uint64_t to) {
    for (size_t i = 0; held && i + 1 < held->n_received_ranges; i += 2)
        if (held->received_ranges[i] <= from && to <= held->received_ranges[i + 1])
            return true;
    return false;
}

static int upload(struct putting *p, struct err *err) {
    static const uint8_t none[16];
    UploadProgress *held = NULL;
    bool fresh = !memcmp(p->put->upload_id, none, sizeof none);
    memcpy(p->out->upload_id, p->put->upload_id, sizeof none);
    if (p->out->resumed && !progress_of(p, 0, &held, NULL) && fresh && strlen(held->upload_id) == 32)
        fresh = !hex_decode(held->upload_id, 32, p->out->upload_id, sizeof p->out->upload_id);
    if (fresh)
        random_bytes(p->out->upload_id, sizeof p->out->upload_id);
    int rc = CODE_OK;
    uint64_t segment = p->profile.segment_size, part = segment >= PART_AIM ? segment : PART_AIM / segment * segment;
    for (uint64_t at = 0; !rc && at < p->put->size; at += part) {
        uint64_t len = p->put->size - at < part ? p->put->size - at : part;
        if (!range_held(held, at, at + len))
            rc = send_part(p, at, len, err);
        tell(p->put, PUT_UPLOAD, at + len, p->put->size);
    }
    return rc;
}

/* --- seal --------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static int await_seal(struct putting *p, struct err *err) {
    uint64_t until = clock_mono_ms() + (p->put->timeout_ms ? p->put->timeout_ms : SEAL_WAIT_MS);
    struct placement found;
    uint64_t failed_at = 0;
    while (!is_finished(p)) {
        UploadProgress *now = NULL;
        struct arena_mark mark = arena_mark(p->arena);
        if (clock_mono_ms() > until)
            return p->out->sealed
                       ? err_set(err, CODE_TIMEOUT,
                                 "%s is stored at %u of %u providers; its primary stores the rest when it can",
                                 p->put->object, p->out->sealed_positions, p->out->positions)
                       : err_set(err, CODE_TIMEOUT, "%s is not sealed yet: `cairn object progress` tells how far it is",
                                 p->put->object);
        int rc = progress_of(p, POLL_MS, &now, err);
        if (rc && !worth_a_retry(rc) && rc != CODE_NOT_FOUND)
            return rc;
        bool failed = !rc && ends_with(now->state, "_ERROR");
        failed_at = !failed ? 0 : failed_at ? failed_at : clock_mono_ms();
        if (failed && (!strcmp(now->state, "UPLOAD_OBJECT_ERROR") || clock_mono_ms() - failed_at > PATIENCE_MS))
            return err_set(err, CODE_UNAVAILABLE, "the primary is stuck in state %s: %s", now->state, now->error);
        bool sealing = !rc && (strstr(now->state, "SEAL") || strstr(now->state, "SIGN"));
        if (!rc)
            tell(p->put, sealing ? PUT_SEAL : PUT_REPLICATE, now->positions_done, now->positions);
        if (rc || sealing) { /* the ledger has the last word; ask it also when the primary cannot be asked */
            int seen = find_created(p, &found, err);
            if (seen)
                return seen;
            if (p->out->sealed)
                p->out->height = found.height;
        }
        arena_rewind(p->arena, mark);
    }
    tell(p->put, PUT_DONE, 1, 1);
    return CODE_OK;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static int run(struct putting *p, struct err *err) {
    struct placement found;
    int rc = find_created(p, &found, err);
    p->out->resumed = !rc;
    if (rc == CODE_NOT_FOUND) {
        rc = create(p, err);
        if (!rc)
            rc = find_created(p, &found, err);
    }
    if (!rc && !p->out->sealed)
        rc = upload(p, err);
    if (!rc && p->put->wait_sealed && !is_finished(p))
        rc = await_seal(p, err);
    return rc;
}

int object_put_run(struct sp_client *client, const struct object_put *put, struct arena *arena,
                   struct object_put_result *ret, struct err *err) {
    struct putting p = {.client = client, .put = put, .arena = arena, .out = ret};
    memset(ret, 0, sizeof *ret);
    const Profile *profile;
    int rc = object_put_open(client, put, arena, &p.bucket, &profile, &p.creator, &p.max_price, err);
    if (rc)
        return rc;
    p.profile = *profile;
    rc = object_content_root(put->fd, put->size, &p.profile, put, &ret->content_root, err);
    return rc ? rc : run(&p, err);
}
