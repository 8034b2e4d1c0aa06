/* SPDX-License-Identifier: MIT */
/*
 * Start: the recipe that is built into the program is loaded, its two addresses are replaced, and
 * the child runs it. It listens when its line "NAME ADDRESS" has come through the ready pipe; if it
 * fails before, EOF comes alone, and what it said on stderr is the reason.
 *
 * Stop: SIGTERM, and wait. Connections that no peer holds any more end by themselves. If the fault
 * keeps them open, they end when `grace` is over. A child that is still there then is killed.
 */
#include "proxy/app/demo/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/app/recipes.h"
#include "proxy/app/run.h"
#include "proxy/base/process.h"

/* How long the child may keep a connection that only it still holds. */
#define GRACE "200ms"

/* A generous bound: the child has nothing to do after its grace. */
#define STOP_DEADLINE_MS 10000

/* The end of the child's last words that is worth quoting. */
#define LAST_WORDS 200

static const char *find_recipe(const char *name)
{
    for (const struct recipe *recipe = recipes; recipe->name != NULL; recipe++) {
        if (strcmp(recipe->name, name) == 0)
            return recipe->text;
    }
    return NULL;
}

/* A file in memory as a string, to be freed by the caller. NULL when it cannot be read. */
static char *read_all(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return NULL;
    char *text = calloc(1, (size_t)info.st_size + 1);
    ssize_t n = text == NULL ? -1 : pread(fd, text, (size_t)info.st_size, 0);
    if (n >= 0)
        return text;
    free(text);
    return NULL;
}

/* Says what went wrong, with what the child said last. Always -1. */
static int fail_with_words(const struct demo_proxy *proxy, struct err *err, const char *what)
{
    char *words = read_all(proxy->errors);
    size_t n = words == NULL ? 0 : strlen(words);
    while (n > 0 && words[n - 1] == '\n')
        words[--n] = '\0';
    const char *tail = n > LAST_WORDS ? words + n - LAST_WORDS : words;
    err_set(err, "%s%s%s", what, n > 0 ? ": " : "", n > 0 ? tail : "");
    free(words);
    return -1;
}

static int load_recipe(
    const char *name, const struct demo_place *place, struct config *config, struct err *err)
{
    char section[PROXY_NAME_MAX + 8];
    const char *text = find_recipe(name);
    struct config_source *source = config_source_new();
    if (text == NULL || source == NULL) {
        config_source_free(source);
        return err_set(err, "there is no recipe %s.ini in this program", name);
    }
    snprintf(section, sizeof section, "proxy %s", name);
    config_source_add_text(source, name, text);
    config_source_set(source, "demo", section, "listen", place->listen);
    config_source_set(source, "demo", section, "upstream", place->upstream);
    config_source_set(source, "demo", "rudeproxy", "grace", GRACE);
    config_source_set(source, "demo", "rudeproxy", "log", "stdout");
    config_source_set(source, "demo", "rudeproxy", "log_format", "json");
    size_t problems = config_build(source, config, stderr);
    config_source_free(source);
    return problems == 0 ? 0 : err_set(err, "the recipe %s.ini is not valid", name);
}

/* In the child: the log is its stdout, its complaints go to `errors`. Does not return. */
static void be_the_proxy(
    const struct demo_proxy *proxy, struct config *config, int ready, pid_t parent)
{
    const struct run_options options = {.ready = {.fd = ready}};
    bool orphan = prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent;
    if (orphan || dup2(proxy->log, STDOUT_FILENO) < 0 || dup2(proxy->errors, STDERR_FILENO) < 0)
        _exit(EXIT_RUNTIME);
    _exit(run_config(config, &options));
}

static int open_files(struct demo_proxy *proxy, int ready[2], struct err *err)
{
    proxy->log = memfd_create("demo-log", MFD_CLOEXEC);
    proxy->errors = memfd_create("demo-errors", MFD_CLOEXEC);
    if (proxy->log >= 0 && proxy->errors >= 0 && pipe2(ready, O_CLOEXEC) == 0)
        return 0;
    err_set(err, "cannot start a proxy: %s", strerror(errno));
    return -1;
}

static void close_files(struct demo_proxy *proxy)
{
    if (proxy->log >= 0)
        close(proxy->log);
    if (proxy->errors >= 0)
        close(proxy->errors);
    proxy->log = proxy->errors = -1;
}

/* Waits for the child. False when it is still there at the deadline. */
static bool wait_for_exit(pid_t pid, int *status)
{
    /* waitpid() has no timeout. */
    const struct timespec pause = {0, 1000000};
    for (int i = 0; i < STOP_DEADLINE_MS; i++) {
        pid_t gone = waitpid(pid, status, WNOHANG);
        if (gone == pid)
            return true;
        if (gone < 0 && errno != EINTR)
            return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

static void kill_and_reap(pid_t pid)
{
    kill(pid, SIGKILL);
    process_wait(pid);
}

/* Reads "NAME ADDRESS". False at EOF, which the child's death brings too. */
static bool read_address(int fd, const char *name, struct peer_address *address)
{
    char line[PROXY_NAME_MAX + PEER_ADDRESS_TEXT] = "";
    FILE *in = fdopen(fd, "r");
    if (in == NULL) {
        close(fd);
        return false;
    }
    bool got = fgets(line, sizeof line, in) != NULL;
    fclose(in);
    size_t n = strlen(name);
    line[strcspn(line, "\n")] = '\0';
    return got && strncmp(line, name, n) == 0 && line[n] == ' ' &&
           peer_address_parse(line + n + 1, address) == 0;
}

static int launch(
    struct demo_proxy *proxy, const char *name, struct config *config, struct err *err)
{
    int ready[2];
    pid_t parent = getpid();
    if (open_files(proxy, ready, err) != 0)
        return -1;
    fflush(NULL); /* or the child would write our buffered output once more */
    proxy->pid = fork();
    if (proxy->pid == 0)
        be_the_proxy(proxy, config, ready[1], parent);
    close(ready[1]);
    if (proxy->pid < 0) {
        close(ready[0]);
        return err_set(err, "cannot fork: %s", strerror(errno));
    }
    if (read_address(ready[0], name, &proxy->address))
        return 0;
    kill_and_reap(proxy->pid);
    return fail_with_words(proxy, err, "the proxy did not start");
}

int demo_proxy_start(struct demo_proxy *proxy, const char *recipe_name,
    const struct demo_place *place, struct err *err)
{
    struct config config;
    *proxy = (struct demo_proxy){.log = -1, .errors = -1};
    if (load_recipe(recipe_name, place, &config, err) != 0)
        return -1;
    int result = launch(proxy, recipe_name, &config, err);
    config_free(&config);
    if (result != 0)
        close_files(proxy);
    return result;
}

char *demo_proxy_stop(struct demo_proxy *proxy, struct err *err)
{
    int status = 0;
    char *log = NULL;
    kill(proxy->pid, SIGTERM);
    bool in_time = wait_for_exit(proxy->pid, &status);
    if (!in_time)
        kill_and_reap(proxy->pid);
    if (!in_time)
        fail_with_words(proxy, err, "the proxy did not stop");
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_FINE)
        fail_with_words(proxy, err, "the proxy ended badly");
    else if ((log = read_all(proxy->log)) == NULL)
        err_set(err, "the proxy's log cannot be read");
    close_files(proxy);
    return log;
}
