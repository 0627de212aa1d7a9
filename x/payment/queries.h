/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_QUERIES_H
#define CAIRN_X_PAYMENT_QUERIES_H
#include "x/base/module.h"

#define PAYMENT_QUERIES 13
extern const struct query payment_queries[PAYMENT_QUERIES];

#endif
