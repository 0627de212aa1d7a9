/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_TRIGGER_H
#define CAIRN_TESTS_LIB_LEDGER_TRIGGER_H
/* Calls of a module's functions in a block that is committed: what only another module calls (a jail, a forced exit)
 * and no message of a test can. One fixture at a time. */
#include "tests/lib/ledger/fixture.h"

typedef int trigger_fn(struct ctx *ctx, void *arg, struct err *err);

/* Between fixture_init and fixture_start: adds a module whose end work makes the calls. */
void trigger_install(struct fixture *f);
/* One empty block, in whose end work fn runs; answers what fn answered. */
int trigger_run(struct fixture *f, trigger_fn *fn, void *arg);

#endif
