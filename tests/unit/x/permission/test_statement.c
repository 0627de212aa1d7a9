/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "x/permission/glob.h"
#include "x/permission/statement.h"

#define NOW 1000

static const PermissionParams *params(void) {
    static PermissionParams p = PERMISSION_PARAMS__INIT;
    p.statements_max = 4;
    p.statement_resources_max = 3;
    return &p;
}

struct spec {
    int effect;
    int actions[3];
    size_t n_actions;
    const char *pattern;
    uint64_t expires_at, size_limit, size_used;
    int resource;
    int want;
};

static int check(const struct spec *s, size_t copies) {
    Statement st = STATEMENT__INIT;
    Action actions[3];
    char pattern[64];
    char *patterns[] = {pattern};
    for (size_t i = 0; i < s->n_actions; i++)
        actions[i] = (Action)s->actions[i];
    st.effect = (Effect)s->effect;
    st.actions = actions;
    st.n_actions = s->n_actions;
    if (s->pattern) {
        snprintf(pattern, sizeof pattern, "%s", s->pattern);
        st.resources = patterns;
        st.n_resources = 1;
    }
    st.expires_at = s->expires_at;
    st.size_limit = s->size_limit;
    st.size_used = s->size_used;
    Statement *list[] = {&st, &st, &st, &st, &st};
    return statement_check_all(list, copies, s->resource, NOW, params(), NULL);
}

#define GET    {ACTION_GET_OBJECT}, 1
#define ALLOW  EFFECT_ALLOW
#define DENY   EFFECT_DENY
#define BUCKET RESOURCE_KIND_BUCKET
#define BAD    CODE_POLICY_STATEMENT

static void statement_check_all__table(void **state) {
    (void)state;
    static const struct spec rows[] = {
        {ALLOW, GET, NULL, 0, 0, 0, BUCKET, CODE_OK},
        {DENY, GET, "a/*", 0, 0, 0, BUCKET, CODE_OK},
        {EFFECT_UNSPECIFIED, GET, NULL, 0, 0, 0, BUCKET, BAD},
        {3, GET, NULL, 0, 0, 0, BUCKET, BAD},
        {ALLOW, {0}, 0, NULL, 0, 0, 0, BUCKET, BAD},
        {ALLOW, {ACTION_UNSPECIFIED}, 1, NULL, 0, 0, 0, BUCKET, BAD},
        {ALLOW, {ACTIONS_END}, 1, NULL, 0, 0, 0, BUCKET, BAD},
        {ALLOW, {ACTION_GET_OBJECT, ACTION_GET_OBJECT}, 2, NULL, 0, 0, 0, BUCKET, BAD},
        {ALLOW, {ACTION_ALL, ACTION_GET_OBJECT}, 2, NULL, 0, 0, 0, BUCKET, BAD},
        {ALLOW, {ACTION_ALL}, 1, NULL, 0, 0, 0, BUCKET, CODE_OK},
        {ALLOW, {ACTION_CREATE_OBJECT}, 1, NULL, 0, 0, 0, RESOURCE_KIND_OBJECT, BAD},
        {ALLOW, {ACTION_GET_OBJECT}, 1, NULL, 0, 0, 0, RESOURCE_KIND_GROUP, BAD},
        {ALLOW, {ACTION_UPDATE_GROUP_MEMBERS}, 1, NULL, 0, 0, 0, RESOURCE_KIND_GROUP, CODE_OK},
        {ALLOW, {ACTION_UPDATE_GROUP_MEMBERS}, 1, NULL, 0, 0, 0, BUCKET, BAD},
        {ALLOW, GET, "a", 0, 0, 0, RESOURCE_KIND_OBJECT, BAD},
        {ALLOW, GET, "a**", 0, 0, 0, BUCKET, BAD},
        {ALLOW, GET, NULL, NOW - 1, 0, 0, BUCKET, BAD},
        {ALLOW, GET, NULL, NOW, 0, 0, BUCKET, BAD},
        {ALLOW, GET, NULL, NOW + 1, 0, 0, BUCKET, CODE_OK},
        {ALLOW, GET, NULL, 0, 1, 0, BUCKET, BAD},
        {ALLOW, {ACTION_CREATE_OBJECT}, 1, NULL, 0, 1, 0, BUCKET, CODE_OK},
        {DENY, {ACTION_CREATE_OBJECT}, 1, NULL, 0, 1, 0, BUCKET, BAD},
        {ALLOW, {ACTION_CREATE_OBJECT}, 1, NULL, 0, 1, 1, BUCKET, BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (check(&rows[i], 1) != rows[i].want)
            fail_msg("row %zu: got %d", i, check(&rows[i], 1));
}

static void statement_check_all__caps(void **state) {
    (void)state;
    struct spec s = {ALLOW, GET, NULL, 0, 0, 0, BUCKET, 0};
    assert_code(check(&s, 0), CODE_POLICY_STATEMENT);
    assert_code(check(&s, 3), CODE_OK);
    assert_code(check(&s, 4), CODE_OK);
    assert_code(check(&s, 5), CODE_POLICY_LIMIT);

    Action get = ACTION_GET_OBJECT;
    Statement st = STATEMENT__INIT;
    char a[] = "a";
    char *patterns[] = {a, a, a, a};
    st.effect = EFFECT_ALLOW;
    st.actions = &get;
    st.n_actions = 1;
    st.resources = patterns;
    Statement *list[] = {&st, &st, &st, &st};
    for (size_t n = 2; n <= 4; n++) {
        st.n_resources = n;
        assert_code(statement_check_all(list, 1, BUCKET, NOW, params(), NULL), n <= 3 ? CODE_OK : CODE_POLICY_LIMIT);
    }
    char big[GLOB_LEN_MAX + 1];
    memset(big, 'a', GLOB_LEN_MAX);
    for (size_t last = GLOB_LEN_MAX - 1; last <= GLOB_LEN_MAX; last++) { /* 4 x 512 is the cap; one byte more is not */
        memset(big, 'a', sizeof big);
        big[last] = 0;
        patterns[0] = big;
        st.n_resources = 1;
        assert_code(statement_check_all(list, 4, BUCKET, NOW, params(), NULL), CODE_OK);
    }
    Statement one = st;
    char *more[] = {big, a};
    one.resources = more;
    one.n_resources = 2;
    list[3] = &one;
    assert_code(statement_check_all(list, 4, BUCKET, NOW, params(), NULL), CODE_POLICY_LIMIT);
}

TEST_MAIN(cmocka_unit_test(statement_check_all__table), cmocka_unit_test(statement_check_all__caps))
