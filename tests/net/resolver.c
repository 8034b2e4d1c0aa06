/* SPDX-License-Identifier: MIT */
/*
 * Names that are answered late or never, beside others. getaddrinfo() is a function of ours: a name
 * that begins with "stuck" is not answered until the gate opens.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/net/worker.h"
#include "tests/lib/wire.h"

#define WAITERS 100

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static unsigned stuck_calls, stuck_now;

static uv_loop_t loop;
static struct worker worker;
static unsigned answers;
static struct resolved *last;

static int fake_lookup(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    if (strncmp(host, "stuck", 5) == 0) {
        pthread_mutex_lock(&gate_lock);
        stuck_calls++;
        stuck_now++;
        pthread_cond_broadcast(&gate_moved);
        while (!gate_open)
            pthread_cond_wait(&gate_moved, &gate_lock);
        stuck_now--;
        pthread_cond_broadcast(&gate_moved);
        pthread_mutex_unlock(&gate_lock);
        return EAI_AGAIN;
    }
    return getaddrinfo(strcmp(host, "good") == 0 ? "127.0.0.9" : host, service, hints, list);
}

/* Waits until another thread moves the gate, with its lock. Ends the program when none does. */
static void wait_at_gate(void)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WIRE_DEADLINE_MS / 1000;
    if (pthread_cond_timedwait(&gate_moved, &gate_lock, &end) == 0)
        return;
    printf("waited in vain at the gate, which is %s: %u stuck now\n", gate_open ? "open" : "shut",
        stuck_now);
    exit(EXIT_FAILURE);
}

static void set_gate(bool open)
{
    pthread_mutex_lock(&gate_lock);
    gate_open = open;
    pthread_cond_broadcast(&gate_moved);
    while (open && stuck_now > 0)
        wait_at_gate();
    pthread_mutex_unlock(&gate_lock);
}

static unsigned wait_for_stuck(unsigned count)
{
    pthread_mutex_lock(&gate_lock);
    while (stuck_now < count)
        wait_at_gate();
    unsigned calls = stuck_calls;
    pthread_mutex_unlock(&gate_lock);
    return calls;
}

static void on_event(void *user, const struct event *event)
{
    (void)user;
    (void)event;
}

static void on_resolved(struct resolver_waiter *waiter, struct resolved *resolved)
{
    (void)waiter;
    answers++;
    resolved_unref(last);
    last = resolved_ref(resolved);
}

/* Turns until there are so many; each turn ends after some time. */
static void turn_until(const unsigned *number, unsigned count)
{
    for (int64_t end = wire_now_ms() + WIRE_DEADLINE_MS; *number < count;) {
        if (wire_now_ms() > end)
            fail_msg("waited in vain: %u of %u", *number, count);
        worker_turn(&worker, 100);
    }
}

static void wait_for_answers(unsigned count)
{
    turn_until(&answers, count);
    assert_int_equal(answers, count);
}

static int set_up(void **state)
{
    (void)state;
    uv_loop_init(&loop);
    answers = stuck_calls = 0;
    if (worker_init(&worker, &loop, on_event, NULL) != 0)
        return -1;
    worker.resolver.lookup = fake_lookup;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    worker_close(&worker);
    uv_run(&loop, UV_RUN_DEFAULT);
    worker_deinit(&worker);
    set_gate(true);
    set_gate(false);
    resolved_unref(last);
    last = NULL;
    return uv_loop_close(&loop);
}

static void waiter_init(struct resolver_waiter *waiter)
{
    *waiter = (struct resolver_waiter){.on_resolved = on_resolved};
    list_init(&waiter->link);
}

static void start(const char *host, struct resolver_waiter *waiter)
{
    waiter_init(waiter);
    assert_int_equal(resolver_start(&worker.resolver, host, waiter), 0);
}

static void a_name_without_an_answer_has_one_thread_and_holds_up_no_other(void **state)
{
    (void)state;
    static struct resolver_waiter stuck[WAITERS], good;
    for (int i = 0; i < WAITERS; i++)
        start("stuck", &stuck[i]);
    assert_int_equal(wait_for_stuck(1), 1);
    start("good", &good);
    wait_for_answers(1);
    assert_null(last->problem);
    assert_int_equal(last->count, 1);
    assert_int_equal(
        ((struct sockaddr_in *)&last->addresses[0])->sin_addr.s_addr, inet_addr("127.0.0.9"));
    resolver_cancel(&stuck[0]);
    set_gate(true);
    wait_for_answers(WAITERS); /* all but the cancelled one, and the good one */
    assert_int_equal(stuck_calls, 1);
    assert_string_equal(last->problem, gai_strerror(EAI_AGAIN));
    set_gate(false);
}

static void more_names_than_threads_are_answered_in_turn(void **state)
{
    (void)state;
    static struct resolver_waiter stuck[RESOLVER_THREADS_MAX], good;
    char host[24];
    for (int i = 0; i < RESOLVER_THREADS_MAX; i++) {
        snprintf(host, sizeof host, "stuck%d", i);
        start(host, &stuck[i]);
    }
    start("good", &good);
    wait_for_stuck(RESOLVER_THREADS_MAX);
    assert_int_equal(worker.resolver.running, RESOLVER_THREADS_MAX);
    set_gate(true);
    wait_for_answers(RESOLVER_THREADS_MAX + 1);
    assert_int_equal(worker.resolver.running, 0);
    set_gate(false);
}

static void localhost_is_never_asked_of_the_system(void **state)
{
    (void)state;
    char text[INET6_ADDRSTRLEN];
    struct resolver_waiter waiter;
    worker.resolver.lookup = NULL;
    start("LocalHost", &waiter);
    wait_for_answers(1);
    assert_int_equal(last->count, 2);
    inet_ntop(AF_INET, &((struct sockaddr_in *)&last->addresses[0])->sin_addr, text, sizeof text);
    assert_string_equal(text, "127.0.0.1");
    inet_ntop(
        AF_INET6, &((struct sockaddr_in6 *)&last->addresses[1])->sin6_addr, text, sizeof text);
    assert_string_equal(text, "::1");
    struct resolved *resolved = resolver_ask(&worker.resolver, "localhost");
    assert_int_equal(resolved->count, 2);
    resolved_unref(resolved);
}

static unsigned watched;

static void on_answer(struct resolver_watcher *watcher)
{
    (void)watcher;
    watched++;
}

static void an_answer_that_was_asked_for_is_kept_for_a_while(void **state)
{
    (void)state;
    struct resolver_watcher watcher = {.on_answer = on_answer};
    watched = 0;
    resolver_watch(&worker.resolver, &watcher);
    assert_null(resolver_ask(&worker.resolver, "good"));
    assert_null(resolver_ask(&worker.resolver, "good"));
    turn_until(&watched, 1);
    struct resolved *resolved = resolver_ask(&worker.resolver, "good");
    assert_non_null(resolved);
    assert_int_equal(resolved->count, 1);
    resolved_unref(resolved);
    assert_int_equal(worker.resolver.running, 0);
}

static bool is_known(const char *host)
{
    struct resolved *resolved = resolver_ask(&worker.resolver, host);
    resolved_unref(resolved);
    return resolved != NULL;
}

/* Both are asked for again with each answer, as a change with two names does. */
static void a_fast_answer_is_kept_until_the_slow_one_has_come(void **state)
{
    (void)state;
    struct resolver_watcher watcher = {.on_answer = on_answer};
    watched = 0;
    resolver_watch(&worker.resolver, &watcher);
    assert_false(is_known("good"));
    assert_false(is_known("stuck"));
    turn_until(&watched, 1);
    wait_for_stuck(1);
    for (time_us end = timers_now() + RESOLVER_KEEP_US + US_PER_MS; timers_now() < end;)
        worker_turn(&worker, 100);
    set_gate(true);
    turn_until(&watched, 2);
    assert_true(is_known("good"));
    assert_true(is_known("stuck"));
    set_gate(false);
}

/* tear_down() closes the worker while the lookup lasts. */
static void the_end_does_not_wait_for_a_lookup(void **state)
{
    (void)state;
    static struct resolver_waiter stuck;
    start("stuck", &stuck);
    wait_for_stuck(1);
    worker_close(&worker);
    assert_int_equal(answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_name_without_an_answer_has_one_thread_and_holds_up_no_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            more_names_than_threads_are_answered_in_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(localhost_is_never_asked_of_the_system, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_answer_that_was_asked_for_is_kept_for_a_while, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_fast_answer_is_kept_until_the_slow_one_has_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_does_not_wait_for_a_lookup, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
