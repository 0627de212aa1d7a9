/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/queries.h"

#include "cairn/state.h"
#include "chain/types/keys_sp.h"
#include "x/base/deps.h"
#include "x/sp/deps.h"
#include "x/sp/placement.h"
#include "x/sp/takeover.h"

static int query_sp(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_sp(ret, (uint32_t)u64_min(((const IdQuery *)question)->id, UINT32_MAX));
    return CODE_OK;
}

static int query_by_address(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    return rc ? rc : sp_by_addr(ctx, &addr, (StorageProvider **)ret_answer, err);
}

static int query_group(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_placement_group(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

struct page {
    void **at;
    size_t n, max;
    bool more;
};

static int add_to_page(struct ctx *ctx, struct page *page, void *msg) {
    if (ctx_page_full(ctx, page->n, page->max)) {
        page->more = true;
        return RECORD_STOP;
    }
    page->at[page->n++] = msg;
    return CODE_OK;
}

static int add_record(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)rest, (void)value, (void)err;
    return add_to_page(ctx, arg, msg);
}

static int query_list(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const SpsQuery *q = question;
    struct key prefix, after;
    SpsAnswer *answer = CTX_NEW(ctx, SpsAnswer);
    sps_answer__init(answer);
    struct page page = {.max = query_limit(q->limit)};
    page.at = ctx_array(ctx, page.max, sizeof *page.at);
    key_sp(&after, q->start_after);
    int rc =
        record_each(ctx, key_sps(&prefix), key_bytes(&after), 0, &storage_provider__descriptor, add_record, &page, err);
    if (rc)
        return rc;
    answer->sps = (StorageProvider **)page.at;
    answer->n_sps = page.n;
    answer->next = page.more ? answer->sps[page.n - 1]->id : 0;
    *(SpsAnswer **)ret_answer = answer;
    return CODE_OK;
}

static int add_member_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                            struct err *err) {
    (void)value, (void)msg;
    PlacementGroup *group;
    int rc = placement_get(ctx, load_be64(rest.data), &group, err);
    return rc ? rc : add_to_page(ctx, arg, group);
}

static int query_groups(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const PlacementGroupsQuery *q = question;
    struct key prefix, after;
    PlacementGroupsAnswer *answer = CTX_NEW(ctx, PlacementGroupsAnswer);
    placement_groups_answer__init(answer);
    struct page page = {.max = query_limit(q->limit)};
    page.at = ctx_array(ctx, page.max, sizeof *page.at);
    int rc;
    if (q->sp_id == 0) {
        key_placement_group(&after, q->start_after);
        rc = record_each(ctx, key_placement_groups(&prefix), key_bytes(&after), 0, &placement_group__descriptor,
                         add_record, &page, err);
    } else if (q->primary) {
        key_primary_group(&after, q->sp_id, q->start_after);
        rc = record_each(ctx, key_primary_groups(&prefix, q->sp_id), key_bytes(&after), 0, NULL, add_member_group,
                         &page, err);
    } else {
        key_sp_group(&after, q->sp_id, q->start_after);
        rc = record_each(ctx, key_sp_groups(&prefix, q->sp_id), key_bytes(&after), 0, NULL, add_member_group, &page,
                         err);
    }
    if (rc)
        return rc;
    answer->groups = (PlacementGroup **)page.at;
    answer->n_groups = page.n;
    answer->next = page.more ? answer->groups[page.n - 1]->id : 0;
    *(PlacementGroupsAnswer **)ret_answer = answer;
    return CODE_OK;
}

/* --- taking over --- */

static int query_reservation(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const SlotReservationQuery *q = question;
    (void)ctx, (void)err;
    key_reservation(ret, q->group_id, q->position);
    return CODE_OK;
}

/* rest of an index entry: group u64be, position u32be. */
static int add_sp_reservation(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                              struct err *err) {
    SlotReservation *r = NULL;
    (void)value, (void)msg;
    int rc = takeover_get(ctx, load_be64(rest.data), load_be32(rest.data + 8), &r, err);
    return rc ? rc : add_to_page(ctx, arg, r);
}

static int query_reservations(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const SlotReservationsQuery *q = question;
    struct key prefix, after;
    SlotReservationsAnswer *answer = CTX_NEW(ctx, SlotReservationsAnswer);
    slot_reservations_answer__init(answer);
    struct page page = {.max = query_limit(q->limit)};
    page.at = ctx_array(ctx, page.max, sizeof *page.at);
    struct bytes from = BYTES_NONE;
    if (q->group_id)
        from = q->sp_id ? key_sp_reservation(&after, q->sp_id, q->group_id, q->position)
                        : key_reservation(&after, q->group_id, q->position);
    int rc = q->sp_id ? record_each(ctx, key_sp_reservations(&prefix, q->sp_id), from, 0, NULL, add_sp_reservation,
                                    &page, err)
                      : record_each(ctx, key_reservations(&prefix), from, 0, &slot_reservation__descriptor, add_record,
                                    &page, err);
    if (rc)
        return rc;
    answer->reservations = (SlotReservation **)page.at;
    answer->n_reservations = page.n;
    answer->more = page.more;
    *(SlotReservationsAnswer **)ret_answer = answer;
    return CODE_OK;
}

struct open_page {
    struct page page;
    const StorageProvider *holder;
};

/* record_fn over the holder's groups: a row for each position that others may take over and nobody does yet. */
static int add_open_slot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    struct open_page *p = arg;
    PlacementGroup *group = NULL;
    struct key k;
    bool reserved = false;
    uint32_t position = load_be32(value.data);
    (void)msg;
    int rc = placement_get(ctx, load_be64(rest.data), &group, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_reservation(&k, group->id, position), &reserved, err);
    if (rc || reserved || group->slots == 0 || !takeover_is_open(group, position, p->holder))
        return rc;
    OpenSlot *row = CTX_NEW(ctx, OpenSlot);
    open_slot__init(row);
    row->group_id = group->id;
    row->position = position;
    row->sp_id = p->holder->id;
    row->status = p->holder->status;
    row->escrow = position < group->n_escrow ? group->escrow[position] : 0;
    row->offered = placement_listed(group->offered, group->n_offered, position);
    rc = ctx->deps->sp->position_bytes(ctx, group->id, p->holder->id, &row->bytes, err);
    return rc ? rc : add_to_page(ctx, &p->page, row);
}

static int query_open_slots(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const OpenSlotsQuery *q = question;
    struct key prefix, after;
    StorageProvider *holder = NULL;
    OpenSlotsAnswer *answer = CTX_NEW(ctx, OpenSlotsAnswer);
    open_slots_answer__init(answer);
    int rc = sp_get(ctx, q->sp_id, &holder, err);
    if (rc)
        return rc;
    struct open_page p = {.page = {.max = query_limit(q->limit)}, .holder = holder};
    p.page.at = ctx_array(ctx, p.page.max, sizeof *p.page.at);
    key_sp_group(&after, q->sp_id, q->start_after);
    rc = record_each(ctx, key_sp_groups(&prefix, q->sp_id), key_bytes(&after), 0, NULL, add_open_slot, &p, err);
    if (rc)
        return rc;
    answer->slots = (OpenSlot **)p.page.at;
    answer->n_slots = p.page.n;
    answer->next = p.page.more ? answer->slots[p.page.n - 1]->group_id : 0;
    answer->positions = holder->counters->groups;
    answer->bytes = holder->stored_bytes;
    *(OpenSlotsAnswer **)ret_answer = answer;
    return CODE_OK;
}

static int query_totals(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_sp_totals(ret);
    return CODE_OK;
}

const struct query sp_queries[SP_QUERIES] = {
    {.path = "/sp/sp",
     .help = "a storage provider's record: id",
     .question = &id_query__descriptor,
     .answer = &storage_provider__descriptor,
     .key = query_sp},
    {.path = "/sp/by_address",
     .help = "the storage provider that an operator or the account of a key belongs to: address",
     .question = &address_query__descriptor,
     .answer = &storage_provider__descriptor,
     .run = query_by_address},
    {.path = "/sp/list",
     .help = "storage providers by id: start_after, limit",
     .question = &sps_query__descriptor,
     .answer = &sps_answer__descriptor,
     .run = query_list},
    {.path = "/sp/group",
     .help = "a placement group's record: id",
     .question = &id_query__descriptor,
     .answer = &placement_group__descriptor,
     .key = query_group},
    {.path = "/sp/groups",
     .help = "placement groups by id: sp_id, primary, start_after, limit",
     .question = &placement_groups_query__descriptor,
     .answer = &placement_groups_answer__descriptor,
     .run = query_groups},
    {.path = "/sp/reservation",
     .help = "who is taking over a position of a placement group: group_id, position",
     .question = &slot_reservation_query__descriptor,
     .answer = &slot_reservation__descriptor,
     .key = query_reservation},
    {.path = "/sp/reservations",
     .help = "reservations, all or those of a successor: sp_id, group_id and position to go on behind, limit",
     .question = &slot_reservations_query__descriptor,
     .answer = &slot_reservations_answer__descriptor,
     .run = query_reservations},
    {.path = "/sp/open_slots",
     .help = "positions of a provider that others may take over, and what it has left: sp_id, start_after, limit",
     .question = &open_slots_query__descriptor,
     .answer = &open_slots_answer__descriptor,
     .run = query_open_slots},
    {.path = "/sp/totals",
     .help = "how many storage providers there are, are leaving, are gone",
     .question = &empty_query__descriptor,
     .answer = &sp_totals__descriptor,
     .key = query_totals},
};
