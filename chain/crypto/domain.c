/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/domain.h"

#include <assert.h>

/* Two arrays from one table: a personal string longer than 16 bytes does not compile. */
static const struct {
    char text[DOMAIN_BYTES + 1];
} domains[DOMAIN_COUNT] = {
#define X(name, personal, what) [DOMAIN_##name] = {personal},
    DOMAIN_TABLE(X)
#undef X
};

#define X(name, personal, what) _Static_assert(sizeof personal <= DOMAIN_BYTES + 1, "domain " #name " is too long");
DOMAIN_TABLE(X)
#undef X

const uint8_t *domain_personal(enum domain domain) {
    assert((unsigned)domain < DOMAIN_COUNT);
    return (const uint8_t *)domains[domain].text;
}

const char *domain_name(enum domain domain) {
    assert((unsigned)domain < DOMAIN_COUNT);
    return domains[domain].text;
}
