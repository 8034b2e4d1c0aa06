/* SPDX-License-Identifier: MIT */
/* Proxies in this process: see rig.h. */
#include "tests/lib/rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/value.h"
#include "tests/lib/records.h"
#include "tests/lib/torture.h"
#include "tests/lib/wire.h"

static unsigned char byte_at(size_t offset)
{
    return (unsigned char)(offset * 31 + offset / 251);
}

static void on_event(void *user, const struct event *event)
{
    struct rig *rig = user;
    rig->events[event->kind]++;
}

/* libuv opens some descriptors for the life of the process with its first loop. */
static void open_lasting_descriptors(void)
{
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

void rig_start(struct rig *rig)
{
    const struct settings settings = {.has_seed = true, .seed = 42};
    open_lasting_descriptors();
    memset(rig, 0, sizeof *rig);
    rig->descriptors = records_count_descriptors(getpid());
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    assert_int_equal(worker_init(&rig->worker, &rig->loop, on_event, rig), 0);
    control_init(&rig->control, &rig->worker, &settings);
}

void rig_stop(struct rig *rig)
{
    proxies_close(&rig->worker);
    worker_close(&rig->worker);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    control_deinit(&rig->control);
    worker_deinit(&rig->worker);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    assert_int_equal(records_count_descriptors(getpid()), rig->descriptors);
}

void rig_turn(struct rig *rig)
{
    torture_enter();
    worker_turn(&rig->worker, 1);
    torture_leave();
}

int64_t rig_deadline(void)
{
    return wire_now_ms() + RIG_DEADLINE_MS;
}

void rig_check_deadline(int64_t until, const char *waited_for)
{
    if (wire_now_ms() > until)
        fail_msg("waited in vain for: %s", waited_for);
}

enum control_result rig_load(struct rig *rig, const char *text, enum reload_policy keep)
{
    struct config config;
    struct config_source *source = config_source_new();
    assert_non_null(source);
    config_source_add_text(source, "text", text);
    assert_int_equal(config_build(source, &config, stdout), 0);
    config_source_free(source);
    enum control_result result = control_load(&rig->control, &config, keep, &rig->err);
    config_free(&config);
    return result;
}

/* --- values --- */

/* Splits "key=text key=text" in place. */
static size_t split(char *text, struct config_word words[CONFIG_WORDS_MAX])
{
    size_t count = 0;
    for (char *next; *text != '\0'; text = next) {
        char *end = text + strcspn(text, " ");
        next = *end == '\0' ? end : end + 1;
        *end = '\0';
        char *equals = strchr(text, '=');
        assert_non_null(equals);
        *equals = '\0';
        words[count++] = (struct config_word){.key = text, .text = equals + 1};
    }
    return count;
}

static void expect_no_problem(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        print_error("%s: %s\n", problems_key(problems, i), problems_text(problems, i));
    assert_int_equal(problems->total, 0);
    problems_deinit(problems);
}

struct proxy_config rig_proxy(const char *name, const char *text)
{
    struct config_word words[CONFIG_WORDS_MAX];
    struct proxy_config config;
    struct problems problems;
    char *copy = strdup(text);
    problems_init(&problems);
    config_proxy_from_words(words, split(copy, words), &config, &problems);
    expect_no_problem(&problems);
    snprintf(config.name, sizeof config.name, "%s", name);
    free(copy);
    return config;
}

struct fault rig_fault(const char *name, const char *text)
{
    struct config_word words[CONFIG_WORDS_MAX];
    struct fault fault;
    struct problems problems;
    char *copy = strdup(text);
    problems_init(&problems);
    config_fault_from_words(words, split(copy, words), &fault, &problems);
    expect_no_problem(&problems);
    snprintf(fault.name, sizeof fault.name, "%s", name);
    free(copy);
    return fault;
}

/* --- changes --- */

enum control_result rig_add_proxy(struct rig *rig, const char *name, const char *words)
{
    struct proxy_config config = rig_proxy(name, words);
    return control_add_proxy(&rig->control, &config, &rig->err);
}

enum control_result rig_add(struct rig *rig, const char *proxy, const char *name, const char *words)
{
    struct fault fault = rig_fault(name, words);
    return control_add_fault(
        &rig->control, proxy, &fault, NULL, CONTROL_ALL_CONNECTIONS, &rig->err);
}

enum control_result rig_change(
    struct rig *rig, const char *proxy, const char *name, const char *words)
{
    struct fault fault = rig_fault(name, words);
    return control_change_fault(
        &rig->control, proxy, name, &fault, NULL, CONTROL_ALL_CONNECTIONS, &rig->err);
}

enum control_result rig_remove(struct rig *rig, const char *proxy, const char *name)
{
    return control_remove_fault(&rig->control, proxy, name, CONTROL_ALL_CONNECTIONS, &rig->err);
}

/* --- clients --- */

enum control_result rig_set_enabled(struct rig *rig, const char *proxy, bool enabled)
{
    struct proxy_config config;
    control_proxy_config(control_proxy(&rig->control, proxy), &config);
    config.enabled = enabled;
    return control_change_proxy(&rig->control, proxy, &config, &rig->err);
}

unsigned rig_port(struct rig *rig, const char *proxy)
{
    struct proxy_config config;
    control_proxy_config(control_proxy(&rig->control, proxy), &config);
    return config.listen.port;
}

int rig_connect(struct rig *rig, const char *name)
{
    struct proxy_config config;
    char text[ADDRESS_TEXT_MAX];
    struct proxy *proxy = control_proxy(&rig->control, name);
    assert_non_null(proxy);
    control_proxy_config(proxy, &config);
    address_format(&config.listen, text, sizeof text);
    return wire_connect_text(text);
}

/* At most so many bytes of the pattern from `offset` on. How many were taken. */
static size_t send_some(int fd, size_t offset, size_t n)
{
    unsigned char bytes[4096];
    n = n < sizeof bytes ? n : sizeof bytes;
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(offset + i);
    ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        fail_msg("send: %s", strerror(errno));
    return sent > 0 ? (size_t)sent : 0;
}

static size_t read_some(int fd, size_t offset, size_t most)
{
    unsigned char bytes[4096];
    ssize_t n = recv(fd, bytes, most < sizeof bytes ? most : sizeof bytes, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        fail_msg("at %zu: %s", offset, n == 0 ? "EOF" : strerror(errno));
    for (ssize_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], byte_at(offset + (size_t)i));
    return n > 0 ? (size_t)n : 0;
}

void rig_echo(struct rig *rig, int fd, size_t n)
{
    size_t sent = 0, read = 0;
    assert_true(fd >= 0);
    for (int64_t until = rig_deadline(); read < n; rig_turn(rig)) {
        rig_check_deadline(until, "bytes that come back");
        sent += send_some(fd, sent, n - sent);
        read += read_some(fd, read, n - read);
    }
}

void rig_send(int fd, size_t n)
{
    for (size_t sent = 0; sent < n;)
        sent += send_some(fd, sent, n - sent);
}

size_t rig_readable(int fd)
{
    int n = 0;
    assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
    return (size_t)n;
}

int rig_end(struct rig *rig, int fd)
{
    unsigned char bytes[4096];
    ssize_t n;
    assert_true(fd >= 0);
    for (int64_t until = rig_deadline(); (n = recv(fd, bytes, sizeof bytes, 0)) != 0;) {
        if (n < 0 && errno != EAGAIN)
            break;
        rig_check_deadline(until, "the end of a connection");
        rig_turn(rig);
    }
    int errnum = n == 0 ? 0 : errno;
    close(fd);
    return errnum;
}

int rig_setup(void **state)
{
    struct rig *rig = malloc(sizeof *rig);
    *state = rig;
    assert_non_null(rig);
    rig_start(rig);
    return 0;
}

int rig_teardown(void **state)
{
    rig_stop(*state);
    free(*state);
    return 0;
}
