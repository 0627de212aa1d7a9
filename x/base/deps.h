/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_BASE_DEPS_H
#define CAIRN_X_BASE_DEPS_H
/*
 * Calls that go up: a module may include those below it (tests/lint/arrows.txt), and what it needs of one above it says
 * in its own deps.h as a struct of functions. x/app fills them in; tests may give fakes. Each pointer is never NULL
 * while a block runs.
 */
struct payment_deps;
struct sp_deps;
struct permission_deps;
struct storage_deps;

struct deps {
    const struct payment_deps *payment;       /* x/payment/deps.h */
    const struct permission_deps *permission; /* x/permission/deps.h */
    const struct storage_deps *storage;       /* x/storage/deps.h */
    const struct sp_deps *sp;                 /* x/sp/deps.h */
};

#endif
