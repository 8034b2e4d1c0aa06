/* SPDX-License-Identifier: MIT */
/*
 * Running the real program.
 *
 * Start: make a folder, write the INI file, fork, exec `rudeproxy -c FILE --ready-fd N`, and read
 * the other end of descriptor N until EOF: the program writes one line for each proxy and closes
 * it. If it dies instead, EOF comes as well, without a line; if it hangs, the deadline comes. In
 * both cases its output is shown, the child reaped, the folder removed.
 *
 * Stop: SIGTERM and wait. A child that does not exit in time is killed, and that is a failure, as
 * is any status but 0.
 */
#include "tests/lib/proxy_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Also enough for a build with sanitizers, or under valgrind. */
#define START_DEADLINE_MS 20000
#define STOP_DEADLINE_MS 20000

/* Much more than the ready lines of a few hundred proxies. */
#define READY_BYTES_MAX 65536

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *program_path(void)
{
    const char *path = getenv("RUDEPROXY");
#ifdef RUDEPROXY_BINARY
    if (path == NULL || *path == '\0')
        path = RUDEPROXY_BINARY;
#endif
    return path;
}

/* A whole file as a string; NULL if it cannot be read. */
static char *read_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    if (fstat(fileno(file), &info) != 0) {
        fclose(file);
        return NULL;
    }
    char *text = malloc((size_t)info.st_size + 1);
    if (text != NULL)
        text[fread(text, 1, (size_t)info.st_size, file)] = '\0';
    fclose(file);
    return text;
}

static void report_problem(const struct proxy_process *process, const char *what)
{
    char *output = read_file(process->output);
    fprintf(stderr, "rudeproxy: %s\n--- its output:\n%s---\n", what, output ? output : "");
    free(output);
}

/* The sections, with `splice = KEY` in each proxy that does not say anything else. */
static void print_sections(FILE *file, const char *sections, const char *splice)
{
    for (const char *line = sections, *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        fprintf(file, "%.*s", (int)(end - line), line);
        if (strncmp(line, "[proxy ", 7) == 0 && strstr(sections, "splice =") == NULL)
            fprintf(file, "splice = %s\n", splice);
    }
}

bool proxy_process_write_config(
    const struct proxy_process *process, const char *globals, const char *sections)
{
    const char *splice = getenv("TEST_SPLICE");
    FILE *file = fopen(process->config, "we");
    if (file == NULL)
        return false;
    fprintf(file, "[rudeproxy]\nlog = %s\nlog_format = json\n%s\n\n", process->log, globals);
    print_sections(file, sections, splice != NULL ? splice : "auto");
    return fclose(file) == 0;
}

static bool make_folder(struct proxy_process *process)
{
    snprintf(process->folder, sizeof(process->folder), "/tmp/rudeproxy-test-XXXXXX");
    if (mkdtemp(process->folder) == NULL)
        return false;
    snprintf(process->config, sizeof(process->config), "%s/config.ini", process->folder);
    snprintf(process->log, sizeof(process->log), "%s/log.json", process->folder);
    snprintf(process->output, sizeof(process->output), "%s/output", process->folder);
    return true;
}

static void forget(struct proxy_process *process)
{
    (void)unlink(process->config);
    (void)unlink(process->log);
    (void)unlink(process->output);
    (void)rmdir(process->folder);
    free(process->ready);
    process->ready = NULL;
    process->pid = 0;
}

/* In the child, which dies with `parent`, a test that may fail in the middle. `ready` loses its
 * close-on-exec flag here, after the fork, so that no other program that a test runs at the same
 * time inherits it. */
static void exec_program(
    const struct proxy_process *process, const char *program, int ready, pid_t parent)
{
    char number[16];
    int output = open(process->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    snprintf(number, sizeof(number), "%d", ready);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || output < 0 ||
        dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
        fcntl(ready, F_SETFD, 0) != 0)
        _exit(126);
    if (process->script != NULL)
        execl(program, program, "exec", "-c", process->config, "--ready-fd", number, "--", "sh",
            "-c", process->script, (char *)NULL);
    else
        execl(program, program, "-c", process->config, "--ready-fd", number, (char *)NULL);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
}

/* Reads until EOF into a new string. NULL when the deadline passed or memory is short. */
static char *read_until_eof(int fd, int64_t deadline_ms)
{
    char *text = calloc(1, READY_BYTES_MAX);
    size_t used = 0;

    while (text != NULL && used < READY_BYTES_MAX - 1) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_ms - now_ms();
        if (left <= 0 || poll(&entry, 1, (int)left) == 0)
            break;
        ssize_t n = read(fd, text + used, READY_BYTES_MAX - 1 - used);
        if (n == 0)
            return text;
        if (n > 0)
            used += (size_t)n;
    }
    free(text);
    return NULL;
}

/* Waits for the child's end. False when the deadline passed; then it still runs. */
static bool wait_for_exit(pid_t pid, int64_t deadline_ms, int *status)
{
    /* waitpid() has no timeout, and a SIGCHLD handler would reach into the test's own signals. */
    const struct timespec pause = {0, 2000000};
    for (;;) {
        pid_t gone = waitpid(pid, status, WNOHANG);
        if (gone == pid)
            return true;
        if ((gone < 0 && errno != EINTR) || now_ms() > deadline_ms)
            return false;
        nanosleep(&pause, NULL);
    }
}

static void kill_and_reap(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static bool launch(struct proxy_process *process, const char *program)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        return false;
    pid_t parent = getpid();
    process->pid = fork();
    if (process->pid == 0)
        exec_program(process, program, ready[1], parent);
    close(ready[1]);
    if (process->pid > 0)
        process->ready = read_until_eof(ready[0], now_ms() + START_DEADLINE_MS);
    close(ready[0]);
    return process->pid > 0;
}

bool proxy_process_start(struct proxy_process *process, const char *globals, const char *sections)
{
    return proxy_process_start_exec(process, globals, sections, NULL);
}

bool proxy_process_start_exec(
    struct proxy_process *process, const char *globals, const char *sections, const char *script)
{
    const char *program = program_path();

    memset(process, 0, sizeof(*process));
    process->script = script;
    if (program == NULL) {
        fprintf(stderr, "no program to test: set RUDEPROXY\n");
        return false;
    }
    if (!make_folder(process)) {
        fprintf(stderr, "%s: %s\n", process->folder, strerror(errno));
        return false;
    }
    if (!proxy_process_write_config(process, globals, sections) || !launch(process, program)) {
        fprintf(stderr, "cannot start %s: %s\n", program, strerror(errno));
        forget(process);
        return false;
    }
    if (process->ready == NULL || process->ready[0] == '\0') {
        kill_and_reap(process->pid);
        report_problem(
            process, process->ready == NULL ? "not ready in time" : "ended at its start");
        forget(process);
        return false;
    }
    return true;
}

bool proxy_process_address(
    const struct proxy_process *process, const char *name, char *address, size_t size)
{
    size_t name_length = strlen(name);
    const char *line = process->ready;

    while (line != NULL && *line != '\0') {
        size_t length = strcspn(line, "\n");
        if (length > name_length && strncmp(line, name, name_length) == 0 &&
            line[name_length] == ' ') {
            size_t n = length - name_length - 1;
            if (n >= size)
                return false;
            memcpy(address, line + name_length + 1, n);
            address[n] = '\0';
            return true;
        }
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    return false;
}

char *proxy_process_read_log(const struct proxy_process *process)
{
    return read_file(process->log);
}

bool proxy_process_stop(struct proxy_process *process)
{
    char what[64] = "";
    int status = 0;

    if (process->pid <= 0)
        return true;
    (void)kill(process->pid, SIGTERM);
    if (!wait_for_exit(process->pid, now_ms() + STOP_DEADLINE_MS, &status)) {
        kill_and_reap(process->pid);
        snprintf(what, sizeof(what), "did not stop at SIGTERM");
    } else if (WIFSIGNALED(status)) {
        snprintf(what, sizeof(what), "was killed by signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(what, sizeof(what), "exited with status %d", WEXITSTATUS(status));
    }
    if (what[0] != '\0')
        report_problem(process, what);
    forget(process);
    return what[0] == '\0';
}
