/* SPDX-License-Identifier: Apache-2.0 */
/* What holds, and whether this machine and the ledger agree with it: one line a probe. */
#include "cairn/auth.h"
#include "chain/codec/bech32.h"
#include "chain/config/config.h"
#include "chain/crypto/address.h"
#include "chain/crypto/wipe.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "client/lib/keystore.h"
#include "client/lib/placement.h"
#include "sp/cmd/commands.h"
#include "sp/cmd/home.h"
#include "sp/piecestore/piece_local.h"
#include "sp/signer/signer.h"

#include <inttypes.h>
#include <stdio.h>

enum { CLOCK_SKEW_MAX_MS = 5000, PROBE_ARENA_MAX = 4 << 20 };

struct probe {
    struct home home;
    struct arena arena;
    struct ledger *ledger;
    struct signer_keys keys;
    bool have_keys;
    unsigned failed;
};

/* Prints "ok  disk   ..." or "BAD disk   why". */
static void tell(struct probe *p, const char *what, int rc, const struct err *why, const char *text) {
    printf("%-4s %-9s %s\n", rc ? "BAD" : "ok", what, rc ? err_text(why) : text);
    p->failed += rc != CODE_OK;
}

static void probe_disk(struct probe *p) {
    struct piecestore *store = NULL;
    struct err why;
    char dir[PATH_MAX], text[PATH_MAX + 96] = "";
    uint64_t room = 0, total = 0;
    err_clear(&why);
    int rc = home_piece_dir(&p->home, dir, &why);
    if (!rc)
        rc = piece_local_open(dir, &store, &why);
    if (!rc)
        rc = piecestore_space(store, &room, &total, &why);
    piecestore_free(store);
    snprintf(text, sizeof text, "%" PRIu64 " MiB of %" PRIu64 " MiB are free at %s", room >> 20, total >> 20, dir);
    tell(p, "disk", rc, &why, text);
}

static void probe_keys(struct probe *p, const char *passphrase_file) {
    uint8_t passphrase[PASSPHRASE_MAX];
    size_t len = 0;
    struct err why;
    err_clear(&why);
    int rc = home_passphrase(passphrase_file, passphrase, &len, &why);
    if (!rc)
        rc = signer_keys_load(p->home.dir, bytes_of(passphrase, len), &p->keys, &why);
    wipe(passphrase, sizeof passphrase);
    p->have_keys = !rc;
    tell(p, "keys", rc, &why, "seal, approval, gc and node key open");
}

static void probe_ledger(struct probe *p) {
    struct err why;
    NodeStatus *status = NULL;
    char path[PATH_MAX], text[160] = "", clock_text[96] = "";
    struct ledger_options options = {
        .genesis_path = path, .verify = true, .allow_private = p->home.config->allow_private_endpoints};
    err_clear(&why);
    int rc = home_path(&p->home, "genesis.json", path, &why);
    if (!rc)
        rc = home_nodes(&p->home, &options.nodes, &why);
    if (!rc)
        rc = ledger_open(&options, &p->ledger, &why);
    if (!rc)
        rc = ledger_status(p->ledger, &p->arena, &status, &why);
    if (!rc)
        snprintf(text, sizeof text, "%s at height %" PRIu64 "%s", status->chain_id, status->height,
                 status->catching_up ? ", catching up" : "");
    tell(p, "ledger", rc, &why, text);
    if (rc)
        return;
    uint64_t now = clock_real_ms(), skew = now > status->time ? now - status->time : status->time - now;
    snprintf(clock_text, sizeof clock_text, "the newest block is %" PRIu64 ".%01" PRIu64 " s away", skew / 1000,
             skew % 1000 / 100);
    if (status->time > now + CLOCK_SKEW_MAX_MS)
        rc = err_set(&why, CODE_CONFIG, "this machine's clock is %" PRIu64 " s behind the ledger's", skew / 1000);
    tell(p, "clock", rc, &why, clock_text);
}

/* Is the provider on the ledger the one whose keys lie here? */
static void probe_record(struct probe *p) {
    struct err why;
    StorageProvider *sp = NULL;
    char text[600] = "";
    err_clear(&why);
    int rc = placement_sp(p->ledger, p->home.config->sp_id, &p->arena, &sp, &why);
    if (!rc && p->have_keys) {
        struct pubkey seal = seckey_pubkey(&p->keys.seal), approval = seckey_pubkey(&p->keys.approval);
        if (!bytes_eq(bytes_of(sp->seal_key.data, sp->seal_key.len), pubkey_bytes(&seal)) ||
            !bytes_eq(bytes_of(sp->approval_key.data, sp->approval_key.len), pubkey_bytes(&approval)))
            rc = err_set(&why, CODE_CONFIG, "provider %u on the ledger has other keys than this home", sp->id);
    }
    if (!rc)
        snprintf(text, sizeof text, "provider %u, %" PRIu64 " bytes stored, reached at %s and %s", sp->id,
                 sp->stored_bytes, sp->endpoint, sp->p2p_endpoint);
    tell(p, "record", rc, &why, text);
}

static void probe_balance(struct probe *p) {
    struct err why;
    Account *account = NULL;
    char path[160], address[ADDR_TEXT_MAX], text[200] = "";
    struct pubkey seal = seckey_pubkey(&p->keys.seal);
    struct addr account_of = addr_of_key(&seal);
    err_clear(&why);
    addr_to_text(&account_of, address);
    snprintf(path, sizeof path, "/auth/account?address=%s", address);
    int rc = ledger_query_pb(p->ledger, path, &account__descriptor, &p->arena, &account, &why);
    if (rc == CODE_NOT_FOUND || rc == CODE_ACCOUNT_NOT_FOUND || (!rc && !account->balance))
        rc = err_set(&why, CODE_INSUFFICIENT_FUNDS, "the seal key's account %s has no coins to pay for seals", address);
    if (!rc)
        snprintf(text, sizeof text, "%s holds %" PRIu64 " pebble", address, account->balance);
    tell(p, "balance", rc, &why, text);
}

int command_check_config(const struct options *o, struct err *err) {
    struct probe p = {.ledger = NULL};
    const char *text;
    int rc = home_open(&p.home, o->home, err);
    if (rc)
        return rc;
    arena_init(&p.arena, PROBE_ARENA_MAX);
    rc = config_print(p.home.config, &p.arena, &text, err);
    if (!rc) {
        printf("%s\n", text);
        probe_disk(&p);
        probe_keys(&p, options_value(o, "--passphrase-file", NULL));
        probe_ledger(&p);
        if (p.ledger)
            probe_record(&p);
        if (p.ledger && p.have_keys)
            probe_balance(&p);
    }
    signer_keys_wipe(&p.keys);
    ledger_close(p.ledger);
    arena_release(&p.arena);
    home_release(&p.home);
    if (!rc && p.failed)
        rc = err_set(err, CODE_CONFIG, "%u of the probes failed", p.failed);
    return rc;
}
