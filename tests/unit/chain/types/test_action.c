/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/action.h"
#include "tests/lib/test.h"

static void action__every_one_has_a_word_and_comes_back(void **state) {
    (void)state;
    for (unsigned i = 0; i < action__descriptor.n_values; i++) {
        Action action = (Action)action__descriptor.values[i].value, parsed = ACTION_UNSPECIFIED;
        const char *word = action_text(action);
        if (action == ACTION_UNSPECIFIED)
            continue;
        assert_code(action_parse(word, strlen(word), &parsed, NULL), CODE_OK);
        assert_int_equal(parsed, action);
    }
}

static void action__other_words_are_refused_with_the_list(void **state) {
    (void)state;
    const char *bad[] = {"", "ge", "gets", "ACTION_GET_OBJECT", "get "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        Action parsed = ACTION_COPY_OBJECT;
        assert_code(action_parse(bad[i], strlen(bad[i]), &parsed, &err), CODE_INVALID_ARGUMENT);
        assert_int_equal(parsed, ACTION_COPY_OBJECT);
        assert_non_null(strstr(err.msg, "update-members"));
    }
}

static void action__a_denial_ends_a_sentence(void **state) {
    (void)state;
    assert_string_equal(action_denial_text("nothing"), "no policy allows it");
    assert_string_equal(action_denial_text(""), "no policy allows it");
    assert_string_equal(action_denial_text("denied"), "a policy denies it");
    assert_string_equal(action_denial_text("of another kind"), "of another kind");
}

TEST_MAIN(cmocka_unit_test(action__every_one_has_a_word_and_comes_back),
          cmocka_unit_test(action__other_words_are_refused_with_the_list),
          cmocka_unit_test(action__a_denial_ends_a_sentence))
