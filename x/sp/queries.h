/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_QUERIES_H
#define CAIRN_X_SP_QUERIES_H
/* The queries of x/sp, for module.c. Private to the folder. */
#include "x/base/module.h"

#define SP_QUERIES 9
extern const struct query sp_queries[SP_QUERIES];

#endif
