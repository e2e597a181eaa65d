/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c -- starting threads. */
#define _GNU_SOURCE /* pthread_setname_np */
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>

td_status td_thread_start(pthread_t *out, const char *name, void *(*fn)(void *arg), void *arg)
{
    char short_name[16];
    sigset_t all, before;

    /* the new thread inherits the mask: there is no moment in which it could get a signal */
    sigfillset(&all);
    sigdelset(&all, SIGBUS); /* bus.h: reads of mapped files may fail on any thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(out, NULL, fn, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) return TD_ERR(RESOURCE_EXHAUSTED, "cannot start thread %s: error %d", name, error);

    snprintf(short_name, sizeof short_name, "%s", name);
    pthread_setname_np(*out, short_name);
    return NULL;
}
