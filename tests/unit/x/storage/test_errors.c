/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that create and seal refuse: one right message, one field changed, one code. After each refusal nothing
 * may have changed but the fee. */
#include "tests/lib/ledger/deal.h"

#include "chain/crypto/hash.h"
#include "chain/store/overlay.h"
#include "chain/types/key.h"
#include "x/base/ctx.h"

static struct fixture f;
static struct deal d;

/* One digest of every record of storage, permission, payment and sp: what anybody owns, beside the coins of x/auth. */
static void digest_records(struct ctx *ctx, void *arg) {
    static const enum key_module modules[] = {KEY_SP, KEY_STORAGE, KEY_PERMISSION, KEY_PAYMENT};
    struct hasher h;
    struct err err;
    hasher_init(&h, DOMAIN_VALUE);
    for (size_t i = 0; i < COUNT_OF(modules); i++) {
        struct state_iter it;
        struct bytes key, value;
        struct key prefix;
        key_begin_module(&prefix, modules[i]);
        state_iter_init(&it, ctx->state, key_bytes(&prefix), BYTES_NONE, 0);
        while (state_iter_next(&it, &key, &value)) {
            hasher_add_u64(&h, key.len);
            hasher_add(&h, key.data, key.len);
            hasher_add_u64(&h, value.len);
            hasher_add(&h, value.data, value.len);
        }
        assert_ok(state_iter_end(&it, &err), &err);
    }
    *(struct hash *)arg = hasher_done(&h);
}

static struct hash records(void) {
    struct hash h;
    fixture_with_ctx(&f, digest_records, &h);
    return h;
}

/* A refusal left every record as it was. */
static void check_nothing_lost(const struct hash *before, int code, const char *what) {
    struct hash after = records();
    if (code != CODE_OK && !hash_eq(before, &after))
        fail_msg("%s: refused, and records have changed", what);
}

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.params.storage.tags_max = 3;
    f.params.storage.metadata_bytes_max = 100;
    f.params.storage.positions_max = 7;
    f.params.storage.slots_per_bucket = 2;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static char *text(const char *s) {
    return arena_strdup(&f.tx_arena, s);
}

static char *run_of(char c, size_t n) {
    char *s = arena_alloc(&f.tx_arena, n + 1);
    memset(s, c, n);
    return s;
}

static ProtobufCBinaryData zeros(size_t n) {
    return (ProtobufCBinaryData){n, arena_alloc(&f.tx_arena, n)};
}

static Tag **tags(size_t n, bool same) {
    Tag **list = arena_array(&f.tx_arena, n, sizeof *list);
    for (size_t i = 0; i < n; i++) {
        list[i] = ARENA_NEW(&f.tx_arena, Tag);
        tag__init(list[i]);
        list[i]->key = same ? text("k") : arena_printf(&f.tx_arena, "k%zu", i);
        list[i]->value = text("v");
    }
    return list;
}

/* --- create bucket --- */

struct bucket_row {
    const char *what;
    void (*change)(struct bucket_try *t);
    int want;
};

#define B(name, body)                                                                                                  \
    static void b_##name(struct bucket_try *t) {                                                                       \
        body;                                                                                                          \
    }
B(name_short, t->spec.bucket_name = text("ab"))
B(name_3, t->spec.bucket_name = text("abc"))
B(name_63, t->spec.bucket_name = run_of('a', 63))
B(name_64, t->spec.bucket_name = run_of('a', 64))
B(name_upper, t->spec.bucket_name = text("Photos"))
B(name_dots, t->spec.bucket_name = text("a..b"))
B(name_ip, t->spec.bucket_name = text("10.0.0.1"))
B(name_dash, t->spec.bucket_name = text("-abc"))
B(creator, t->spec.creator = fixture_addr_data(&f, "bob"))
B(visibility_none, t->spec.visibility = VISIBILITY_UNSPECIFIED)
B(visibility_inherit, t->spec.visibility = VISIBILITY_INHERIT)
B(profile_k, t->profile.k = 0)
B(profile_kind, t->profile.kind = PROFILE_KIND_KEYED_REPLICA; t->profile.m = 0; t->profile.whole = false)
B(profile_positions, t->profile.m = 3)
B(profile_segment, t->profile.segment_size = 1000)
B(tags_3, t->spec.tags = tags(3, false); t->spec.n_tags = 3)
B(tags_4, t->spec.tags = tags(4, false); t->spec.n_tags = 4)
B(tags_same, t->spec.tags = tags(2, true); t->spec.n_tags = 2)
B(payer, t->spec.payment_address = fixture_addr_data(&f, "bob"))
B(payer_short, t->spec.payment_address = zeros(20))
B(no_approval, t->approver = NULL)
B(approver, t->approver = "sp1.approval")
B(approver_seal, t->approver = "sp0.seal")
B(flip, t->flip = true)
B(chain, t->approval.chain_tag = zeros(32))
B(spec_hash, t->approval.spec_hash = zeros(32))
B(sp, t->approval.sp_id = 2)
B(sp_unknown, t->approval.sp_id = t->spec.primary_sp = 99)
B(timeout_now, t->approval.timeout = fixture_ledger_time(&f) + 1000)
B(timeout_next, t->approval.timeout = fixture_ledger_time(&f) + 1001)
B(timeout_max, t->approval.timeout = fixture_ledger_time(&f) + 1000 + f.params.storage.approval_ttl_max_ms)
B(timeout_over, t->approval.timeout = fixture_ledger_time(&f) + 1001 + f.params.storage.approval_ttl_max_ms)

static const struct bucket_row bucket_rows[] = {
    {"name of 2", b_name_short, CODE_BUCKET_NAME},
    {"name of 3", b_name_3, CODE_OK},
    {"name of 63", b_name_63, CODE_OK},
    {"name of 64", b_name_64, CODE_BUCKET_NAME},
    {"upper case", b_name_upper, CODE_BUCKET_NAME},
    {"two dots", b_name_dots, CODE_BUCKET_NAME},
    {"an address", b_name_ip, CODE_BUCKET_NAME},
    {"dash first", b_name_dash, CODE_BUCKET_NAME},
    {"another's spec", b_creator, CODE_DENIED},
    {"no visibility", b_visibility_none, CODE_VISIBILITY},
    {"inherits", b_visibility_inherit, CODE_VISIBILITY},
    {"k = 0", b_profile_k, CODE_PROFILE},
    {"keyed", b_profile_kind, CODE_PROFILE},
    {"8 positions of 7", b_profile_positions, CODE_PROFILE},
    {"segment size", b_profile_segment, CODE_PROFILE},
    {"3 tags", b_tags_3, CODE_OK},
    {"4 tags", b_tags_4, CODE_TAGS},
    {"same tags", b_tags_same, CODE_TAGS},
    {"another's account", b_payer, CODE_PAYMENT_OWNER},
    {"nobody's account", b_payer_short, CODE_PAYMENT_OWNER},
    {"no approval", b_no_approval, CODE_APPROVAL_MISSING},
    {"another SP's key", b_approver, CODE_APPROVAL_SIGNATURE},
    {"another key of the SP", b_approver_seal, CODE_APPROVAL_SIGNATURE},
    {"a bit flipped", b_flip, CODE_APPROVAL_SIGNATURE},
    {"another chain", b_chain, CODE_CHAIN_MISMATCH},
    {"another spec", b_spec_hash, CODE_APPROVAL_SPEC},
    {"another SP", b_sp, CODE_APPROVAL_SP},
    {"unknown SP", b_sp_unknown, CODE_SP_NOT_FOUND},
    {"expired now", b_timeout_now, CODE_APPROVAL_EXPIRED},
    {"expires 1 ms later", b_timeout_next, CODE_OK},
    {"as long as allowed", b_timeout_max, CODE_OK},
    {"1 ms too long", b_timeout_over, CODE_APPROVAL_TIMEOUT},
};

static void create_bucket__refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bucket_rows / sizeof *bucket_rows; i++) {
        struct bucket_try t;
        d.bucket = arena_printf(&f.setup, "bucket-%zu", i);
        deal_bucket_try(&d, &t);
        bucket_rows[i].change(&t);
        struct hash before = records();
        const TxResult *r = deal_bucket_send(&d, &t, "alice");
        if ((int)r->code != bucket_rows[i].want)
            fail_msg("%s: %s (%s)", bucket_rows[i].what, code_name((int)r->code), r->log);
        check_nothing_lost(&before, bucket_rows[i].want, bucket_rows[i].what);
    }
}

static void greenfield_11_3_9__an_approval_is_good_once(void **state) {
    (void)state;
    struct bucket_try t;
    deal_must_bucket(&d);
    deal_bucket_try(&d, &t);
    assert_code((int)deal_bucket_send(&d, &t, "alice")->code, CODE_BUCKET_EXISTS);
    d.bucket = "other";
    d.nonce = 1;
    deal_bucket_try(&d, &t);
    assert_code((int)deal_bucket_send(&d, &t, "alice")->code, CODE_APPROVAL_USED);
    deal_bucket_try(&d, &t);
    t.approval.nonce = 0;
    assert_code((int)deal_bucket_send(&d, &t, "alice")->code, CODE_OK);
}

static void create_bucket__used_approvals_are_forgotten(void **state) {
    (void)state;
    struct bucket_try t;
    deal_bucket_try(&d, &t);
    t.approval.timeout = fixture_ledger_time(&f) + 5000;
    uint64_t nonce = t.approval.nonce;
    assert_code((int)deal_bucket_send(&d, &t, "alice")->code, CODE_OK);
    fixture_skip(&f, 6000);
    d.nonce = nonce;
    d.bucket = "again";
    deal_must_bucket(&d); /* the number may be used again: what it was used for has expired */
}

static void create_bucket__101st(void **state) {
    (void)state;
    struct bucket_try t;
    for (int i = 0; i < 100; i++) {
        d.bucket = arena_printf(&f.setup, "bucket-%d", i);
        deal_must_bucket(&d);
    }
    d.bucket = "one-more";
    deal_bucket_try(&d, &t);
    struct hash before = records();
    assert_code((int)deal_bucket_send(&d, &t, "alice")->code, CODE_BUCKET_LIMIT);
    check_nothing_lost(&before, CODE_BUCKET_LIMIT, "the 101st bucket");
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    m.bucket_name = text("bucket-7");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    deal_must_bucket(&d);
}

static void delete_bucket__refusals(void **state) {
    (void)state;
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    deal_must_bucket(&d);
    deal_must_create(&d);
    struct hash before = records();
    m.bucket_name = text("photos");
    assert_code((int)fixture_do(&f, "bob", &m.base)->code, CODE_DENIED);
    m = (MsgDeleteBucket)MSG_DELETE_BUCKET__INIT;
    m.bucket_name = text("photos");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_BUCKET_NOT_EMPTY);
    m = (MsgDeleteBucket)MSG_DELETE_BUCKET__INIT;
    m.bucket_name = text("nowhere");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_BUCKET_NOT_FOUND);
    check_nothing_lost(&before, CODE_BUCKET_NOT_EMPTY, "deleting a bucket");
}

/* --- create object --- */

struct object_row {
    const char *what;
    void (*change)(struct object_try *t);
    int want;
};

#define O(name, body)                                                                                                  \
    static void o_##name(struct object_try *t) {                                                                       \
        body;                                                                                                          \
    }
O(name_empty, t->spec.object_name = text(""))
O(name_1024, t->spec.object_name = run_of('n', 1024))
O(name_1025, t->spec.object_name = run_of('n', 1025))
O(name_dots, t->spec.object_name = text("a/../b"))
O(name_slashes, t->spec.object_name = text("a//b"))
O(creator, t->spec.creator = fixture_addr_data(&f, "bob"))
O(bucket, t->spec.bucket_name = text("nowhere"))
O(size_max, t->spec.payload_size = f.params.storage.object_size_max; t->spec.max_price = 0; t->approval.price = 0)
O(size_over, t->spec.payload_size = f.params.storage.object_size_max + 1)
O(visibility, t->spec.visibility = VISIBILITY_UNSPECIFIED)
O(root_len, t->spec.content_root = zeros(31))
O(root_none, t->spec.content_root = zeros(0))
O(stream_root, t->spec.stream = true)
O(term_renew, t->spec.auto_renew = true)
O(price_cap, t->spec.max_price = f.params.payment.price_max + 1)
O(price_below, t->spec.max_price = t->approval.price - 1)
O(price_equal, t->spec.max_price = t->approval.price)
O(price_poor, t->spec.max_price = f.params.payment.price_max; t->spec.payload_size = GIB)
O(tags_4, t->spec.tags = tags(4, false); t->spec.n_tags = 4)
O(metadata_100, t->spec.metadata = zeros(100))
O(metadata_101, t->spec.metadata = zeros(101))
O(envelope, t->spec.envelope_digest = zeros(31))
O(content_type, t->spec.content_type = run_of('t', 129))
O(etag, t->spec.etag = text("a\nb"))
O(payer, t->spec.payment_address = fixture_addr_data(&f, "bob"))
O(payer_same, t->spec.payment_address = fixture_addr_data(&f, "alice"))
O(version, t->spec.expected_version = 1)
O(profile, t->profile.k = 40)
O(no_approval, t->approver = NULL)
O(approver, t->approver = "sp2.approval")
O(flip, t->flip = true)
O(spec_hash, t->approval.spec_hash = zeros(32))
O(sp, t->approval.sp_id = 2; t->approver = "sp1.approval")
O(expired, t->approval.timeout = fixture_ledger_time(&f))
O(empty_root, t->spec.payload_size = 0)

static const struct object_row object_rows[] = {
    {"no name", o_name_empty, CODE_OBJECT_NAME},
    {"name of 1024", o_name_1024, CODE_OK},
    {"name of 1025", o_name_1025, CODE_OBJECT_NAME},
    {"..", o_name_dots, CODE_OBJECT_NAME},
    {"//", o_name_slashes, CODE_OBJECT_NAME},
    {"another's spec", o_creator, CODE_DENIED},
    {"no bucket", o_bucket, CODE_BUCKET_NOT_FOUND},
    {"the largest", o_size_max, CODE_OK},
    {"one byte more", o_size_over, CODE_OBJECT_SIZE},
    {"no visibility", o_visibility, CODE_VISIBILITY},
    {"root of 31 bytes", o_root_len, CODE_MALFORMED},
    {"no root", o_root_none, CODE_OK},
    {"stream with a root", o_stream_root, CODE_CONTENT_ROOT},
    {"renewal", o_term_renew, CODE_RENEW},
    {"price above the cap", o_price_cap, CODE_PRICE},
    {"limit below the approval", o_price_below, CODE_PRICE},
    {"limit as approved", o_price_equal, CODE_OK},
    {"more than the payer has", o_price_poor, CODE_PAYMENT_FUNDS},
    {"4 tags", o_tags_4, CODE_TAGS},
    {"100 bytes of metadata", o_metadata_100, CODE_OK},
    {"101 bytes of metadata", o_metadata_101, CODE_METADATA},
    {"digest of 31 bytes", o_envelope, CODE_MALFORMED},
    {"content type of 129", o_content_type, CODE_METADATA},
    {"etag with a newline", o_etag, CODE_METADATA},
    {"another's account", o_payer, CODE_PAYER},
    {"the bucket's account", o_payer_same, CODE_OK},
    {"a version", o_version, CODE_OBJECT_VERSION},
    {"k = 40", o_profile, CODE_PROFILE},
    {"no approval", o_no_approval, CODE_APPROVAL_MISSING},
    {"another SP's key", o_approver, CODE_APPROVAL_SIGNATURE},
    {"a bit flipped", o_flip, CODE_APPROVAL_SIGNATURE},
    {"another spec", o_spec_hash, CODE_APPROVAL_SPEC},
    {"not the bucket's SP", o_sp, CODE_APPROVAL_SP},
    {"expired", o_expired, CODE_APPROVAL_EXPIRED},
    {"no bytes with a root of some", o_empty_root, CODE_CONTENT_ROOT},
};

static void create_object__refusals(void **state) {
    (void)state;
    deal_must_bucket(&d);
    for (size_t i = 0; i < sizeof object_rows / sizeof *object_rows; i++) {
        struct object_try t;
        d.object = arena_printf(&f.setup, "object-%zu", i);
        deal_object_try(&d, &t);
        object_rows[i].change(&t);
        struct hash before = records();
        const TxResult *r = deal_object_send(&d, &t, "alice");
        if ((int)r->code != object_rows[i].want)
            fail_msg("%s: %s (%s)", object_rows[i].what, code_name((int)r->code), r->log);
        check_nothing_lost(&before, object_rows[i].want, object_rows[i].what);
    }
}

static void create_object__taken_name_and_used_approval(void **state) {
    (void)state;
    struct object_try t;
    deal_must_bucket(&d);
    deal_must_create(&d);
    deal_object_try(&d, &t);
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_OBJECT_EXISTS);
    d.object = "b.jpg";
    d.nonce = 2; /* the bucket took 1, the object 2 */
    deal_object_try(&d, &t);
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_APPROVAL_USED);
}

/* --- seal --- */

struct seal_row {
    const char *what;
    void (*change)(struct seal_try *t);
    int want;
};

static uint8_t some_hash[32];
static ProtobufCBinaryData named[] = {{sizeof some_hash, some_hash}};

#define S(name, body)                                                                                                  \
    static void s_##name(struct seal_try *t) {                                                                         \
        body;                                                                                                          \
    }
S(bucket, t->msg.bucket_name = text("nowhere"))
S(object, t->msg.object_name = text("nothing"))
S(object_id, t->msg.object_id++)
S(version, t->msg.version++)
S(no_group, t->msg.group_id = 0)
S(group_unknown, t->msg.group_id = 99)
S(group_profile, t->msg.group_id = 2)
S(group_primary, t->msg.group_id = 3)
S(missing, t->count--)
S(too_few, t->without = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3)
S(unnamed, t->without = 1 << 6; t->more = true)
S(named_twice, t->msg.checksums = named; t->msg.n_checksums = 1)
S(descending, t->without = 1 << 6; Receipt r = t->receipts[4]; t->receipts[4] = t->receipts[5]; t->receipts[5] = r;
  t->keys[4] = "sp5.seal"; t->keys[5] = "sp4.seal")
S(beyond, t->without = 1 << 0; t->receipts[6].position = 7)
S(swapped, Receipt r = t->receipts[1]; t->receipts[1] = t->receipts[2]; t->receipts[2] = r)
S(twice, t->receipts[2] = t->receipts[1])
S(forged, t->keys[3] = "sp4.seal")
S(flipped, t->flip = 5)
S(r_chain, t->receipts[1].chain_tag = zeros(32))
S(r_creator, t->receipts[1].creator = fixture_addr_data(&f, "bob"))
S(r_bucket, t->receipts[1].bucket_id++)
S(r_name, t->receipts[1].object_name = text("b.jpg"))
S(r_object, t->receipts[1].object_id++)
S(r_version, t->receipts[1].version++)
S(r_upload, t->receipts[1].upload_id = zeros(16))
S(r_size, t->receipts[1].size++)
S(r_profile, t->profiles[1].segment_size *= 2)
S(r_sp, t->receipts[1].sp_id = 3)
S(r_checksum, t->receipts[1].checksum = zeros(31))
S(r_expired, t->receipts[1].valid_until = fixture_ledger_time(&f) + 1000)
S(r_last_ms, t->receipts[1].valid_until = fixture_ledger_time(&f) + 1001)
S(r_long, t->receipts[1].valid_until = fixture_ledger_time(&f) + 1001 + f.params.storage.receipt_ttl_max_ms)
S(r_price_max, t->receipts[1].price = d.max_price)
S(r_price_over, t->receipts[1].price = d.max_price + 1)
S(p_price_over, t->receipts[0].price = d.price + 1)
S(p_content, t->receipts[0].checksum = zeros(32))
S(statement, t->stated = true)
S(layout_by_sp, t->layout = true)
S(layout_extra, t->msg.layout_root = zeros(32))
S(coded_by_none, t->msg.coded_by_sp = false)

static const struct seal_row seal_rows[] = {
    {"no bucket", s_bucket, CODE_BUCKET_NOT_FOUND},
    {"no object", s_object, CODE_OBJECT_NOT_FOUND},
    {"another id", s_object_id, CODE_OBJECT_VERSION},
    {"another version", s_version, CODE_OBJECT_VERSION},
    {"no group", s_no_group, CODE_PLACEMENT_GROUP},
    {"unknown group", s_group_unknown, CODE_PLACEMENT_GROUP_NOT_FOUND},
    {"group of another profile", s_group_profile, CODE_PLACEMENT_GROUP},
    {"group of another primary", s_group_primary, CODE_PLACEMENT_GROUP},
    {"a receipt less", s_missing, CODE_SEAL_PARTIAL},
    {"too few to read it", s_too_few, CODE_SEAL_PARTIAL},
    {"a column without a receipt that is not named", s_unnamed, CODE_SEAL_PARTIAL},
    {"a column named that has a receipt", s_named_twice, CODE_SEAL_PARTIAL},
    {"receipts that do not ascend", s_descending, CODE_RECEIPT_MISSING},
    {"a receipt of no position", s_beyond, CODE_RECEIPT_MISSING},
    {"receipts swapped", s_swapped, CODE_RECEIPT_MISSING},
    {"one twice", s_twice, CODE_RECEIPT_MISSING},
    {"signed by another", s_forged, CODE_RECEIPT_SIGNATURE},
    {"a bit flipped", s_flipped, CODE_RECEIPT_SIGNATURE},
    {"another chain", s_r_chain, CODE_CHAIN_MISMATCH},
    {"another creator", s_r_creator, CODE_RECEIPT_FOREIGN},
    {"another bucket", s_r_bucket, CODE_RECEIPT_FOREIGN},
    {"another name", s_r_name, CODE_RECEIPT_FOREIGN},
    {"another object", s_r_object, CODE_RECEIPT_FOREIGN},
    {"another version", s_r_version, CODE_RECEIPT_FOREIGN},
    {"another upload", s_r_upload, CODE_RECEIPT_FOREIGN},
    {"another size", s_r_size, CODE_RECEIPT_FOREIGN},
    {"another profile", s_r_profile, CODE_RECEIPT_FOREIGN},
    {"another SP", s_r_sp, CODE_RECEIPT_FOREIGN},
    {"a short checksum", s_r_checksum, CODE_MALFORMED},
    {"stale", s_r_expired, CODE_RECEIPT_EXPIRED},
    {"valid for too long", s_r_long, CODE_RECEIPT_EXPIRED},
    {"a price over the limit", s_r_price_over, CODE_PRICE},
    {"the primary's over its approval", s_p_price_over, CODE_PRICE},
    {"the primary holds other content", s_p_content, CODE_CONTENT_ROOT},
    {"a statement too many", s_statement, CODE_STATEMENT},
    {"a layout root from the SP", s_layout_by_sp, CODE_LAYOUT_ROOT},
    {"a layout root beside coded_by_sp", s_layout_extra, CODE_LAYOUT_ROOT},
    {"nobody coded", s_coded_by_none, CODE_LAYOUT_ROOT},
};

/* Group 1 fits; 2 has another profile; 3 another primary. */
static void open_groups(void) {
    struct deal other = d;
    deal_must_group(&d);
    profile_parse("replica:2", 64 * KIB, &other.profile, NULL);
    deal_must_group(&other);
    MsgOpenGroup m = MSG_OPEN_GROUP__INIT;
    uint32_t members[] = {2, 1, 3, 4, 5, 6, 7};
    m.profile = &d.profile;
    m.members = members;
    m.n_members = 7;
    assert_code((int)fixture_do(&f, "sp1", &m.base)->code, CODE_OK);
}

static void seal__refusals(void **state) {
    (void)state;
    deal_must_bucket(&d);
    open_groups();
    deal_must_create(&d);
    for (size_t i = 0; i < sizeof seal_rows / sizeof *seal_rows; i++) {
        struct seal_try t;
        deal_seal_try(&d, &t);
        seal_rows[i].change(&t);
        struct hash before = records();
        const TxResult *r = deal_seal_send(&d, &t, "sp0.seal");
        if ((int)r->code != seal_rows[i].want)
            fail_msg("%s: %s (%s)", seal_rows[i].what, code_name((int)r->code), r->log);
        check_nothing_lost(&before, seal_rows[i].want, seal_rows[i].what);
        assert_int_equal(deal_object(&d)->object_status, OBJECT_STATUS_CREATED);
    }
    static const char *const others[] = {"bob", "sp0", "sp1.seal"};
    for (size_t i = 0; i < 3; i++) {
        struct seal_try t;
        deal_seal_try(&d, &t);
        assert_code((int)deal_seal_send(&d, &t, others[i])->code, CODE_SEALER);
    }
    deal_must_seal(&d);
    struct seal_try t;
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OBJECT_STATUS);
}

static void seal__at_the_edges(void **state) {
    (void)state;
    static const struct seal_row rows[] = {{"valid for 1 ms more", s_r_last_ms, CODE_OK},
                                           {"a price at the limit", s_r_price_max, CODE_OK}};
    deal_must_bucket(&d);
    open_groups();
    for (size_t i = 0; i < 2; i++) {
        struct seal_try t;
        d.object = rows[i].what;
        deal_must_create(&d);
        deal_seal_try(&d, &t);
        rows[i].change(&t);
        const TxResult *r = deal_seal_send(&d, &t, "sp0.seal");
        if ((int)r->code != rows[i].want)
            fail_msg("%s: %s", rows[i].what, r->log);
    }
}

/* A receipt of one object in the seal of another: every binding at once. */
static void greenfield_11_3_10__receipts_do_not_travel(void **state) {
    (void)state;
    struct seal_try first, second;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_seal_try(&d, &first);
    struct deal other = d;
    other.object = "b.jpg";
    deal_must_create(&other);
    deal_seal_try(&d, &first);
    deal_seal_try(&other, &second);
    second.receipts[4] = first.receipts[4];
    assert_code((int)deal_seal_send(&other, &second, "sp0.seal")->code, CODE_RECEIPT_FOREIGN);
}

static void seal__statement_refusals(void **state) {
    (void)state;
    struct object_try o;
    struct seal_try t;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_object_try(&d, &o);
    o.spec.content_root = (ProtobufCBinaryData){0, NULL};
    d.object_id = deal_object_send(&d, &o, "alice")->ids[0];
    for (int i = 0; i < 8; i++) {
        static const int want[] = {CODE_STATEMENT, CODE_STATEMENT,   CODE_STATEMENT, CODE_STATEMENT,
                                   CODE_STATEMENT, CODE_OBJECT_SIZE, CODE_STATEMENT, CODE_CHAIN_MISMATCH};
        deal_seal_try(&d, &t);
        t.stated = true;
        if (i == 0)
            t.stater = "bob";
        if (i == 1)
            t.statement.creator = fixture_addr_data(&f, "bob");
        if (i == 2)
            t.statement.bucket_id++;
        if (i == 3)
            t.statement.version++;
        if (i == 4)
            t.statement.upload_id = zeros(16);
        if (i == 5)
            t.statement.size--;
        if (i == 6)
            t.statement.object_name = text("b.jpg");
        if (i == 7)
            t.statement.chain_tag = zeros(32);
        const TxResult *r = deal_seal_send(&d, &t, "sp0.seal");
        if ((int)r->code != want[i])
            fail_msg("%d: %s", i, r->log);
    }
    deal_seal_try(&d, &t);
    t.stated = true;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
}

static void seal__slots_of_a_bucket_are_capped(void **state) {
    (void)state;
    static const int want[] = {CODE_OK, CODE_OK, CODE_SLOT_LIMIT};
    uint64_t groups[3];
    deal_must_bucket(&d);
    for (size_t i = 0; i < 3; i++) {
        deal_must_group(&d);
        groups[i] = d.group_id;
    }
    for (size_t i = 0; i < 3; i++) {
        struct seal_try t;
        d.object = arena_printf(&f.setup, "object-%zu", i);
        d.group_id = groups[i];
        deal_must_create(&d);
        deal_seal_try(&d, &t);
        assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, want[i]);
    }
    assert_int_equal(deal_bucket(&d)->live_slots, 2);
}

static void create_object__of_a_payer_without_account(void **state) {
    (void)state;
    struct bucket_try b;
    struct object_try o;
    struct deal poor = d;
    poor.owner = "bob";
    poor.bucket = "poor";
    deal_bucket_try(&poor, &b);
    assert_code((int)deal_bucket_send(&poor, &b, "bob")->code, CODE_OK);
    deal_object_try(&poor, &o);
    assert_code((int)deal_object_send(&poor, &o, "bob")->code, CODE_PAYMENT_ACCOUNT_NOT_FOUND);
}

/* --- groups --- */

static GroupMember **members(size_t n, uint64_t expires_at) {
    GroupMember **list = arena_array(&f.tx_arena, n, sizeof *list);
    for (size_t i = 0; i < n; i++) {
        list[i] = ARENA_NEW(&f.tx_arena, GroupMember);
        group_member__init(list[i]);
        list[i]->account = fixture_addr_data(&f, arena_printf(&f.tx_arena, "member%zu", i));
        list[i]->expires_at = expires_at;
    }
    return list;
}

static int create_group(const char *name, size_t n, uint64_t expires_at) {
    MsgCreateGroup m = MSG_CREATE_GROUP__INIT;
    m.group_name = text(name);
    m.members = members(n, expires_at);
    m.n_members = n;
    Msg *msg = fixture_msg(&f, "alice", &m.base);
    const struct tx *tx = fixture_tx(&f, "alice", 0, &msg, 1);
    struct err err = {0};
    int rc = fixture_process(&f, &tx, 1, &err);
    return rc ? rc : (int)fixture_block(&f, &tx, 1)->txs[0]->code;
}

static int update_group(const char *who, const char *name, size_t add, size_t remove) {
    MsgUpdateGroupMembers m = MSG_UPDATE_GROUP_MEMBERS__INIT;
    m.group_name = text(name);
    m.group_owner = fixture_addr_data(&f, "alice");
    m.add = members(add, 0);
    m.n_add = add;
    m.remove = arena_array(&f.tx_arena, remove, sizeof *m.remove);
    m.n_remove = remove;
    for (size_t i = 0; i < remove; i++)
        m.remove[i] = fixture_addr_data(&f, arena_printf(&f.tx_arena, "member%zu", add + i));
    Msg *msg = fixture_msg(&f, who, &m.base);
    const struct tx *tx = fixture_tx(&f, who, 0, &msg, 1);
    struct err err = {0};
    int rc = fixture_process(&f, &tx, 1, &err);
    return rc ? rc : (int)fixture_block(&f, &tx, 1)->txs[0]->code;
}

static void group__rules(void **state) {
    (void)state;
    assert_code(create_group("", 0, 0), CODE_GROUP_NAME);
    assert_code(create_group("friends", 20, 0), CODE_OK);
    assert_code(create_group("friends", 1, 0), CODE_GROUP_EXISTS);
    assert_code(create_group("more", 21, 0), CODE_MEMBER_LIMIT);
    assert_code(create_group("late", 1, fixture_ledger_time(&f)), CODE_MEMBER);
    assert_code(update_group("alice", "nobody", 1, 0), CODE_GROUP_NOT_FOUND);
    assert_code(update_group("bob", "friends", 1, 0), CODE_DENIED);
    assert_code(update_group("alice", "friends", 0, 0), CODE_MEMBER);
    assert_code(update_group("alice", "friends", 0, 20), CODE_OK);
    assert_code(update_group("alice", "friends", 0, 1), CODE_MEMBER_NOT_FOUND);
    assert_code(update_group("alice", "friends", 19, 0), CODE_OK);
    assert_code(update_group("alice", "friends", 19, 1), CODE_MEMBER_NOT_FOUND);
    assert_code(update_group("alice", "friends", 20, 1), CODE_MEMBER_LIMIT);
    for (int i = 1; i < 100; i++)
        assert_code(create_group(arena_printf(&f.setup, "group-%d", i), 0, 0), CODE_OK);
    assert_code(create_group("one-more", 0, 0), CODE_GROUP_LIMIT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest tests[] = {
    T(create_bucket__refusals),
    T(greenfield_11_3_9__an_approval_is_good_once),
    T(create_bucket__used_approvals_are_forgotten),
    T(create_bucket__101st),
    T(delete_bucket__refusals),
    T(create_object__refusals),
    T(create_object__taken_name_and_used_approval),
    T(seal__refusals),
    T(seal__at_the_edges),
    T(greenfield_11_3_10__receipts_do_not_travel),
    T(seal__statement_refusals),
    T(seal__slots_of_a_bucket_are_capped),
    T(create_object__of_a_payer_without_account),
    T(group__rules),
};

int main(void) {
    test_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
