/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_QUERIES_H
#define CAIRN_X_STORAGE_QUERIES_H
/* Questions about buckets, objects, groups, slots and prices, and whether somebody may do something. */
#include "x/base/module.h"

#define STORAGE_QUERIES 22
extern const struct query storage_queries[STORAGE_QUERIES];

#endif
