/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/file.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int count(void *ctx, const char *name, struct err *err) {
    (void)name, (void)err;
    ++*(int *)ctx;
    return CODE_OK;
}

static void file_write_atomic__replaces_and_leaves_nothing(void **state) {
    (void)state;
    struct err err;
    struct buf b;
    struct stat st;
    const char *dir = test_path("atomic"), *path = test_path("atomic/f");
    assert_ok(dir_make(dir, 0755, &err), &err);
    assert_ok(file_write_atomic(path, bytes_str("one"), 0600, &err), &err);
    assert_ok(file_write_atomic(path, bytes_str("two"), 0600, &err), &err);
    assert_code(file_write_new(path, bytes_str("three"), 0600, &err), CODE_ALREADY_EXISTS);
    buf_init(&b, 3);
    assert_ok(file_read(path, &b, &err), &err);
    assert_memory_equal(b.data, "two", 3);
    buf_release(&b);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    int n = 0;
    assert_ok(dir_each(dir, count, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_ok(dir_remove(dir, &err), &err);
    assert_false(path_exists(dir));
    assert_ok(dir_remove(dir, &err), &err);
}

static void file_read__over_the_cap(void **state) {
    (void)state;
    struct err err;
    struct buf b;
    const char *path = test_path("big");
    assert_ok(file_write_atomic(path, bytes_str("12345"), 0644, &err), &err);
    buf_init(&b, 4);
    assert_code(file_read(path, &b, &err), CODE_TOO_LARGE);
    buf_release(&b);
    buf_init(&b, 4);
    assert_code(file_read(test_path("none"), &b, &err), CODE_NOT_FOUND);
    assert_non_null(strstr(err.msg, "none"));
    buf_release(&b);
}

static void lock_file__second_is_refused_with_the_holder(void **state) {
    (void)state;
    struct err err;
    struct file_lock a = {-1}, b = {-1};
    char pid[32];
    assert_ok(lock_file(&a, test_path("lock"), &err), &err);
    assert_code(lock_file(&b, test_path("lock"), &err), CODE_LOCKED);
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(err.msg, pid));
    lock_release(&a);
    assert_ok(lock_file(&b, test_path("lock"), &err), &err);
    lock_release(&b);
}

static void file_pread__short_file(void **state) {
    (void)state;
    struct err err;
    char b[8];
    int fd = open(test_path("short"), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_ok(file_preallocate(fd, 6, &err), &err);
    assert_ok(file_pwrite(fd, "abc", 3, 1, &err), &err);
    assert_ok(file_pread(fd, b, 6, 0, &err), &err);
    assert_memory_equal(b, "\0abc\0\0", 6);
    assert_code(file_pread(fd, b, 7, 0, &err), CODE_IO);
    (void)close(fd);
}

TEST_MAIN(cmocka_unit_test(file_write_atomic__replaces_and_leaves_nothing), cmocka_unit_test(file_read__over_the_cap),
          cmocka_unit_test(lock_file__second_is_refused_with_the_holder), cmocka_unit_test(file_pread__short_file))
