/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/keeper.h"

#include "chain/base/limits.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "chain/os/thread.h"
#include "chain/store/store_private.h"

#include <stdlib.h>

#define STEP_BYTES (1 * MIB) /* some 20 ms */
#define REST       3         /* times as long as a step took */

struct keeper {
    struct store *store;
    struct thread thread;
    bool stopping; /* under store->lock */
    uint64_t seen; /* the height that was newest at the last step */
    bool any;      /* seen is one */
};

/* Waits for a new height, or, with more to do, until rest_ns have passed. False when it is to stop. */
static bool wait_turn(struct keeper *k, bool more, uint64_t rest_ns) {
    struct store *s = k->store;
    uint64_t until = clock_mono_ns() + rest_ns;
    bool rested = false;
    mutex_lock(&s->lock);
    while (!k->stopping && more && !rested)
        rested = !cond_wait_until(&s->news, &s->lock, until);
    while (!k->stopping && !more && (!s->newest || (k->any && s->newest->head.height == k->seen)))
        cond_wait(&s->news, &s->lock);
    bool go = !k->stopping;
    if (go && s->newest) {
        k->seen = s->newest->head.height;
        k->any = true;
    }
    mutex_unlock(&s->lock);
    return go;
}

static void run(void *arg) {
    struct keeper *k = (struct keeper *)arg;
    bool more = false;
    uint64_t rest = 0;
    while (wait_turn(k, more, rest)) {
        struct err err = {0};
        uint64_t start = clock_mono_ns();
        int rc = store_keep(k->store, STEP_BYTES, &more, &err);
        rest = REST * (clock_mono_ns() - start);
        if (rc == CODE_OK)
            continue;
        log_error("store", "background work failed", "code=%s %s", code_name(rc), log_quote(err_text(&err)).s);
        if (store_failed(k->store, NULL))
            return; /* the node sees it, too, and stops */
        more = false;
    }
}

int keeper_start(struct store *s, struct keeper **ret, struct err *err) {
    struct keeper *k = (struct keeper *)calloc(1, sizeof *k);
    if (!k)
        return err_set(err, CODE_NO_MEMORY, "no memory for the store's background work");
    k->store = s;
    int rc = thread_start(&k->thread, "keeper", run, k, err);
    if (rc)
        free(k);
    else
        *ret = k;
    return rc;
}

void keeper_stop(struct keeper *k) {
    if (!k)
        return;
    mutex_lock(&k->store->lock);
    k->stopping = true;
    cond_broadcast(&k->store->news);
    mutex_unlock(&k->store->lock);
    thread_join(&k->thread);
    free(k);
}
