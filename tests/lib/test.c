/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <ftw.h>
#include <unistd.h>

static char dir[256];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static pid_t owner;

static void remove_dir(void) {
    if (getpid() == owner) /* not in a forked child */
        (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void test_setup(void) {
    const char *filter = getenv("CAIRN_TEST_FILTER");
    if (filter && *filter)
        cmocka_set_test_filter(filter);
}

void test_ok(int rc, const struct err *err, const char *file, int line) {
    if (rc == CODE_OK)
        return;
    print_error("%s: %s\n", code_name(rc), err && err->code ? err->msg : "");
    _fail(file, line);
}

const char *test_dir(void) {
    if (dir[0])
        return dir;
    const char *base = getenv("TMPDIR");
    (void)snprintf(dir, sizeof dir, "%s/cairn-test-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(dir)) {
        perror(dir);
        exit(1);
    }
    owner = getpid();
    (void)atexit(remove_dir);
    return dir;
}

const char *test_path(const char *name) {
    static char paths[8][512];
    static unsigned next;
    char *p = paths[next++ % 8];
    (void)snprintf(p, sizeof *paths, "%s/%s", test_dir(), name);
    return p;
}

unsigned test_share(unsigned all) {
    const char *text = getenv("CAIRN_TEST_SHARE");
    unsigned long percent = text ? strtoul(text, NULL, 10) : 100;
    if (percent < 1 || percent > 100) {
        print_error("CAIRN_TEST_SHARE=%s: give percent from 1 to 100\n", text);
        exit(1);
    }
    unsigned long share = all * percent / 100;
    return share ? (unsigned)share : 1;
}
