/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_QUERIES_H
#define CAIRN_X_VALIDATOR_QUERIES_H
/* Private to the folder. */
#include "x/base/module.h"

#define VALIDATOR_QUERIES 7
extern const struct query validator_queries[VALIDATOR_QUERIES];

#endif
