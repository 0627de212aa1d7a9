/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/http/gate.h"

#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "tests/lib/test.h"

enum { LOOK_MS = 10 };

static struct {
    struct mutex lock;
    struct cond changed;
    unsigned entered, left;
    bool let_go, noted;
    int rc;
} gate;

void gate_init(void) {
    mutex_init(&gate.lock);
    cond_init(&gate.changed);
    gate.entered = gate.left = 0;
    gate.let_go = gate.noted = false;
}

int gate_pass(struct http_request *r) {
    bool left = false;
    mutex_lock(&gate.lock);
    gate.entered++;
    cond_broadcast(&gate.changed);
    while (!gate.let_go && !left) {
        (void)cond_wait_until(&gate.changed, &gate.lock, r ? deadline_in_ms(LOOK_MS) : DEADLINE_NEVER);
        left = r && http_client_gone(r);
    }
    gate.left += left;
    cond_broadcast(&gate.changed);
    mutex_unlock(&gate.lock);
    return left ? CODE_CLOSED : CODE_OK;
}

static void wait_for(const unsigned *count, unsigned n) {
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    mutex_lock(&gate.lock);
    while (*count < n)
        assert_true(cond_wait_until(&gate.changed, &gate.lock, deadline));
    mutex_unlock(&gate.lock);
}

void gate_wait_entered(unsigned n) {
    wait_for(&gate.entered, n);
}

void gate_wait_left(unsigned n) {
    wait_for(&gate.left, n);
}

void gate_let_go(void) {
    mutex_lock(&gate.lock);
    gate.let_go = true;
    cond_broadcast(&gate.changed);
    mutex_unlock(&gate.lock);
}

void gate_note(int rc) {
    mutex_lock(&gate.lock);
    gate.rc = rc;
    gate.noted = true;
    cond_broadcast(&gate.changed);
    mutex_unlock(&gate.lock);
}

int gate_wait_noted(void) {
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    mutex_lock(&gate.lock);
    while (!gate.noted)
        assert_true(cond_wait_until(&gate.changed, &gate.lock, deadline));
    int rc = gate.rc;
    mutex_unlock(&gate.lock);
    return rc;
}
