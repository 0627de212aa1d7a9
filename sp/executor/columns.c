/* SPDX-License-Identifier: Apache-2.0 */
/* Columns to the secondaries: the tickets, one segment to all at once, and what is missing from the disk. */
#include "chain/codec/pb.h"
#include "chain/os/log.h"
#include "chain/types/layout.h"
#include "sp/executor/replication.h"
#include "sp/piecestore/checked.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"
#include "sp/uploader/segments.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEND_DEADLINE_MS = 120000, SEND_IDLE_MS = 15000, TICKET_LIFE_MS = 300000, PATH_LEN = 160, ROUNDS_MAX = 8 };

/* --- tickets ------------------------------------------------------------------------------------------------------ */

int columns_ticket(struct provider *p, struct replication *r, uint32_t position, struct arena *arena,
                   const char **ret_header, struct err *err) {
    const ObjectInfo *o = r->object;
    PieceTicket ticket = PIECE_TICKET__INIT;
    struct bytes encoded;
    uint64_t now;
    int rc = ledger_time(p->ledger, &now, err);
    if (!rc)
        rc = pb_decode(&signed_secondary_approval__descriptor, r->picks[position].who.approval, arena, &ticket.approval,
                       err);
    if (rc)
        return rc;
    ticket.object_id = o->id;
    ticket.bucket_id = o->bucket_id;
    ticket.object_name = o->object_name;
    ticket.creator = o->creator;
    ticket.version = o->version;
    ticket.upload_id = (ProtobufCBinaryData){sizeof r->upload_id, r->upload_id};
    ticket.payload_size = o->payload_size;
    ticket.profile = o->profile;
    ticket.position = position;
    ticket.price = r->picks[position].who.price;
    ticket.valid_until = now + TICKET_LIFE_MS;
    ticket.bucket_name = o->bucket_name;
    rc = pb_encode(&ticket, arena, &encoded, err);
    static const char name[] = "X-Cairn-Ticket: ";
    char *header = rc ? NULL : arena_alloc(arena, sizeof name + 2 * encoded.len);
    if (!rc && !header)
        rc = err_set(err, CODE_NO_MEMORY, "no memory for a ticket");
    if (rc)
        return rc;
    memcpy(header, name, sizeof name - 1);
    hex_encode(encoded.data, encoded.len, header + sizeof name - 1);
    *ret_header = header;
    return CODE_OK;
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

int columns_choose(struct provider *p, struct replication *r, struct err *err) {
    struct secondary chosen[CODE_N_MAX] = {0};
    uint32_t avoid[CODE_N_MAX];
    uint64_t group = 0;
    mutex_lock(&r->lock);
    for (uint32_t i = 0; i < r->positions; i++)
        chosen[i] = r->picks[i].who;
    size_t avoid_count = r->avoid_count;
    memcpy(avoid, r->avoid, sizeof avoid);
    mutex_unlock(&r->lock);
    struct arena arena;
    arena_init(&arena, REPLICATION_ARENA_MAX);
    int rc = secondaries_choose(p, r->object, avoid, avoid_count, chosen, &arena, &group, err);
    mutex_lock(&r->lock);
    bool some = !rc || rc == CODE_UNAVAILABLE; /* whoever said yes is given his column meanwhile */
    for (uint32_t i = 0; some && i < r->positions; i++) {
        struct pick *pick = &r->picks[i];
        if (pick->who.sp_id || !chosen[i].sp_id)
            continue;
        if (chosen[i].approval.len && !arena_dup_bytes(&r->arena, chosen[i].approval, &chosen[i].approval))
            rc = err_set(err, CODE_NO_MEMORY, "no memory for an approval");
        pick->who = chosen[i];
        pick->failures = 0;
        pick->receipt = NULL;
        memset(pick->done, 0, bitmap_len(r->segments));
    }
    r->group_id = group;
    r->chosen = !rc;
    mutex_unlock(&r->lock);
    arena_release(&arena);
    return rc;
}

/* --- one segment to all ------------------------------------------------------------------------------------------- */

/* A piece in memory, as a request's body. Its root goes in a header, so the body itself need not be hashed again. */
struct sending {
    struct http_call call;
    struct bytes left;
    uint32_t position;
    char root[96];
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

static int prepare(struct provider *p, struct replication *r, uint64_t segment, const struct cut_piece *piece,
                   uint32_t position, struct sending *s, struct arena *arena, struct err *err) {
    const char *ticket;
    char path[PATH_LEN];
    int rc = columns_ticket(p, r, position, arena, &ticket, err);
    if (rc)
        return rc;
    snprintf(s->root, sizeof s->root, "X-Cairn-Root: %s", hash_hex(&piece->root).s);
    snprintf(path, sizeof path, "/v1/piece/%" PRIu64 "/%" PRIu64 "/%u/%" PRIu64, r->object->id, r->object->version,
             position, segment);
    s->position = position;
    s->left = piece->data;
    s->call = (struct http_call){.method = "PUT",
                                 .headers = {"Content-Type: application/octet-stream", ticket, s->root},
                                 .source = piece_source,
                                 .source_len = piece->data.len,
                                 .ctx = s,
                                 .deadline_ms = SEND_DEADLINE_MS,
                                 .idle_ms = SEND_IDLE_MS};
    return sp_client_prepare(p->peers, r->picks[position].who.sp_id, path, &s->call, arena, err);
}

/* Notes what came of a piece. */
static void note(struct replication *r, uint32_t position, uint64_t segment, int rc, const struct err *why) {
    mutex_lock(&r->lock);
    struct pick *pick = &r->picks[position];
    if (!rc) {
        bitmap_set(pick->done, segment);
        pick->failures = 0;
    } else {
        pick->failures++;
        snprintf(pick->reason, sizeof pick->reason, "%s", err_text(why));
        log_warn("executor", "a secondary did not take a piece", "object=%" PRIu64 " segment=%" PRIu64 " sp=%u why=%s",
                 r->object->id, segment, pick->who.sp_id, log_quote(pick->reason).s);
    }
    mutex_unlock(&r->lock);
}

static bool lacks(struct replication *r, uint32_t position, uint64_t segment) {
    mutex_lock(&r->lock);
    const struct pick *pick = &r->picks[position];
    bool yes = pick->who.approval.len && !(r->sealed >> position & 1) && pick->failures < REPLICATION_FAILURES_MAX &&
               !bitmap_has(pick->done, segment);
    mutex_unlock(&r->lock);
    return yes;
}

void columns_send(struct provider *p, struct replication *r, uint64_t segment, const struct cut *cut) {
    struct sending *sendings = calloc(r->positions, sizeof *sendings);
    struct http_call *calls[CODE_N_MAX];
    struct arena arena;
    struct err err;
    size_t n = 0;
    arena_init(&arena, REPLICATION_ARENA_MAX);
    for (uint32_t i = 1; sendings && i < r->positions; i++) {
        if (!lacks(r, i, segment))
            continue;
        err_clear(&err);
        int rc = prepare(p, r, segment, &cut->pieces[i], i, &sendings[n], &arena, &err);
        if (rc)
            note(r, i, segment, rc, &err);
        else
            n++;
    }
    for (size_t i = 0; i < n; i++)
        calls[i] = &sendings[i].call;
    if (n)
        http_calls_run(ledger_http(p->ledger), calls, n, 0, NULL, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        uint32_t position = sendings[i].position;
        err = sendings[i].call.err;
        int rc = sp_client_judge(r->picks[position].who.sp_id, &sendings[i].call, sendings[i].call.rc, &err);
        note(r, position, segment, rc, &err);
        http_call_release(&sendings[i].call);
    }
    free(sendings);
    arena_release(&arena);
}

/* --- what is missing ---------------------------------------------------------------------------------------------- */

static bool anybody_lacks(struct replication *r, uint64_t segment) {
    for (uint32_t i = 1; i < r->positions; i++)
        if (lacks(r, i, segment))
            return true;
    return false;
}

/* Reads a whole segment back and cuts it as it was cut when it arrived. */
static int cut_again(struct provider *p, struct replication *r, uint64_t segment, struct cut *cut, struct hash *scratch,
                     struct err *err) {
    const ObjectInfo *o = r->object;
    struct segment_roots roots;
    struct piece_key key = {o->id, o->version, segments_source(o->profile), segment};
    uint64_t len = layout_segment_len(o->profile, o->payload_size, segment);
    int rc = segment_get(p->db, o->id, o->version, segment, &roots, err);
    if (!rc)
        rc = checked_read(p->pieces, &key, &roots.whole, len, scratch, cut->segment, err);
    if (!rc)
        cut_run(cut, (size_t)len);
    return rc;
}

static int send_missing(struct provider *p, struct replication *r, struct err *err) {
    struct coder *coder = malloc(sizeof *coder);
    struct cut cut = {.coder = NULL};
    size_t largest = (size_t)layout_segment_len(r->object->profile, r->object->payload_size, 0);
    struct hash *scratch = malloc((size_t)leaf_count(largest) * sizeof *scratch);
    int rc = coder && scratch ? coder_init(coder, r->object->profile, err)
                              : err_set(err, CODE_NO_MEMORY, "no memory for a segment");
    if (!rc)
        rc = cut_init(&cut, coder, err);
    bool made = !rc;
    for (uint64_t s = 0; !rc && s < r->segments; s++) {
        if (!anybody_lacks(r, s))
            continue;
        rc = cut_again(p, r, s, &cut, scratch, err);
        if (!rc)
            columns_send(p, r, s, &cut);
    }
    if (made)
        cut_release(&cut);
    free(scratch);
    free(coder);
    return rc;
}

bool columns_has_all(const struct replication *r, uint32_t position) {
    for (uint64_t s = 0; s < r->segments; s++)
        if (!bitmap_has(r->picks[position].done, s))
            return false;
    return true;
}

/* A row a provider: the newest of it. */
static void note_failed(struct replication *r, uint32_t position, const struct pick *pick) {
    size_t at = 0;
    while (at < r->failed_count && r->failed[at].sp_id != pick->who.sp_id)
        at++;
    if (at == REPLICATION_FAILED_MAX)
        memmove(r->failed, r->failed + 1, --at * sizeof *r->failed);
    r->failed_count = at < r->failed_count ? r->failed_count : at + 1;
    struct failed_pick *row = &r->failed[at];
    row->position = position;
    row->sp_id = pick->who.sp_id;
    memcpy(row->reason, pick->reason, sizeof row->reason);
}

/* Takes the position away from who failed too often; the others keep theirs. True when all positions are complete. */
static bool judge_picks(struct replication *r) {
    bool all = true;
    mutex_lock(&r->lock);
    for (uint32_t i = 1; i < r->positions; i++) {
        struct pick *pick = &r->picks[i];
        if (pick->who.sp_id && pick->failures >= REPLICATION_FAILURES_MAX) {
            log_warn("executor", "a secondary is replaced", "object=%" PRIu64 " position=%u sp=%u", r->object->id, i,
                     pick->who.sp_id);
            if (r->avoid_count < CODE_N_MAX)
                r->avoid[r->avoid_count++] = pick->who.sp_id;
            note_failed(r, i, pick);
            pick->who = (struct secondary){.sp_id = 0};
            r->chosen = false;
        }
        all = all && ((r->sealed >> i & 1) || (pick->who.sp_id && columns_has_all(r, i)));
    }
    mutex_unlock(&r->lock);
    return all;
}

static int unfinished(struct replication *r, struct err *err) {
    char text[ERR_MSG_MAX / 2] = "";
    size_t n = 0;
    mutex_lock(&r->lock);
    for (uint32_t i = 1; i < r->positions && n < sizeof text; i++)
        if (r->picks[i].reason[0])
            n += (size_t)snprintf(text + n, sizeof text - n, "%sposition %u: %s", n ? "; " : "", i, r->picks[i].reason);
    mutex_unlock(&r->lock);
    return err_set(err, CODE_UNAVAILABLE, "the columns could not all be placed: %s", text);
}

int columns_push(struct provider *p, struct replication *r, struct err *err) {
    int rc = CODE_OK;
    for (int round = 0; !rc && round < REPLICATION_FAILURES_MAX; round++)
        rc = send_missing(p, r, err);
    judge_picks(r);
    return rc;
}

int columns_complete(struct provider *p, struct replication *r, struct err *err) {
    for (int round = 0; round < ROUNDS_MAX; round++) {
        int rc = CODE_OK;
        if (!r->chosen)
            rc = columns_choose(p, r, err);
        if (rc == CODE_UNAVAILABLE) {
            r->avoid_count = 0; /* who failed before may be back when this is tried again */
            columns_push(p, r, NULL);
        } else if (!rc) {
            rc = send_missing(p, r, err);
        }
        if (rc)
            return rc;
        if (judge_picks(r))
            return CODE_OK;
    }
    return unfinished(r, err);
}
