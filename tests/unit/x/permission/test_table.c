/* SPDX-License-Identifier: Apache-2.0 */
/* The table of actions in docs/permissions.md is what the code takes and refuses. */
#include "tests/lib/test.h"

#include "chain/os/file.h"
#include "chain/types/action.h"
#include "x/permission/statement.h"

#define DOC   "docs/permissions.md"
#define BEGIN "<!-- actions: held against x/permission/statement.c by tests/unit/x/permission/test_table.c -->\n"
#define END   "<!-- /actions -->"

static void table(struct buf *b) {
    static const int kinds[] = {RESOURCE_KIND_BUCKET, RESOURCE_KIND_OBJECT, RESOURCE_KIND_GROUP};
    buf_put_str(b, "| action | on a bucket | on an object | on a group |\n|---|---|---|---|\n");
    for (int action = ACTION_ALL; action < ACTIONS_END; action++) {
        buf_printf(b, "| `%s` |", action_text((Action)action));
        for (size_t k = 0; k < 3; k++) {
            const char *misfit = statement_misfit(action, kinds[k]);
            buf_printf(b, " %s%s |", misfit ? "refused: " : "yes", misfit ? misfit : "");
        }
        buf_put_str(b, "\n");
    }
}

/* Prints the table when the document has another one: paste it there. */
static void permissions__table_of_the_document(void **state) {
    (void)state;
    struct buf text, want;
    struct err err = {0};
    buf_init(&text, 1 << 20);
    buf_init(&want, 1 << 20);
    assert_ok(file_read(DOC, &text, &err), &err);
    buf_put(&text, "", 1);
    table(&want);
    buf_put(&want, "", 1);
    const char *doc = (const char *)text.data, *begin = strstr(doc, BEGIN), *end = strstr(doc, END);
    assert_non_null(begin);
    assert_non_null(end);
    begin += strlen(BEGIN);
    if ((size_t)(end - begin) != want.len - 1 || memcmp(begin, want.data, want.len - 1) != 0) {
        fputs((const char *)want.data, stderr);
        fail_msg("%s should have the table that was printed", DOC);
    }
    buf_release(&text);
    buf_release(&want);
}

/* Every action has a word, and fits at least one kind of resource. */
static void permissions__every_action_is_of_use(void **state) {
    (void)state;
    for (int action = ACTION_ALL; action < ACTIONS_END; action++) {
        assert_string_not_equal(action_text((Action)action), "do that");
        assert_true(!statement_misfit(action, RESOURCE_KIND_BUCKET) ||
                    !statement_misfit(action, RESOURCE_KIND_OBJECT) || !statement_misfit(action, RESOURCE_KIND_GROUP));
    }
    assert_non_null(statement_misfit(ACTION_UNSPECIFIED, RESOURCE_KIND_BUCKET));
    assert_non_null(statement_misfit(ACTIONS_END, RESOURCE_KIND_BUCKET));
    assert_non_null(statement_misfit(ACTION_ALL, RESOURCE_KIND_UNSPECIFIED));
    assert_int_equal(ACTIONS_END, 1 + (int)action__descriptor.n_values - 1); /* enum and table grow together */
}

TEST_MAIN(cmocka_unit_test(permissions__table_of_the_document), cmocka_unit_test(permissions__every_action_is_of_use))
