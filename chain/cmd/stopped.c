/* SPDX-License-Identifier: Apache-2.0 */
/* A home whose node is stopped, opened for a command. */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"

int stopped_open(struct stopped *s, const char *dir, struct err *err) {
    char path[PATH_LEN_MAX];
    *s = (struct stopped){.lock = {-1}};
    int rc = home_open(&s->home, dir, err);
    if (rc != CODE_OK)
        return rc;
    s->opened = true;
    rc = dir_make(s->home.data, 0700, err); /* a full node's home that never ran has none */
    if (rc == CODE_OK)
        rc = home_path(dir, "LOCK", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = lock_file(&s->lock, path, err);
    if (rc == CODE_OK)
        rc = home_path(s->home.data, "db", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = store_open(path, NULL, &s->store, err);
    return rc;
}

void stopped_close(struct stopped *s) {
    store_view_close(s->view);
    store_close(s->store);
    lock_release(&s->lock);
    if (s->opened)
        home_release(&s->home);
}
