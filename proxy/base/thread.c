/* SPDX-License-Identifier: MIT */
#include "proxy/base/thread.h"

#include <signal.h>

int thread_start(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *user), void *user)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(thread, attributes, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum;
}
