/* SPDX-License-Identifier: MIT */
/*
 * The usual case: a lookup is created, a thread calls getaddrinfo(3), leaves the answer in the
 * mailbox and ends. The mailbox's eventfd wakes the loop, which calls the waiters.
 *
 * A lookup without waiters continues, and the next waiter for the name joins it. So a dead name
 * server occupies one thread for each name, however many clients come and go.
 *
 * A thread that is still running at resolver_close() finds the mailbox closed and frees its answer.
 * The last reference frees the mailbox.
 */
#include "proxy/net/resolver.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proxy/base/address.h"
#include "proxy/base/thread.h"
#include "proxy/net/timers.h"

#define NO_MEMORY "out of memory"

struct resolver_mailbox {
    pthread_mutex_t lock;
    unsigned refs; /* the resolver's and the threads' */
    bool closed;
    int event_fd;
    struct list answers; /* of struct answer */
};

/* The work and the result of one thread. */
struct answer {
    struct list link;
    struct resolver_mailbox *mailbox;
    int (*lookup)(const char *host, const char *service, const struct addrinfo *hints,
        struct addrinfo **list);
    struct resolved *resolved; /* initially: "out of memory" */
    char host[ADDRESS_HOST_MAX];
};

/* A name with a pending or finished lookup. */
struct lookup {
    struct hash_link by_name;
    struct list link;       /* in the resolver's lookups */
    struct list queue_link; /* in its queue */
    struct list waiters;
    bool under_way;
    bool asked;                /* by resolver_ask(): keep the answer */
    struct resolved *resolved; /* the last answer; NULL: none */
    char host[ADDRESS_HOST_MAX];
};

/* --- answers --- */

static struct resolved *resolved_new(const char *problem, int errnum, size_t count)
{
    struct resolved *resolved = calloc(1, sizeof *resolved + count * sizeof resolved->addresses[0]);
    if (resolved == NULL)
        return NULL;
    resolved->refs = 1;
    resolved->problem = problem;
    resolved->errnum = errnum;
    resolved->count = count;
    return resolved;
}

struct resolved *resolved_ref(struct resolved *resolved)
{
    resolved->refs++;
    return resolved;
}

void resolved_unref(struct resolved *resolved)
{
    if (resolved != NULL && --resolved->refs == 0)
        free(resolved);
}

static bool is_localhost(const char *host)
{
    return strcasecmp(host, "localhost") == 0;
}

static struct resolved *localhost(void)
{
    struct resolved *resolved = resolved_new(NULL, 0, 2);
    if (resolved == NULL)
        return NULL;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&resolved->addresses[0];
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&resolved->addresses[1];
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return resolved;
}

static struct resolved *copy_addresses(const struct addrinfo *list)
{
    size_t count = 0;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        count += count < RESOLVER_ADDRESSES_MAX;
    struct resolved *resolved = resolved_new(count > 0 ? NULL : "no address", 0, count);
    for (size_t i = 0; resolved != NULL && i < count; i++, list = list->ai_next)
        memcpy(&resolved->addresses[i], list->ai_addr, list->ai_addrlen);
    return resolved;
}

/* Looks the name up. Blocks as long as getaddrinfo(3) does. */
static struct resolved *look_up(const struct answer *answer)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int status = answer->lookup(answer->host, NULL, &hints, &list);
    if (status == EAI_SYSTEM)
        return resolved_new(err_name(errno), errno, 0);
    if (status != 0)
        return resolved_new(gai_strerror(status), status == EAI_MEMORY ? ENOMEM : 0, 0);
    struct resolved *resolved = copy_addresses(list);
    freeaddrinfo(list);
    return resolved;
}

/* --- the mailbox --- */

static struct resolver_mailbox *mailbox_new(void)
{
    struct resolver_mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (mailbox == NULL)
        return NULL;
    mailbox->refs = 1;
    mailbox->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&mailbox->lock, NULL);
    list_init(&mailbox->answers);
    return mailbox;
}

/* Drops a reference and unlocks the mailbox. */
static void mailbox_unref(struct resolver_mailbox *mailbox)
{
    bool last = --mailbox->refs == 0;
    pthread_mutex_unlock(&mailbox->lock);
    if (!last)
        return;
    if (mailbox->event_fd >= 0)
        close(mailbox->event_fd);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

static void answer_free(struct answer *answer)
{
    resolved_unref(answer->resolved);
    free(answer);
}

/* Puts the answer into the mailbox. Takes the answer and its reference to the mailbox. */
static void mailbox_put(struct answer *answer)
{
    struct resolver_mailbox *mailbox = answer->mailbox;
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->closed) {
        answer_free(answer);
    } else {
        list_append(&mailbox->answers, &answer->link);
        eventfd_write(mailbox->event_fd, 1);
    }
    mailbox_unref(mailbox);
}

static struct answer *mailbox_take(struct resolver_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    struct list *link = list_pop(&mailbox->answers);
    pthread_mutex_unlock(&mailbox->lock);
    return link == NULL ? NULL : container_of(link, struct answer, link);
}

/* --- lookups --- */

/* Sets the result. `resolved` NULL: out of memory, which is the initial answer. */
static void set_answer(struct answer *answer, struct resolved *resolved)
{
    if (resolved == NULL)
        return;
    resolved_unref(answer->resolved);
    answer->resolved = resolved;
}

static void *run_thread(void *user)
{
    struct answer *answer = user;
    set_answer(answer, look_up(answer));
    mailbox_put(answer);
    return NULL;
}

static int start_thread(struct answer *answer)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int errnum = thread_start(&thread, &attributes, run_thread, answer);
    pthread_attr_destroy(&attributes);
    return errnum;
}

static struct lookup *resolver_find(const struct resolver *resolver, const char *host)
{
    struct hash_link *link = hash_find(&resolver->names, hash_text(0, host));
    for (; link != NULL; link = hash_find_next(link)) {
        struct lookup *lookup = container_of(link, struct lookup, by_name);
        if (strcmp(lookup->host, host) == 0)
            return lookup;
    }
    return NULL;
}

static void lookup_free(struct resolver *resolver, struct lookup *lookup)
{
    hash_remove(&resolver->names, &lookup->by_name);
    list_remove(&lookup->link);
    list_remove(&lookup->queue_link);
    for (struct list *link; (link = list_pop(&lookup->waiters)) != NULL;)
        list_init(link);
    resolved_unref(lookup->resolved);
    free(lookup);
}

static struct lookup *lookup_new(struct resolver *resolver, const char *host)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL || hash_add(&resolver->names, &lookup->by_name, hash_text(0, host)) != 0) {
        free(lookup);
        return NULL;
    }
    list_append(&resolver->lookups, &lookup->link);
    list_init(&lookup->queue_link);
    list_init(&lookup->waiters);
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    return lookup;
}

/* Starts a thread for the name. If there is no thread, that is the answer. Returns 0 or -ENOMEM. */
static int resolver_begin(struct resolver *resolver, const struct lookup *lookup)
{
    struct answer *answer = calloc(1, sizeof *answer);
    struct resolved *no_memory = resolved_new(NO_MEMORY, ENOMEM, 0);
    if (answer == NULL || no_memory == NULL) {
        free(answer);
        free(no_memory);
        return -ENOMEM;
    }
    *answer = (struct answer){
        .mailbox = resolver->mailbox, .lookup = resolver->lookup, .resolved = no_memory};
    memcpy(answer->host, lookup->host, sizeof answer->host);
    pthread_mutex_lock(&resolver->mailbox->lock);
    resolver->mailbox->refs++;
    pthread_mutex_unlock(&resolver->mailbox->lock);
    resolver->running++;
    if (is_localhost(answer->host))
        set_answer(answer, localhost());
    else if (start_thread(answer) == 0)
        return 0;
    else
        set_answer(answer, resolved_new("there is no thread to look it up", EAGAIN, 0));
    mailbox_put(answer);
    return 0;
}

/* Returns the pending lookup of the name, or a new one. NULL: out of memory. */
static struct lookup *under_way(struct resolver *resolver, const char *host)
{
    struct lookup *lookup = resolver_find(resolver, host);
    if (lookup == NULL)
        lookup = lookup_new(resolver, host);
    if (lookup == NULL || lookup->under_way)
        return lookup;
    if (resolver->running >= RESOLVER_THREADS_MAX)
        list_append(&resolver->queue, &lookup->queue_link);
    else if (resolver_begin(resolver, lookup) != 0) {
        lookup_free(resolver, lookup);
        return NULL;
    }
    lookup->under_way = true;
    return lookup;
}

/* --- the loop --- */

static void begin_queued(struct resolver *resolver)
{
    while (resolver->running < RESOLVER_THREADS_MAX && !list_empty(&resolver->queue)) {
        struct lookup *lookup = container_of(resolver->queue.next, struct lookup, queue_link);
        if (resolver_begin(resolver, lookup) != 0)
            return; /* retried when the next answer comes */
        list_remove(&lookup->queue_link);
    }
}

/* Notes that a lookup of resolver_ask() is over. A change with two slow names needs both answers at
 * one time, so all are kept from the last one on. */
static void note_answered(struct resolver *resolver)
{
    resolver->asked--;
    resolver->answered_at = timers_now();
}

/* Delivers the answer to the current waiters, and keeps it for resolver_ask(). Returns whether
 * resolver_ask() wanted it. */
static bool deliver(struct resolver *resolver, struct lookup *lookup, struct resolved *resolved)
{
    struct list now;
    bool asked = lookup->asked, keep = asked || lookup->resolved != NULL;
    list_init(&now);
    for (struct list *link; (link = list_pop(&lookup->waiters)) != NULL;)
        list_append(&now, link);
    lookup->under_way = lookup->asked = false;
    resolved_unref(lookup->resolved);
    lookup->resolved = keep ? resolved_ref(resolved) : NULL;
    if (asked)
        note_answered(resolver);
    if (!keep)
        lookup_free(resolver, lookup);
    for (struct list *link; (link = list_pop(&now)) != NULL;) {
        struct resolver_waiter *waiter = container_of(link, struct resolver_waiter, link);
        waiter->on_resolved(waiter, resolved);
    }
    return asked;
}

static bool is_fresh(const struct resolver *resolver, const struct lookup *lookup)
{
    return lookup->resolved != NULL &&
           (resolver->asked > 0 || timers_now() - resolver->answered_at < RESOLVER_KEEP_US);
}

static void forget_old(struct resolver *resolver)
{
    list_for_each_safe(link, &resolver->lookups)
    {
        struct lookup *lookup = container_of(link, struct lookup, link);
        if (!lookup->under_way && !is_fresh(resolver, lookup))
            lookup_free(resolver, lookup);
    }
}

static void on_answers(struct poller_item *item, unsigned events)
{
    struct resolver *resolver = container_of(item, struct resolver, item);
    eventfd_t count;
    bool asked = false;
    (void)events;
    eventfd_read(resolver->mailbox->event_fd, &count);
    for (struct answer *answer; (answer = mailbox_take(resolver->mailbox)) != NULL;) {
        struct lookup *lookup = resolver_find(resolver, answer->host);
        resolver->running--;
        if (lookup != NULL)
            asked |= deliver(resolver, lookup, answer->resolved);
        answer_free(answer);
    }
    begin_queued(resolver);
    if (!asked)
        return;
    list_for_each_safe(link, &resolver->watchers)
    {
        struct resolver_watcher *watcher = container_of(link, struct resolver_watcher, link);
        watcher->on_answer(watcher);
    }
}

int resolver_init(struct resolver *resolver, struct poller *poller)
{
    *resolver = (struct resolver){.poller = poller, .item.on_event = on_answers};
    resolver->lookup = getaddrinfo;
    list_init(&resolver->lookups);
    list_init(&resolver->queue);
    list_init(&resolver->watchers);
    resolver->mailbox = mailbox_new();
    if (resolver->mailbox == NULL)
        return -ENOMEM;
    int fd = resolver->mailbox->event_fd;
    int result = fd < 0 ? -EMFILE : poller_add_level(poller, fd, &resolver->item);
    if (result != 0)
        resolver_close(resolver);
    return result;
}

void resolver_close(struct resolver *resolver)
{
    struct resolver_mailbox *mailbox = resolver->mailbox;
    if (mailbox == NULL)
        return;
    while (!list_empty(&resolver->lookups))
        lookup_free(resolver, container_of(resolver->lookups.next, struct lookup, link));
    hash_deinit(&resolver->names);
    for (struct answer *answer; (answer = mailbox_take(mailbox)) != NULL;)
        answer_free(answer);
    if (mailbox->event_fd >= 0)
        poller_remove(resolver->poller, mailbox->event_fd);
    resolver->mailbox = NULL;
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    mailbox_unref(mailbox);
}

int resolver_start(struct resolver *resolver, const char *host, struct resolver_waiter *waiter)
{
    struct lookup *lookup = under_way(resolver, host);
    if (lookup == NULL)
        return -ENOMEM;
    list_append(&lookup->waiters, &waiter->link);
    return 0;
}

void resolver_cancel(struct resolver_waiter *waiter)
{
    list_remove(&waiter->link);
}

struct resolved *resolver_ask(struct resolver *resolver, const char *host)
{
    if (is_localhost(host))
        return localhost();
    forget_old(resolver);
    struct lookup *lookup = resolver_find(resolver, host);
    if (lookup != NULL && is_fresh(resolver, lookup))
        return resolved_ref(lookup->resolved);
    lookup = under_way(resolver, host);
    if (lookup == NULL)
        return resolved_new(NO_MEMORY, ENOMEM, 0);
    resolver->asked += lookup->asked ? 0 : 1;
    lookup->asked = true;
    return NULL;
}

void resolver_watch(struct resolver *resolver, struct resolver_watcher *watcher)
{
    list_append(&resolver->watchers, &watcher->link);
}
