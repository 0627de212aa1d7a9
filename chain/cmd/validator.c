/* SPDX-License-Identifier: Apache-2.0 */
/* cairnd validator-proof: what an operator's MsgCreateValidator must say of this home's keys. */
#include "chain/cmd/cmd.h"

#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/reveal.h"
#include "chain/types/signed.h"

#include <stdio.h>

/* A validator that joins counts its chains from 1: chain 0 is that of a genesis. */
#define FIRST_CHAIN 1

static int print(const struct home *h, const struct addr *operator, const char * name, struct err *err) {
    struct pubkey key = seckey_pubkey(&h->validator_key);
    struct hash digest = signed_possession(operator, & h->chain_tag);
    struct sig sig = seckey_sign(&h->validator_key, &digest);
    struct hash first = reveal_secret_of(&h->reveal_secret, FIRST_CHAIN), tip = reveal_value(&first, REVEAL_LENGTH);
    MsgCreateValidator m = MSG_CREATE_VALIDATOR__INIT;
    struct arena arena;
    const char *text;
    m.creator = pb_data(addr_bytes(operator));
    m.pubkey = pb_data(pubkey_bytes(&key));
    m.possession = pb_data(sig_bytes(&sig));
    m.tip = pb_data(hash_bytes(&tip));
    m.length = REVEAL_LENGTH;
    m.name = pb_text(name);
    arena_init(&arena, 1 << 20);
    int rc = json_print_pb(&m, true, &arena, &text, err);
    if (rc == CODE_OK)
        printf("%s", text);
    arena_release(&arena);
    return rc;
}

int cmd_validator_proof(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "home", .needed = true}, {.name = "operator", .needed = true}, {.name = "name"}};
    struct addr operator;
    struct home h;
    int rc = cmd_options(argc, argv, o, sizeof o / sizeof *o, err);
    if (rc == CODE_OK)
        rc = addr_from_text(o[1].value, &operator, err);
    if (rc == CODE_OK)
        rc = home_open(&h, o[0].value, err);
    if (rc != CODE_OK)
        return rc;
    if (!h.validator)
        rc = err_set(err, CODE_NOT_FOUND, "%s has no validator.key: it is the home of a full node", o[0].value);
    if (rc == CODE_OK)
        rc = print(&h, &operator, o[2].value != NULL ? o[2].value : h.config->moniker, err);
    home_release(&h);
    return rc;
}
