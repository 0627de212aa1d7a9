/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_CRASH_H
#define CAIRN_CHAIN_OS_CRASH_H
/*
 * Named points between an input and its acknowledgement, at which a process may be made to die or a sync to fail. For
 * tests with real processes (tests/e2e/test_kill_sweep.py); they exist in the builds DEBUG=1 and SAN=asan only, and are
 * nothing in the released program.
 *
 *     CAIRN_CRASH_AT=NAME[:N]     kill -9 of itself when it comes to the point for the N-th time (default 1)
 *     CAIRN_CRASH_TRACE=FILE      appends the name of each point to FILE when it is first come to
 *     CAIRN_FAIL_SYNC=FILE[:N]    the N-th sync of that file of chain/os/disk.h ("wal.0", "signer.state") fails
 *
 * What a power cut leaves of unsynced writes is not shown by a killed process: tests/lib/disk and tests/sim model it.
 */
#include <stdbool.h>

/* clang-format off */
#define CRASH_POINTS(X)                                                                                                \
    /* the node: an input has come, nothing is done with it */                                                         \
    X(ADMIT_BEFORE_POOL,       "admit-before-pool")                                                                    \
    X(ADMIT_BEFORE_ANSWER,     "admit-before-answer")                                                                  \
    X(CORE_MESSAGE,            "core-message")                                                                         \
    X(CORE_TIMER,              "core-timer")                                                                           \
    /* the ledger's thread */                                                                                          \
    X(LEDGER_BUILT,            "ledger-built")                                                                         \
    X(LEDGER_JUDGED,           "ledger-judged")                                                                        \
    /* the durability log */                                                                                           \
    X(BODY_BEFORE_LOG,         "body-before-log")                                                                      \
    X(WAL_BEFORE_APPEND,       "wal-before-append")                                                                    \
    X(WAL_BEFORE_WRITE,        "wal-before-write")                                                                     \
    X(WAL_AFTER_WRITE,         "wal-after-write")                                                                      \
    X(WAL_AFTER_SYNC,          "wal-after-sync")                                                                       \
    X(WAL_BEFORE_RESET,        "wal-before-reset")                                                                     \
    X(WAL_AFTER_RESET,         "wal-after-reset")                                                                      \
    /* the signer */                                                                                                   \
    X(SIGN_ASKED,              "sign-asked")                                                                           \
    X(SIGNER_AFTER_WRITE,      "signer-after-write")                                                                   \
    X(SIGNER_AFTER_SYNC,       "signer-after-sync")                                                                    \
    X(SIGN_DONE,               "sign-done")                                                                            \
    /* the network */                                                                                                  \
    X(SEND_BEFORE,             "send-before")                                                                          \
    X(SEND_AFTER,              "send-after")                                                                           \
    /* the decided block */                                                                                            \
    X(DECIDED,                 "decided")                                                                              \
    X(COMMIT_BEFORE_EXECUTE,   "commit-before-execute")                                                                \
    X(COMMIT_EXECUTED,         "commit-executed")                                                                      \
    X(STORE_BEFORE_WRITE,      "store-before-write")                                                                   \
    X(STORE_AFTER_WRITE,       "store-after-write")                                                                    \
    X(COMMIT_DONE,             "commit-done")                                                                          \
    X(COMMIT_PUBLISHED,        "commit-published")                                                                     \
    X(HEIGHT_TAKEN,            "height-taken")                                                                         \
    /* a start after a crash: dying again in the middle of it */                                                       \
    X(SIGNER_OPENED,           "signer-opened")                                                                        \
    X(WAL_OPEN_WRITTEN,        "wal-open-written")                                                                     \
    X(RECOVER_RECORD,          "recover-record")                                                                       \
    X(RECOVERED,               "recovered")
/* clang-format on */

enum crash_point {
#define CRASH_POINT_ENUM(name, text) CRASH_##name,
    CRASH_POINTS(CRASH_POINT_ENUM)
#undef CRASH_POINT_ENUM
        CRASH_POINTS_N
};

#ifdef CAIRN_DEBUG
void crash_point(enum crash_point point);
/* Whether this sync is the one that fails. */
bool crash_fails_sync(const char *file);
#else
static inline void crash_point(enum crash_point point) {
    (void)point;
}
static inline bool crash_fails_sync(const char *file) {
    (void)file;
    return false;
}
#endif

#endif
