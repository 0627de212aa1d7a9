/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_CHALLENGE_H
#define CAIRN_X_CHALLENGE_CHALLENGE_H
/* What x/app joins this module by. */
#include "x/storage/deps.h"

struct module;
extern const struct module challenge_module;

/* What x/storage tells: a provider begins to store. */
extern const struct storage_deps challenge_storage_deps;

#endif
