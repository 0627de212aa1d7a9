/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/trigger.h"

#include "x/app/modules.h"

static struct {
    trigger_fn *fn;
    void *arg;
    int rc;
} trigger;

static uint64_t once(const struct ctx *ctx) {
    (void)ctx;
    return 1;
}

static int step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    (void)index;
    *ret_more = false;
    if (trigger.fn)
        trigger.rc = trigger.fn(ctx, trigger.arg, err);
    return trigger.fn ? trigger.rc : CODE_OK;
}

static const struct hook hooks[] = {{.name = "test.trigger", .cap = once, .step = step}};
static const struct module trigger_module = {.name = "trigger", .id = KEY_APP, .end = hooks, .end_n = 1};

void trigger_install(struct fixture *f) {
    static const struct module *modules[64];
    assert_true(ledger_modules_n < COUNT_OF(modules));
    memcpy(modules, ledger_modules, ledger_modules_n * sizeof *modules);
    modules[ledger_modules_n] = &trigger_module;
    f->modules = modules;
    f->modules_n = ledger_modules_n + 1;
    trigger.fn = NULL;
}

int trigger_run(struct fixture *f, trigger_fn *fn, void *arg) {
    trigger.fn = fn;
    trigger.arg = arg;
    trigger.rc = CODE_INTERNAL;
    fixture_block(f, NULL, 0);
    trigger.fn = NULL;
    return trigger.rc;
}
