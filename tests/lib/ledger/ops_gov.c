/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about votes. */
#include "tests/lib/ledger/ops.h"

#include "cairn/gov.h"

/* Any number among the parameters of the modules, a quarter more or less than genesis has it: what records were made
 * under stays right whatever holds now. Not those of blocks and fees, by which the fixture makes transactions. */
static void draw_change(struct world *w, ParamChange *ret) {
    static const char *const groups[] = {"sp", "storage", "permission", "payment", "challenge", "validator", "gov"};
    const char *group = groups[below(w, COUNT_OF(groups))];
    const ProtobufCFieldDescriptor *g = protobuf_c_message_descriptor_get_field_by_name(&params__descriptor, group);
    const ProtobufCMessageDescriptor *inner = g->descriptor;
    const ProtobufCFieldDescriptor *f = &inner->fields[below(w, inner->n_fields)];
    const char *base = *(char *const *)(const void *)((const char *)&w->f.params.all + g->offset);
    uint64_t value = 0;
    if (f->type == PROTOBUF_C_TYPE_UINT64 && f->label != PROTOBUF_C_LABEL_REPEATED)
        memcpy(&value, base + f->offset, sizeof value);
    param_change__init(ret);
    ret->name = arena_printf(&w->f.tx_arena, "%s.%s", group, f->name);
    ret->value = value - value / 4 + below(w, value / 2 + 1);
}

static void op_propose(struct world *w) {
    MsgPropose m = MSG_PROPOSE__INIT;
    ParamChanges changes = PARAM_CHANGES__INIT;
    ParamChange list[2], *at[2] = {&list[0], &list[1]};
    SpAdmission admission = SP_ADMISSION__INIT;
    UpgradePlan plan = UPGRADE_PLAN__INIT;
    SpExit out = SP_EXIT__INIT;
    m.title = text(w, "a change");
    if (seldom(w, 8)) {
        m.content_case = MSG_PROPOSE__CONTENT_UPGRADE; /* never to rules that nobody knows */
        plan.height = w->f.height + below(w, 20);
        plan.version = below(w, 2);
        m.upgrade = &plan;
    } else if (seldom(w, 8)) {
        m.content_case = MSG_PROPOSE__CONTENT_EXIT; /* of newcomers, mostly: the world goes on with the others */
        sp_exit__init(&out);
        out.sp_id = 1 + (uint32_t)(seldom(w, 20) ? 0 : w->f.sps) + (uint32_t)below(w, 3);
        out.reason = text(w, "it is missed by nobody");
        m.exit = &out;
    } else if (seldom(w, 4)) {
        m.content_case = MSG_PROPOSE__CONTENT_ADMISSION;
        admission.operator_ = fixture_addr_data(&w->f, anybody(w));
        m.admission = &admission;
    } else {
        m.content_case = MSG_PROPOSE__CONTENT_PARAMS;
        changes.n_changes = 1 + seldom(w, 3);
        changes.changes = at;
        for (size_t i = 0; i < changes.n_changes; i++)
            draw_change(w, &list[i]);
        m.params = &changes;
    }
    fixture_do(&w->f, an_owner(w), &m.base);
}

/* A validator says something about one of the newest proposals; mostly yes, or nothing would ever happen. */
static void op_vote(struct world *w) {
    static const char *const validators[] = {"val0", "val1", "val2", "val3"};
    const ProposalsAnswer *all = fixture_query(&w->f, "/gov/proposals", NULL);
    MsgVote m = MSG_VOTE__INIT;
    uint64_t newest = all->n_proposals ? all->proposals[all->n_proposals - 1]->id : 0;
    const char *who = validators[below(w, COUNT_OF(validators))];
    m.proposal_id = newest - u64_min(newest, below(w, 3));
    m.validator = fixture_addr_data(&w->f, seldom(w, 8) ? validators[below(w, 4)] : who);
    m.option = seldom(w, 6) ? VOTE_OPTION_NO : VOTE_OPTION_YES;
    fixture_do(&w->f, who, &m.base);
}

static const struct world_op rows[] = {
    /* what holds for all */
    {"propose", 1, op_propose},
    {"vote", 3, op_vote},
};
const struct world_ops ops_gov = WORLD_OPS(rows);
