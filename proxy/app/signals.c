/* SPDX-License-Identifier: MIT */
#include "proxy/app/signals.h"

#include <stdbool.h>
#include <unistd.h>

/* Signals that stay ignored to the end, as they were at the start. For on_alarm. */
static sigset_t left_ignored;

/* Each SIGHUP counts: the file may have changed since the last one. */
static bool is_repeat(const struct signals *signals, int signum, uint64_t now_ms)
{
    return signum != SIGHUP && signum == signals->last &&
           now_ms - signals->last_at_ms < SIGNALS_REPEAT_MS;
}

static void on_uv_signal(uv_signal_t *handle, int signum)
{
    struct signals *signals = handle->data;
    uint64_t now_ms = uv_now(handle->loop);
    if (is_repeat(signals, signum, now_ms))
        return;
    signals->last = signum;
    signals->last_at_ms = now_ms;
    signals->on_signal(signals, signum);
}

static const int watched[SIGNALS_MAX] = {SIGTERM, SIGINT, SIGHUP};

sigset_t signals_watched(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < SIGNALS_MAX; i++)
        sigaddset(&set, watched[i]);
    return set;
}

static int watch_signal(struct signals *signals, uv_loop_t *loop, int signum)
{
    uv_signal_t *handle = &signals->handles[signals->count];
    int result = uv_signal_init(loop, handle);
    if (result != 0)
        return result;
    handle->data = signals;
    signals->count++;
    return uv_signal_start(handle, on_uv_signal, signum);
}

int signals_start(
    struct signals *signals, uv_loop_t *loop, const sigset_t *ignored, struct err *err)
{
    struct sigaction hangup;
    sigemptyset(&left_ignored);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN) /* nohup */
        sigaddset(&left_ignored, SIGHUP);
    for (int i = 0; i < SIGNALS_MAX; i++) {
        if (watched[i] == SIGINT && ignored != NULL && sigismember(ignored, SIGINT) == 1) {
            sigaddset(&left_ignored, SIGINT);
            continue;
        }
        int result = watch_signal(signals, loop, watched[i]);
        if (result != 0)
            return err_set(err, "cannot watch for signals: %s", uv_strerror(result));
    }
    return 0;
}

static void on_alarm(int signum)
{
    (void)signum;
    for (int i = 0; i < SIGNALS_MAX; i++)
        if (sigismember(&left_ignored, watched[i]) != 1)
            signal(watched[i], SIG_DFL);
}

/* libuv puts the default in force for each signal that it watches no longer. */
void signals_close(struct signals *signals)
{
    const sigset_t blocked = signals_watched();
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, &blocked, &mask);
    for (int i = 0; i < signals->count; i++)
        uv_close((uv_handle_t *)&signals->handles[i], NULL);
    for (int i = 0; i < SIGNALS_MAX; i++)
        signal(watched[i], SIG_IGN);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    signal(SIGALRM, on_alarm);
    alarm(SIGNALS_IGNORED_S);
}

void signals_end(void)
{
    alarm(0);
}
