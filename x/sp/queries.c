/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/queries.h"

#include "cairn/state.h"
#include "chain/types/keys_sp.h"
#include "x/sp/sp.h"

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
};
