/* SPDX-License-Identifier: MIT */
#include "proxy/app/signals.h"

#include <stdbool.h>
#include <unistd.h>

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
    static const int signums[SIGNALS_MAX] = {SIGTERM, SIGINT, SIGHUP};
    for (int i = 0; i < SIGNALS_MAX; i++) {
        if (signums[i] == SIGINT && ignored != NULL && sigismember(ignored, SIGINT) == 1)
            continue;
        int result = watch_signal(signals, loop, signums[i]);
        if (result != 0)
            return err_set(err, "cannot watch for signals: %s", uv_strerror(result));
    }
    return 0;
}

static void on_alarm(int signum)
{
    (void)signum;
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

void signals_close(struct signals *signals)
{
    for (int i = 0; i < signals->count; i++)
        uv_close((uv_handle_t *)&signals->handles[i], NULL);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGALRM, on_alarm);
    alarm(SIGNALS_IGNORED_S);
}

void signals_end(void)
{
    alarm(0);
}
