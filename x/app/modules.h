/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_APP_MODULES_H
#define CAIRN_X_APP_MODULES_H
/* The modules, in the order of their genesis and of their begin and end work. Adding a module is adding a line in
 * modules.c. */
#include "x/base/deps.h"
#include "x/base/module.h"

extern const struct module *const ledger_modules[];
extern const size_t ledger_modules_n;
extern const struct deps ledger_deps;
extern const struct module app_module; /* module.c: queries of x/app itself */

#endif
