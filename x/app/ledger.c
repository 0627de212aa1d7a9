/* SPDX-License-Identifier: Apache-2.0 */
#include "x/app/ledger.h"

#include "chain/store/store.h"
#include "x/app/modules.h"
#include "x/app/ops.h"

#include <assert.h>

void ledger_init(struct ledger *ledger, const struct ledger_options *options) {
    *ledger = (struct ledger){.modules = ledger_modules, .modules_n = ledger_modules_n, .deps = &ledger_deps};
    if (options)
        ledger->options = *options;
    for (size_t m = 0; m < ledger->modules_n; m++)
        for (size_t i = 0; i < ledger->modules[m]->msgs_n; i++) {
            const struct msg_rule *rule = &ledger->modules[m]->msgs[i];
            assert((unsigned)rule->kind < LEDGER_RULES_MAX && !ledger->rules[rule->kind] && rule->run);
            ledger->rules[rule->kind] = rule;
        }
}

bool ledger_query_at(const struct ledger *ledger, size_t i, const struct query **ret) {
    for (size_t m = 0; m < ledger->modules_n; m++) {
        if (i < ledger->modules[m]->queries_n) {
            *ret = &ledger->modules[m]->queries[i];
            return true;
        }
        i -= ledger->modules[m]->queries_n;
    }
    return false;
}

static int op_commit(void *app, struct store_batch *batch, struct hash *ret_app_hash, struct err *err) {
    (void)app;
    return store_put_state(batch, ret_app_hash, err);
}

static const struct app_ops ops = {
    .info = op_info,
    .init_chain = op_init_chain,
    .check_open = op_check_open,
    .check_tx = op_check_tx,
    .check_nested = op_check_nested,
    .check_close = op_check_close,
    .prepare = op_prepare,
    .process = op_process,
    .finalize = op_finalize,
    .commit = op_commit,
    .query = op_query,
};

struct app ledger_app(struct ledger *ledger) {
    return (struct app){.ops = &ops, .self = ledger};
}
