/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/node/twin.h"

static void twin_check__every_order(void **state) {
    (void)state;
    struct signer_mark m = {.height = 5, .round = 2, .step = SIGNER_PREVOTE};
    const struct {
        uint64_t height;
        uint32_t round;
        enum signer_step step;
        int code;
    } rows[] = {
        {4, 9, SIGNER_PRECOMMIT, CODE_OK},       {5, 1, SIGNER_PRECOMMIT, CODE_OK},
        {5, 2, SIGNER_PROPOSE, CODE_OK},         {5, 2, SIGNER_PREVOTE, CODE_OK},
        {5, 2, SIGNER_PRECOMMIT, CODE_CONFLICT}, {5, 3, SIGNER_PROPOSE, CODE_CONFLICT},
        {6, 0, SIGNER_PROPOSE, CODE_CONFLICT},   {UINT64_MAX, 0, SIGNER_PREVOTE, CODE_CONFLICT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err;
        err_clear(&err);
        assert_code(twin_check(&m, rows[i].height, rows[i].round, rows[i].step, &err), rows[i].code);
        assert_int_equal(strstr(err_text(&err), "--takeover-height") != NULL, rows[i].code != CODE_OK);
    }
}

static void twin_check_certificate__only_the_own_vote(void **state) {
    (void)state;
    struct signer_mark m = {.height = 5, .round = 0, .step = SIGNER_PRECOMMIT};
    static struct certificate c;
    c = (struct certificate){.kind = CERTIFICATE_COMMIT, .height = 6, .n = 3};
    c.votes[0].validator = 0;
    c.votes[1].validator = 2;
    c.votes[2].validator = 3;
    assert_code(twin_check_certificate(&m, 1, &c, NULL), CODE_OK);
    assert_code(twin_check_certificate(&m, 2, &c, NULL), CODE_CONFLICT);
    assert_code(twin_check_certificate(&m, VALIDATOR_NONE, &c, NULL), CODE_OK);
    c.height = 5;
    assert_code(twin_check_certificate(&m, 2, &c, NULL), CODE_OK);
}

TEST_MAIN(cmocka_unit_test(twin_check__every_order), cmocka_unit_test(twin_check_certificate__only_the_own_vote))
