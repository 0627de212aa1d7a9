/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/light_attack.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "client/lib/trust_store.h"

#include <inttypes.h>
#include <stdio.h>

enum { ATTACK_VERSION = 1, ATTACK_ARENA_MAX = 16 << 20, ID_SHOWN = 8 };

/* The vote in b of the validator that cast vote i in a; NULL: it did not sign b. */
static const struct vote *other_vote(const struct light_attack *attack, uint16_t i) {
    const struct certificate *b = &attack->block_b->certificate;
    const struct addr *addr = &attack->block_a->validators.at[attack->block_a->certificate.votes[i].validator].addr;
    uint16_t place = validator_set_find(&attack->block_b->validators, addr);
    for (uint16_t k = 0; place != VALIDATOR_NONE && k < b->n; k++)
        if (b->votes[k].validator == place)
            return &b->votes[k];
    return NULL;
}

static int add_evidence(const struct vote *a, const struct vote *b, struct arena *arena, LightAttack *pb,
                        struct err *err) {
    Evidence *evidence = ARENA_NEW(arena, Evidence);
    if (evidence == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for evidence");
    evidence__init(evidence);
    evidence->kind = EVIDENCE_KIND_DOUBLE_VOTE;
    int rc = vote_to_pb(a, arena, &evidence->vote_a, err);
    if (rc == CODE_OK)
        rc = vote_to_pb(b, arena, &evidence->vote_b, err);
    if (rc == CODE_OK)
        pb->evidence[pb->n_evidence++] = evidence;
    return rc;
}

/* Who signed both; of those who did so in one round of one set, the double votes. */
static int add_signers(const struct light_attack *attack, struct arena *arena, LightAttack *pb, struct err *err) {
    const struct certificate *a = &attack->block_a->certificate;
    bool one_set = hash_eq(&attack->block_a->header.validators_hash, &attack->block_b->header.validators_hash);
    pb->double_signers = arena_array(arena, a->n, sizeof *pb->double_signers);
    pb->evidence = arena_array(arena, a->n, sizeof(Evidence *));
    if (pb->double_signers == NULL || pb->evidence == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for evidence");
    int rc = CODE_OK;
    for (uint16_t i = 0; rc == CODE_OK && i < a->n; i++) {
        const struct vote *other = other_vote(attack, i);
        if (other == NULL)
            continue;
        const struct validator *who = &attack->block_a->validators.at[a->votes[i].validator];
        pb->double_signers[pb->n_double_signers++] = pb_data(addr_bytes(&who->addr));
        if (one_set && other->round == a->votes[i].round)
            rc = add_evidence(&a->votes[i], other, arena, pb, err);
    }
    return rc;
}

int light_attack_to_pb(const struct light_attack *attack, struct arena *arena, LightAttack **ret, struct err *err) {
    LightAttack *pb = ARENA_NEW(arena, LightAttack);
    if (pb == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for evidence");
    light_attack__init(pb);
    pb->version = ATTACK_VERSION;
    pb->chain_id = pb_text(attack->chain_id);
    pb->chain_tag = pb_data(hash_bytes(&attack->trusted->chain_tag));
    pb->node_a = pb_text(attack->node_a);
    pb->node_b = pb_text(attack->node_b != NULL ? attack->node_b : "");
    pb->header_a = attack->header_a;
    pb->header_b = attack->header_b;
    int rc = trust_point_to_pb(attack->trusted, arena, &pb->trusted, err);
    if (rc == CODE_OK && attack->block_b != NULL)
        rc = add_signers(attack, arena, pb, err);
    if (rc != CODE_OK)
        return rc;
    uint64_t height = attack->block_a->header.height;
    char *what = attack->block_b != NULL
                     ? arena_printf(arena,
                                    "two headers of height %" PRIu64 " can be verified from height %" PRIu64
                                    "; %zu validators signed both, %zu of them "
                                    "in one round",
                                    height, attack->trusted->height, pb->n_double_signers, pb->n_evidence)
                     : arena_printf(arena, "header %" PRIu64 " is signed and contradicts the trusted header %" PRIu64,
                                    height, attack->trusted->height);
    if (what == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for evidence");
    pb->what = what;
    *ret = pb;
    return CODE_OK;
}

static int write_file(const LightAttack *pb, const struct light_attack *attack, const char *home, struct arena *arena,
                      char *path, size_t path_size, struct err *err) {
    char name[64], id[2 * ID_SHOWN + 1];
    const char *text;
    hex_encode(attack->block_a->header.id.b, ID_SHOWN, id);
    snprintf(name, sizeof name, "light-attack-%" PRIu64 "-%s.json", attack->block_a->header.height, id);
    int rc = path_join(home, name, path, path_size, err);
    if (rc == CODE_OK)
        rc = json_print_pb(pb, true, arena, &text, err);
    return rc == CODE_OK ? file_write_atomic(path, bytes_str(text), 0600, err) : rc;
}

int light_attack_save(const struct light_attack *attack, const char *home, struct err *err) {
    struct arena arena;
    struct err why;
    LightAttack *pb = NULL;
    char path[PATH_LEN_MAX];
    arena_init(&arena, ATTACK_ARENA_MAX);
    err_clear(&why);
    int rc = light_attack_to_pb(attack, &arena, &pb, &why);
    const char *what = rc == CODE_OK ? pb->what : "two contradicting headers are signed";
    if (rc == CODE_OK && *home != '\0')
        rc = write_file(pb, attack, home, &arena, path, sizeof path, &why);
    if (*home == '\0')
        err_set(err, CODE_FORK, "%s: validators lie; believe no node of this ledger until people have looked at it",
                what);
    else if (rc == CODE_OK)
        err_set(err, CODE_FORK,
                "%s: validators lie; believe no node of this ledger until people have looked at %s, which shows it",
                what, path);
    else
        err_set(err, CODE_FORK, "%s: validators lie; and what shows it could not be kept: %s", what, err_text(&why));
    arena_release(&arena);
    return CODE_FORK;
}
