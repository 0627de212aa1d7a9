/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/metadata/metadata.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/http/uri.h"
#include "chain/types/name.h"
#include "sp/spdb/reads.h"

enum { QUERY_MAX = 16384, READS_PAGE = 1000 };

void metadata_init(struct metadata *m, struct ledger *ledger, struct authenticator *auth, struct spdb *db) {
    *m = (struct metadata){.ledger = ledger, .auth = auth, .db = db};
}

/* --- questions to the ledger
 * ------------------------------------------------------------------------------------------ */

static void add(struct buf *path, const char *name, const char *value) {
    buf_put_str(path, name);
    uri_encode(path, bytes_str(value), false);
}

/* Asks and lets go of the path. */
static int ask(struct metadata *m, struct buf *path, const ProtobufCMessageDescriptor *desc, struct arena *arena,
               void *ret_msg, struct err *err) {
    const char *text = buf_failed(path) ? NULL : buf_cstr(path);
    int rc = text ? ledger_query_pb(m->ledger, text, desc, arena, ret_msg, err)
                  : err_set(err, CODE_TOO_LARGE, "a name in the request is too long");
    buf_release(path);
    return rc;
}

int metadata_buckets(struct metadata *m, const struct addr *owner, const char *start_after, uint32_t limit,
                     struct arena *arena, BucketsAnswer **ret, struct err *err) {
    struct buf path;
    char address[ADDR_TEXT_MAX];
    addr_to_text(owner, address);
    buf_init(&path, QUERY_MAX);
    buf_printf(&path, "/storage/buckets?owner=%s&limit=%u&start_after=", address, limit);
    add(&path, "", start_after);
    return ask(m, &path, &buckets_answer__descriptor, arena, ret, err);
}

int metadata_bucket(struct metadata *m, const char *bucket, struct arena *arena, BucketInfo **ret, struct err *err) {
    struct buf path;
    int rc = name_check_bucket(bucket, err);
    if (rc)
        return rc;
    buf_init(&path, QUERY_MAX);
    add(&path, "/storage/bucket?bucket_name=", bucket);
    rc = ask(m, &path, &bucket_info__descriptor, arena, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_BUCKET_NOT_FOUND, "there is no bucket named %s", bucket) : rc;
}

int metadata_owned(struct metadata *m, const struct caller *caller, const char *bucket, struct arena *arena,
                   BucketInfo **ret, struct err *err) {
    BucketInfo *found;
    if (caller->anonymous)
        return err_set(err, CODE_UNAUTHENTICATED, "sign the request: only a bucket's owner is told this");
    int rc = metadata_bucket(m, bucket, arena, &found, err);
    if (!rc && !bytes_eq(pb_bytes(found->owner), addr_bytes(&caller->address)))
        rc = err_set(err, CODE_DENIED, "only the owner of bucket %s is told this", bucket);
    if (!rc)
        *ret = found;
    return rc;
}

int metadata_object(struct metadata *m, const struct caller *caller, const char *bucket, const char *object,
                    struct arena *arena, ObjectInfo **ret, struct err *err) {
    struct buf path;
    int rc = name_check_bucket(bucket, err);
    if (!rc)
        rc = name_check_object(object, err);
    if (!rc)
        rc = authenticator_may(m->auth, caller, ACTION_GET_OBJECT, bucket, object, 0, err);
    if (rc)
        return rc;
    buf_init(&path, QUERY_MAX);
    add(&path, "/storage/object?bucket_name=", bucket);
    add(&path, "&object_name=", object);
    rc = ask(m, &path, &object_info__descriptor, arena, ret, err);
    return rc == CODE_NOT_FOUND
               ? err_set(err, CODE_OBJECT_NOT_FOUND, "there is no object %.200s in bucket %s", object, bucket)
               : rc;
}

int metadata_objects(struct metadata *m, const struct caller *caller, const struct metadata_list *list,
                     struct arena *arena, ObjectsAnswer **ret, struct err *err) {
    struct buf path;
    int rc = name_check_bucket(list->bucket, err);
    if (!rc)
        rc = authenticator_may(m->auth, caller, ACTION_LIST_OBJECTS, list->bucket, "", 0, err);
    if (rc)
        return rc;
    buf_init(&path, QUERY_MAX);
    buf_printf(&path, "/storage/objects?limit=%u", list->limit);
    add(&path, "&bucket_name=", list->bucket);
    add(&path, "&prefix=", list->prefix);
    add(&path, "&delimiter=", list->delimiter);
    add(&path, "&start_after=", list->start_after);
    return ask(m, &path, &objects_answer__descriptor, arena, ret, err);
}

/* --- reads
 * ------------------------------------------------------------------------------------------------------------- */

enum { READS_FULL = -1 };

struct reads {
    struct arena *arena;
    ReadsBody *body;
};

/* A page ends only between two times, so that the next one can begin at a time. */
static int add_read(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct reads *reads = ctx;
    ReadsBody *b = reads->body;
    const ReadRecord *record = msg;
    (void)key;
    if (b->n_reads >= READS_PAGE && record->time_ms != b->reads[b->n_reads - 1]->time_ms) {
        b->next_ms = record->time_ms;
        return READS_FULL;
    }
    if (b->n_reads == 2 * READS_PAGE)
        return err_set(err, CODE_LIMIT, "too many reads in one millisecond");
    int rc = pb_copy(record, reads->arena, &b->reads[b->n_reads], err);
    b->n_reads += !rc;
    return rc;
}

int metadata_reads(struct metadata *m, uint64_t bucket_id, uint64_t from_ms, struct arena *arena, ReadsBody **ret,
                   struct err *err) {
    struct reads reads = {.arena = arena, .body = ARENA_NEW(arena, ReadsBody)};
    if (!reads.body)
        return err_set(err, CODE_NO_MEMORY, "no memory for a list of reads");
    reads_body__init(reads.body);
    reads.body->reads = arena_array(arena, 2 * READS_PAGE, sizeof *reads.body->reads);
    if (!reads.body->reads)
        return err_set(err, CODE_NO_MEMORY, "no memory for a list of reads");
    int rc = read_each(m->db, bucket_id, from_ms, add_read, &reads, err);
    if (rc && rc != READS_FULL)
        return rc;
    *ret = reads.body;
    return CODE_OK;
}
