/* SPDX-License-Identifier: Apache-2.0 */
/* Every parameter has bounds, and a chain at any one of them can still vote it back. */
#include "tests/lib/ledger/fixture.h"

#include "cairn/gov.h"
#include "x/params/params.h"

#define CAIRN ((uint64_t)PEBBLE_PER_CAIRN)

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 10000000 * CAIRN);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"val0", "val1", "val2", "val3"};
        fixture_account(&f, names[i], 1000000 * CAIRN);
    }
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

/* --- parameters by name --- */

struct parameter {
    char name[96];
    uint64_t *value; /* in f.params */
};

/* The i-th number among all groups; false: there are fewer. */
static bool parameter(size_t i, struct parameter *ret) {
    for (unsigned g = 0; g < params__descriptor.n_fields; g++) {
        const ProtobufCFieldDescriptor *group = &params__descriptor.fields[g];
        if (group->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const ProtobufCMessageDescriptor *inner = group->descriptor;
        char *base = *(char *const *)(const void *)((const char *)&f.params.all + group->offset);
        for (unsigned j = 0; j < inner->n_fields; j++) {
            const ProtobufCFieldDescriptor *field = &inner->fields[j];
            if (field->type != PROTOBUF_C_TYPE_UINT64 || field->label == PROTOBUF_C_LABEL_REPEATED || i--)
                continue;
            snprintf(ret->name, sizeof ret->name, "%s.%s", group->name, field->name);
            ret->value = (uint64_t *)(void *)(base + field->offset);
            return true;
        }
    }
    return false;
}

static bool good_at(const struct parameter *p, uint64_t value) {
    uint64_t was = *p->value;
    *p->value = value;
    int rc = params_check(&f.params.all, NULL);
    *p->value = was;
    return rc == CODE_OK;
}

/* The bound on that side of a value that is good. What is good lies together. */
static uint64_t bound(const struct parameter *p, uint64_t far) {
    uint64_t in = *p->value, out = far;
    if (good_at(p, far))
        return far;
    while (in > out ? in - out > 1 : out - in > 1) {
        uint64_t middle = in > out ? out + (in - out) / 2 : in + (out - in) / 2;
        *(good_at(p, middle) ? &in : &out) = middle;
    }
    return in;
}

static void params__every_one_is_bounded(void **state) {
    (void)state;
    struct parameter p;
    size_t n = 0;
    for (; parameter(n, &p); n++)
        if (good_at(&p, UINT64_MAX))
            fail_msg("%s may be anything", p.name);
    assert_true(n > 100);
}

/* --- votes --- */

static int propose(const struct parameter *p, uint64_t value, uint64_t *ret_id) {
    ParamChange one = PARAM_CHANGE__INIT, *list[] = {&one};
    ParamChanges changes = PARAM_CHANGES__INIT;
    MsgPropose m = MSG_PROPOSE__INIT;
    one.name = arena_strdup(&f.tx_arena, p->name);
    one.value = value;
    changes.changes = list;
    changes.n_changes = 1;
    m.title = one.name;
    m.content_case = MSG_PROPOSE__CONTENT_PARAMS;
    m.params = &changes;
    const TxResult *r = fixture_do(&f, "alice", &m.base);
    if (r->code == CODE_OK)
        *ret_id = r->ids[0];
    return (int)r->code;
}

/* All say yes, as far as they still vote; the code of the proposal. */
static int vote_in(const struct parameter *p, uint64_t value) {
    static const char *const voters[] = {"val0", "val1", "val2", "val3"};
    uint64_t id = 0;
    int rc = propose(p, value, &id);
    if (rc)
        return rc;
    const Event *decided = NULL;
    for (size_t i = 0; i < COUNT_OF(voters) && !decided; i++) {
        MsgVote v = MSG_VOTE__INIT;
        v.proposal_id = id;
        v.validator = fixture_addr_data(&f, voters[i]);
        v.option = VOTE_OPTION_YES;
        const TxResult *r = fixture_do(&f, voters[i], &v.base);
        if (r->code && r->code != CODE_GOV_VOTE)
            fail_msg("%s = %llu: %s", p->name, (unsigned long long)value, r->log);
        decided = fixture_event(&f, "gov.decided");
    }
    assert_string_equal(fixture_attribute(decided, "status"), "passed");
    *p->value = value;
    return CODE_OK;
}

static void params__each_at_its_bounds_can_be_voted_back(void **state) {
    (void)state;
    struct parameter p;
    size_t free = 0;
    for (size_t i = 0; parameter(i, &p); i++) {
        uint64_t was = *p.value, bounds[] = {bound(&p, 0), bound(&p, UINT64_MAX)};
        for (size_t j = 0; j < COUNT_OF(bounds); j++) {
            int rc = vote_in(&p, bounds[j]);
            if (rc == CODE_PARAMETER)
                break; /* fixed at genesis */
            if (rc == CODE_OK)
                rc = vote_in(&p, was);
            if (rc)
                fail_msg("%s = %llu, and back: code %d", p.name, (unsigned long long)bounds[j], rc);
            free++;
        }
    }
    assert_true(free > 200);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(params__every_one_is_bounded), T(params__each_at_its_bounds_can_be_voted_back))
