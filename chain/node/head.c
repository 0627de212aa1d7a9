/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/head.h"

#include <stdlib.h>
#include <string.h>

struct head *head_new(void) {
    struct head *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    atomic_init(&h->refs, 1);
    arena_init(&h->arena, 1 << 20);
    return h;
}

/* What was parsed for another set. */
struct parsed {
    const struct validator_set *set;
    const struct verifier *keys;
};

static int parse_keys(const struct validator_set *set, struct parsed known, struct verifier *ret, struct err *err) {
    for (uint16_t i = 0; i < set->n; i++) {
        const struct pubkey *key = &set->at[i].key;
        if (known.set != NULL && i < known.set->n && memcmp(known.set->at[i].key.b, key->b, sizeof key->b) == 0) {
            ret[i] = known.keys[i];
            continue;
        }
        int rc = verifier_init(&ret[i], key, err);
        if (rc != CODE_OK)
            return err_wrap(err, rc, "key of validator %u", i);
    }
    return CODE_OK;
}

int head_parse_keys(struct head *h, const struct head *before, struct err *err) {
    struct parsed last = {0}, now = {0}, next = {&h->info.validators, h->verifiers};
    if (before != NULL) {
        last = (struct parsed){&before->info.validators, before->verifiers};
        now = (struct parsed){&before->info.next_validators, before->next_verifiers};
    }
    int rc = parse_keys(&h->last_validators, last, h->last_verifiers, err);
    if (rc == CODE_OK)
        rc = parse_keys(&h->info.validators, now, h->verifiers, err);
    return rc == CODE_OK ? parse_keys(&h->info.next_validators, next, h->next_verifiers, err) : rc;
}

struct head *head_ref(struct head *h) {
    atomic_fetch_add(&h->refs, 1);
    return h;
}

void head_unref(struct head *h) {
    if (h == NULL || atomic_fetch_sub(&h->refs, 1) != 1)
        return;
    arena_release(&h->arena);
    free(h);
}
