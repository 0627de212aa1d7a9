/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/key.h"
#include "chain/crypto/wipe.h"
#include "chain/os/log.h"
#include "chain/os/random.h"
#include "sp/cmd/commands.h"
#include "sp/cmd/daemon.h"

#include <signal.h>
#include <stdlib.h>

static void blind_keys(void) {
    uint8_t fresh[32];
    random_bytes(fresh, sizeof fresh);
    key_blind(fresh);
    wipe(fresh, sizeof fresh);
}

int command_start(const struct options *o, struct err *err) {
    struct daemon *d = malloc(sizeof *d);
    sigset_t ends;
    int got = 0;
    if (!d)
        return err_set(err, CODE_NO_MEMORY, "no memory to start");
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* from here on they wait for sigwait */
    blind_keys();
    int rc = daemon_start(d, o->home, options_value(o, "--passphrase-file", NULL), err);
    if (!rc) {
        log_info("sp", "serving", "sp=%u http=%s p2p=%s", d->provider.sp_id, d->home.config->http_listen,
                 d->home.config->p2p_listen);
        sigwait(&ends, &got);
        log_info("sp", "stopping", "signal=%d", got);
        daemon_stop(d);
    }
    free(d);
    return rc;
}
