/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/object_stage.h"

#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "chain/os/random.h"
#include "chain/types/layout.h"
#include "chain/types/signed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ROUNDS_MAX = 4,      /* groups tried */
    PIECE_TRIES = 3,     /* of each piece */
    KEEP_MS = 3000000,   /* asked of providers: 50 minutes; an hour is the most */
    RECEIPT_MS = 300000, /* a receipt's life, once everything is staged */
    RENEW_MS = 120000,   /* an approval or a stage with less left is asked for anew */
    SEND_DEADLINE_MS = 600000,
    SEND_IDLE_MS = 30000,
    PATH_LEN = 128,
    ROOT_HEADER = 96,
    SCRATCH_MAX = 4 << 20,
};

static uint32_t positions(const struct object_stage *s) {
    return profile_positions(s->profile);
}

static struct http_client *http_of(struct object_stage *s) {
    return ledger_http(sp_client_ledger(s->client));
}

static bool worth_a_retry(int rc) {
    return rc == CODE_UNAVAILABLE || rc == CODE_TIMEOUT || rc == CODE_BUSY || rc == CODE_CLOSED || rc == CODE_NOT_READY;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static SecondaryAsk question(struct object_stage *s, uint32_t position) {
    SecondaryAsk ask = SECONDARY_ASK__INIT;
    ask.payload_size = s->put->size;
    ask.profile = (Profile *)(uintptr_t)s->profile;
    ask.max_price = s->max_price;
    ask.nonce = pb_data(bytes_of(s->upload_id, sizeof s->upload_id));
    ask.bucket_name = pb_text(s->put->bucket);
    ask.object_name = pb_text(s->put->object);
    ask.creator = pb_data(addr_bytes(&s->creator));
    ask.version = s->replaces;
    ask.bucket_id = s->bucket->id;
    ask.position = position;
    return ask;
}

/* POSTs a message as JSON and reads one back, on the arena. */
static int post(struct object_stage *s, uint32_t sp_id, const char *path, const char *header, const void *msg,
                const ProtobufCMessageDescriptor *desc, void *ret, struct err *err) {
    const char *text = "";
    int rc = msg ? json_print_pb(msg, false, s->arena, &text, err) : CODE_OK;
    if (rc)
        return rc;
    struct http_call call = {.method = "POST",
                             .headers = {"Content-Type: application/json", header},
                             .body_out = bytes_str(text),
                             .deadline_ms = SEND_DEADLINE_MS};
    rc = sp_client_call(s->client, sp_id, path, &call, err);
    if (!rc)
        rc = json_read_pb_open(desc, buf_bytes(&call.body), s->arena, ret, err);
    http_call_release(&call);
    return rc;
}

/* --- who ---------------------------------------------------------------------------------------------------------- */

/* Whose place another takes, with what it had; the others keep theirs. */
static int take_group(struct object_stage *s, const PlacementBody *group, struct err *err) {
    if (group->n_members != positions(s) || group->members[0] != s->bucket->primary_sp)
        return err_set(err, CODE_MALFORMED, "provider %u named a placement group of another shape",
                       s->bucket->primary_sp);
    s->group_id = group->group_id;
    for (uint32_t i = 0; i < positions(s); i++)
        if (s->targets[i].sp_id != group->members[i] || s->targets[i].failed)
            s->targets[i] = (struct stage_target){.sp_id = group->members[i]};
    return CODE_OK;
}

static int place(struct object_stage *s, struct err *err) {
    PlacementRequest request = PLACEMENT_REQUEST__INIT;
    SecondaryAsk ask = question(s, 0);
    PlacementBody *group;
    request.question = &ask;
    request.avoid = s->avoid;
    request.n_avoid = s->n_avoid;
    int rc = CODE_NOT_READY;
    for (int i = 0; i < PIECE_TRIES && rc == CODE_NOT_READY; i++)
        rc = post(s, s->bucket->primary_sp, "/v1/placement", NULL, &request, &placement_body__descriptor, &group, err);
    return rc ? rc : take_group(s, group, err);
}

/* --- under which approval ----------------------------------------------------------------------------------------- */

static int make_ticket(struct object_stage *s, uint32_t position, uint64_t valid_until, struct err *err) {
    static const char name[] = "X-Cairn-Ticket: ";
    struct stage_target *t = &s->targets[position];
    PieceTicket ticket = PIECE_TICKET__INIT;
    struct bytes encoded;
    ticket.approval = t->approval;
    ticket.bucket_id = s->bucket->id;
    ticket.bucket_name = pb_text(s->put->bucket);
    ticket.object_name = pb_text(s->put->object);
    ticket.creator = pb_data(addr_bytes(&s->creator));
    ticket.version = s->replaces;
    ticket.upload_id = pb_data(bytes_of(s->upload_id, sizeof s->upload_id));
    ticket.payload_size = s->put->size;
    ticket.profile = (Profile *)(uintptr_t)s->profile;
    ticket.position = position;
    ticket.price = t->price;
    ticket.valid_until = valid_until;
    int rc = pb_encode(&ticket, s->arena, &encoded, err);
    char *header = rc ? NULL : arena_alloc(s->arena, sizeof name + 2 * encoded.len);
    if (!rc && !header)
        rc = err_set(err, CODE_NO_MEMORY, "no memory for a ticket");
    if (rc)
        return rc;
    memcpy(header, name, sizeof name - 1);
    hex_encode(encoded.data, encoded.len, header + sizeof name - 1);
    t->ticket = header;
    return CODE_OK;
}

static uint64_t keep_ms(const struct object_stage *s) {
    return s->put->keep_ms ? s->put->keep_ms : KEEP_MS;
}

static int approve(struct object_stage *s, uint32_t position, uint64_t now, struct err *err) {
    struct stage_target *t = &s->targets[position];
    SecondaryAsk ask = question(s, position);
    SecondaryApproval *offer;
    int rc = post(s, t->sp_id, "/v1/stage", NULL, &ask, &signed_secondary_approval__descriptor, &t->approval, err);
    if (!rc)
        rc = offer_open(t->approval, ledger_chain_tag(sp_client_ledger(s->client)), s->arena, &offer, err);
    if (!rc && (offer->price > s->max_price || offer->refused))
        rc = err_set(err, CODE_PRICE, "provider %u asks a price of %" PRIu64 ", above the limit of %" PRIu64, t->sp_id,
                     offer->price, s->max_price);
    if (rc)
        return rc;
    t->price = offer->price;
    t->good_until = u64_min(offer->timeout, now + keep_ms(s));
    return make_ticket(s, position, now + keep_ms(s), err);
}

/* --- who does not do ---------------------------------------------------------------------------------------------- */

/* A refusal that the next provider would repeat. */
static bool is_ours(int rc) {
    return rc == CODE_PRICE || rc == CODE_UNAUTHENTICATED || rc == CODE_BUCKET_NOT_FOUND || rc == CODE_NO_MEMORY ||
           rc == CODE_CANCELLED || rc == CODE_UNSUPPORTED;
}

static void give_up_on(struct object_stage *s, uint32_t position, const struct err *why) {
    struct stage_target *t = &s->targets[position];
    t->failed = true;
    snprintf(t->why, sizeof t->why, "%s", err_text(why));
    if (position && s->n_avoid < CODE_N_MAX)
        s->avoid[s->n_avoid++] = t->sp_id;
}

static int needs_primary(const struct object_stage *s, int rc, struct err *err) {
    return err_wrap(err, rc, "nothing was stored; provider %u, the bucket's primary, has to take part, and does not",
                    s->bucket->primary_sp);
}

/* A provider did not do; the primary has no stand-in. */
static int failed(struct object_stage *s, uint32_t position, int rc, struct err *why, struct err *err) {
    give_up_on(s, position, why);
    if (position && !is_ours(rc))
        return CODE_OK;
    if (err)
        *err = *why;
    return position ? rc : needs_primary(s, rc, err);
}

/* A fresh approval from everybody whose last one is about to end. */
static int approve_all(struct object_stage *s, struct err *err) {
    uint64_t now;
    int rc = ledger_time(sp_client_ledger(s->client), &now, err);
    for (uint32_t i = 0; !rc && i < positions(s); i++) {
        struct stage_target *t = &s->targets[i];
        struct err why;
        err_clear(&why);
        if (t->failed || (t->ticket && t->good_until > now + u64_min(RENEW_MS, keep_ms(s) / 2)))
            continue;
        int one = approve(s, i, now, &why);
        if (one)
            rc = failed(s, i, one, &why, err);
    }
    return rc;
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

struct sending {
    struct http_call call;
    struct bytes left;
    uint32_t position;
    char root[ROOT_HEADER];
};

static int piece_source(void *ctx, void *ret_data, size_t cap, size_t *ret_len, struct err *err) {
    struct sending *s = ctx;
    (void)err;
    size_t n = s->left.len < cap ? s->left.len : cap;
    memcpy(ret_data, s->left.data, n);
    s->left = bytes_of(s->left.data + n, s->left.len - n);
    *ret_len = n;
    return CODE_OK;
}

static int prepare(struct object_stage *s, uint64_t segment, const struct cut *cut, uint32_t position,
                   struct sending *out, struct arena *scratch, struct err *err) {
    char path[PATH_LEN], id[33];
    hex_encode(s->upload_id, sizeof s->upload_id, id);
    snprintf(out->root, sizeof out->root, "X-Cairn-Root: %s", hash_hex(&cut->pieces[position].root).s);
    snprintf(path, sizeof path, "/v1/stage/%s/%u/%" PRIu64, id, position, segment);
    out->position = position;
    out->left = cut->pieces[position].data;
    out->call = (struct http_call){
        .method = "PUT",
        .headers = {"Content-Type: application/octet-stream", s->targets[position].ticket, out->root},
        .source = piece_source,
        .source_len = out->left.len,
        .ctx = out,
        .deadline_ms = SEND_DEADLINE_MS,
        .idle_ms = SEND_IDLE_MS};
    return sp_client_prepare(s->client, s->targets[position].sp_id, path, &out->call, scratch, err);
}

/* One try for all that are in `todo` (bit i: position i); those that succeeded leave it. */
static int send_once(struct object_stage *s, uint64_t segment, const struct cut *cut, bool last, uint64_t *todo,
                     struct sending *sendings, struct err *err) {
    struct http_call *calls[CODE_N_MAX];
    struct arena scratch;
    struct err why;
    size_t n = 0;
    int rc = CODE_OK;
    arena_init(&scratch, SCRATCH_MAX);
    for (uint32_t i = 0; !rc && i < positions(s); i++) {
        if (!(*todo >> i & 1))
            continue;
        err_clear(&why);
        int one = prepare(s, segment, cut, i, &sendings[n], &scratch, &why);
        if (one) {
            *todo &= ~((uint64_t)1 << i);
            rc = failed(s, i, one, &why, err);
        } else {
            calls[n] = &sendings[n].call;
            n++;
        }
    }
    if (!rc && n)
        rc = http_calls_run(http_of(s), calls, n, 0, NULL, NULL, err);
    for (size_t i = 0; i < n; i++) {
        uint32_t position = sendings[i].position;
        why = calls[i]->err;
        int one = sp_client_judge(s->targets[position].sp_id, calls[i], calls[i]->rc, &why);
        if (!one || last || !worth_a_retry(one))
            *todo &= ~((uint64_t)1 << position);
        if (!rc && one && (last || !worth_a_retry(one)))
            rc = failed(s, position, one, &why, err);
        http_call_release(calls[i]);
    }
    arena_release(&scratch);
    return rc;
}

static int send_segment(struct object_stage *s, uint64_t segment, const struct cut *cut, struct err *err) {
    struct sending *sendings = calloc(positions(s), sizeof *sendings);
    uint64_t todo = 0;
    int rc = sendings ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory to send pieces");
    for (uint32_t i = 0; i < positions(s); i++)
        if (!s->targets[i].failed && !s->targets[i].receipt)
            todo |= (uint64_t)1 << i;
    for (int i = 1; !rc && todo && i <= PIECE_TRIES; i++)
        rc = send_once(s, segment, cut, i == PIECE_TRIES, &todo, sendings, err);
    free(sendings);
    return rc;
}

static void note_roots(struct object_stage *s, uint64_t segment, const struct cut *cut) {
    s->whole[segment] = cut->whole.root;
    for (uint32_t i = 0; i < positions(s); i++)
        s->roots[i][segment] = cut->pieces[i].root;
}

/* The checksums, once all segments went by; those who hold an earlier round's pieces must hold the same. */
static int sum_up(struct object_stage *s, struct err *err) {
    struct hash content = checksum_of(s->whole, (size_t)s->segments);
    if (s->hashed && !hash_eq(&content, &s->content_root))
        return err_set(err, CODE_CONFLICT, "the file changed while it was stored");
    s->hashed = true;
    s->content_root = content;
    for (uint32_t i = 0; i < positions(s); i++)
        s->checksums[i] = checksum_of(s->roots[i], (size_t)s->segments);
    return CODE_OK;
}

static void tell(const struct object_stage *s, enum object_put_stage stage, uint64_t done, uint64_t total) {
    if (s->put->progress)
        s->put->progress(s->put->ctx, stage, done, total);
}

static int send_all(struct object_stage *s, struct cut *cut, struct err *err) {
    uint64_t done = 0;
    int rc = CODE_OK;
    for (uint64_t i = 0; !rc && i < s->segments; i++) {
        size_t len = (size_t)layout_segment_len(s->profile, s->put->size, i);
        rc = file_pread(s->put->fd, cut->segment, len, i * s->profile->segment_size, err);
        if (rc)
            return rc;
        cut_run(cut, len);
        note_roots(s, i, cut);
        rc = approve_all(s, err);
        if (!rc)
            rc = send_segment(s, i, cut, err);
        done += len;
        tell(s, PUT_UPLOAD, done, s->put->size);
    }
    return rc ? rc : sum_up(s, err);
}

/* --- receipts ----------------------------------------------------------------------------------------------------- */

/* Byte for byte what the ledger will want. */
static int check_receipt(struct object_stage *s, uint32_t position, const SignedReceipt *in, struct err *err) {
    const struct hash *tag = ledger_chain_tag(sp_client_ledger(s->client));
    const struct stage_target *t = &s->targets[position];
    Receipt *receipt, want = RECEIPT__INIT;
    StorageProvider *sp;
    struct pubkey key;
    struct bytes wanted;
    int rc = receipt_open(in, tag, s->arena, &receipt, err);
    if (rc)
        return rc;
    want.chain_tag = pb_data(hash_bytes(tag));
    want.creator = pb_data(addr_bytes(&s->creator));
    want.bucket_id = s->bucket->id;
    want.object_name = pb_text(s->put->object);
    want.version = s->replaces;
    want.upload_id = pb_data(bytes_of(s->upload_id, sizeof s->upload_id));
    want.size = s->put->size;
    want.profile = (Profile *)(uintptr_t)s->profile;
    want.position = position;
    want.sp_id = t->sp_id;
    want.checksum = pb_data(hash_bytes(&s->checksums[position]));
    want.price = t->price;
    want.valid_until = receipt->valid_until;
    rc = pb_encode(&want, s->arena, &wanted, err);
    if (!rc && !bytes_eq(wanted, pb_bytes(in->receipt)))
        rc = err_set(err, CODE_INTEGRITY, "provider %u signed another receipt than for what it was sent", t->sp_id);
    if (!rc)
        rc = placement_sp(sp_client_ledger(s->client), t->sp_id, s->arena, &sp, err);
    if (!rc && !pubkey_from(pb_bytes(sp->seal_key), &key))
        rc = err_set(err, CODE_CORRUPT, "provider %u has no seal key", t->sp_id);
    return rc ? rc : receipt_verify(in, &key, tag, err);
}

static int ask_receipt(struct object_stage *s, uint32_t position, uint64_t now, struct err *err) {
    char path[PATH_LEN], id[33];
    SignedReceipt *receipt;
    hex_encode(s->upload_id, sizeof s->upload_id, id);
    snprintf(path, sizeof path, "/v1/stage/%s/%u/receipt", id, position);
    int rc = make_ticket(s, position, now + u64_min(RECEIPT_MS, keep_ms(s)), err);
    if (!rc)
        rc = post(s, s->targets[position].sp_id, path, s->targets[position].ticket, NULL, &signed_receipt__descriptor,
                  &receipt, err);
    if (!rc)
        rc = check_receipt(s, position, receipt, err);
    if (!rc)
        s->targets[position].receipt = receipt;
    return rc;
}

static int receipts(struct object_stage *s, struct err *err) {
    uint64_t now;
    int rc = approve_all(s, err);
    if (!rc)
        rc = ledger_time(sp_client_ledger(s->client), &now, err);
    for (uint32_t i = 0; !rc && i < positions(s); i++) {
        struct err why;
        err_clear(&why);
        tell(s, PUT_REPLICATE, i, positions(s));
        if (s->targets[i].failed)
            continue;
        int one = ask_receipt(s, i, now, &why); /* also where there is one of an earlier round: it grows old */
        if (one)
            rc = failed(s, i, one, &why, err);
    }
    return rc;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static uint32_t missing(const struct object_stage *s) {
    for (uint32_t i = 0; i < positions(s); i++)
        if (s->targets[i].failed || !s->targets[i].receipt)
            return i;
    return UINT32_MAX;
}

static int take_memory(struct object_stage *s, struct cut *cut, struct err *err) {
    bool ok = true;
    s->segments = layout_segments(s->profile, s->put->size);
    s->whole = calloc((size_t)s->segments, sizeof *s->whole);
    for (uint32_t i = 0; i < positions(s); i++)
        ok = (s->roots[i] = calloc((size_t)s->segments, sizeof **s->roots)) && ok;
    return ok && s->whole ? cut_init(cut, &s->coder, err)
                          : err_set(err, CODE_NO_MEMORY, "no memory for the hashes of an object");
}

int object_stage_run(struct object_stage *s, struct err *err) {
    struct cut cut;
    int rc = coder_init(&s->coder, s->profile, err);
    if (!rc)
        rc = take_memory(s, &cut, err);
    if (rc)
        return rc;
    random_bytes(s->upload_id, sizeof s->upload_id);
    uint32_t lacks = 0;
    for (int round = 0; !rc && lacks != UINT32_MAX && round < ROUNDS_MAX; round++) {
        struct stage_target before = s->targets[lacks];
        tell(s, PUT_APPROVE, 0, 1);
        rc = place(s, err);
        if (rc && round)
            rc =
                err_wrap(err, rc, "provider %u (position %u) failed: %.200s; nobody took its place. Nothing was stored",
                         before.sp_id, lacks, before.why);
        else if (rc)
            rc = needs_primary(s, rc, err);
        if (!rc)
            rc = approve_all(s, err);
        if (!rc)
            rc = send_all(s, &cut, err);
        if (!rc)
            rc = receipts(s, err);
        lacks = missing(s);
    }
    if (!rc && lacks != UINT32_MAX)
        rc = err_set(err, CODE_UNAVAILABLE, "provider %u (position %u) failed: %.200s; nothing was stored",
                     s->targets[lacks].sp_id, lacks, s->targets[lacks].why);
    cut_release(&cut);
    return rc;
}

void object_stage_release(struct object_stage *s) {
    free(s->whole);
    for (uint32_t i = 0; i < CODE_N_MAX; i++)
        free(s->roots[i]);
}
