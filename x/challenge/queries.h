/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_QUERIES_H
#define CAIRN_X_CHALLENGE_QUERIES_H
/* Questions about challenges, repair duties and the state of an object's deal. Private to the folder. */
#include "x/base/module.h"

#define CHALLENGE_QUERIES 6
extern const struct query challenge_queries[CHALLENGE_QUERIES];

#endif
