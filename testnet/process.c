/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/process.h"

#include "chain/os/clock.h"
#include "chain/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAT_MAX = 2048, ERROR_TAIL_MAX = 4096 };

/* Field 3 (state) and field 22 (start time) of /proc/PID/stat, which follow the name in parentheses. */
static bool process_stat(pid_t pid, char *ret_state, uint64_t *ret_ticks) {
    char path[64], text[STAT_MAX];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    char *p = strrchr(text, ')');
    if (!p || p[1] != ' ')
        return false;
    *ret_state = p[2];
    p += 2;
    for (int field = 3; field < 22 && p; field++)
        p = strchr(p + 1, ' ');
    if (!p)
        return false;
    *ret_ticks = strtoull(p + 1, NULL, 10);
    return true;
}

bool process_alive(pid_t pid, uint64_t start_ticks) {
    char state;
    uint64_t ticks;
    return pid > 0 && process_stat(pid, &state, &ticks) && ticks == start_ticks && state != 'Z' && state != 'X';
}

/* In the child: standard streams as asked, own session, then the program. Only async-signal-safe calls. */
static void child_exec(const char *const argv[], int in, int out, int errs, bool own_session) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (own_session)
        setsid();
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errs, 2) < 0)
        _exit(126);
    if (syscall(SYS_close_range, 3, ~0U, 0))
        _exit(126);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

int process_start(const char *const argv[], const char *log_path, pid_t *ret_pid, uint64_t *ret_start_ticks,
                  struct err *err) {
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int rc = CODE_OK;
    if (in < 0 || log < 0) {
        rc = err_errno(err, errno, "cannot open %s", log < 0 ? log_path : "/dev/null");
        goto out;
    }
    if (access(argv[0], X_OK)) {
        rc = err_errno(err, errno, "cannot run %s (build it with `make`)", argv[0]);
        goto out;
    }
    pid_t pid = fork();
    if (pid < 0) {
        rc = err_errno(err, errno, "cannot start %s", argv[0]);
        goto out;
    }
    if (!pid)
        child_exec(argv, in, log, log, true);
    char state;
    uint64_t ticks;
    if (!process_stat(pid, &state, &ticks)) {
        rc = err_set(err, CODE_INTERNAL, "%s ended at once; see %s", argv[0], log_path);
        goto out;
    }
    *ret_pid = pid;
    *ret_start_ticks = ticks;
out:
    if (in >= 0)
        close(in);
    if (log >= 0)
        close(log);
    return rc;
}

/* Reads both pipes to their ends; keeps the last ERROR_TAIL_MAX bytes of the second. */
static void drain(int out, int errs, struct buf *ret_output, struct buf *tail) {
    struct pollfd p[2] = {{.fd = out, .events = POLLIN}, {.fd = errs, .events = POLLIN}};
    char chunk[4096];
    while (p[0].fd >= 0 || p[1].fd >= 0) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return;
        for (int i = 0; i < 2; i++) {
            if (p[i].fd < 0 || !p[i].revents)
                continue;
            ssize_t n = read(p[i].fd, chunk, sizeof chunk);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0) {
                p[i].fd = -1;
                continue;
            }
            struct buf *into = i ? tail : ret_output;
            if (i && tail->len + (size_t)n > ERROR_TAIL_MAX)
                buf_consume(tail, tail->len + (size_t)n - ERROR_TAIL_MAX > tail->len
                                      ? tail->len
                                      : tail->len + (size_t)n - ERROR_TAIL_MAX);
            buf_put(into, chunk, (size_t)n);
        }
    }
}

static const char *last_line(struct buf *tail) {
    while (tail->len && (tail->data[tail->len - 1] == '\n' || tail->data[tail->len - 1] == '\r'))
        tail->len--;
    const char *text = buf_cstr(tail);
    const char *line = text ? strrchr(text, '\n') : NULL;
    return line ? line + 1 : text ? text : "";
}

int process_run(const char *const argv[], struct buf *ret_output, int *ret_status, struct err *err) {
    int out[2] = {-1, -1}, errs[2] = {-1, -1}, rc = CODE_OK, status = 0;
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct buf tail;
    buf_init(&tail, 2 * ERROR_TAIL_MAX);
    pid_t pid = -1;
    if (in >= 0 && !pipe2(errs, O_CLOEXEC) && !pipe2(out, O_CLOEXEC))
        pid = fork();
    if (pid < 0) {
        rc = err_errno(err, errno, "cannot run %s", argv[0]);
        goto done;
    }
    if (!pid)
        child_exec(argv, in, ret_output ? out[1] : 1, errs[1], false);
    close(out[1]);
    close(errs[1]);
    out[1] = errs[1] = -1;
    drain(out[0], errs[0], ret_output, &tail);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    int exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ret_status)
        *ret_status = exit_status;
    if (exit_status == 127)
        rc = err_set(err, CODE_NOT_FOUND, "%s cannot be run: build it with `make`", argv[0]);
    else if (exit_status)
        rc = err_set(err, CODE_INTERNAL, "%s %s failed: %s", argv[0], argv[1] ? argv[1] : "", last_line(&tail));
    else if (ret_output)
        rc = buf_check(ret_output, err);
done:
    for (int i = 0; i < 2; i++) {
        if (out[i] >= 0)
            close(out[i]);
        if (errs[i] >= 0)
            close(errs[i]);
    }
    if (in >= 0)
        close(in);
    buf_release(&tail);
    return rc;
}

bool process_end(pid_t pid, uint64_t start_ticks, int signal, unsigned wait_ms) {
    if (!process_alive(pid, start_ticks))
        return true;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return !process_alive(pid, start_ticks);
    /* the descriptor names one process; look once more, now that the pid cannot change under it */
    if (process_alive(pid, start_ticks))
        syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
    if (wait_ms) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint64_t until = clock_mono_ms() + wait_ms, now;
        while ((now = clock_mono_ms()) < until && poll(&p, 1, (int)(until - now)) < 0 && errno == EINTR)
            ;
        waitpid(pid, NULL, WNOHANG); /* in case that it is our child */
    }
    close(fd);
    return !process_alive(pid, start_ticks);
}

int process_sibling(const char *program, char *ret_path, size_t ret_size, struct err *err) {
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return err_errno(err, errno, "cannot find where this program lies");
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    return path_join(self, program, ret_path, ret_size, err);
}
