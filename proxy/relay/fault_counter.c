/* SPDX-License-Identifier: MIT */
/*
 * A counter begins in `named`, where a rule finds it by proxy and name; that of one connection
 * begins in `others`. When another fault takes its name, it moves to `others`: open connections
 * still count there. When its last reference goes, it moves to `history`, or is freed if it never
 * counted anything. Counters of one name share a struct fired_name, which `after = NAME/any` asks.
 * Its first firing calls the watches, which listening sockets have.
 */
#include "proxy/relay/fault_counter.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/ensure.h"

static uint64_t counter_key_of(const char *proxy, const char *name)
{
    return hash_text(hash_text(0, proxy), name);
}

void fault_counters_init(struct fault_counters *book)
{
    *book = (struct fault_counters){0};
    list_init(&book->named);
    list_init(&book->others);
    list_init(&book->history);
    list_init(&book->names);
    list_init(&book->watches);
}

static void free_all(struct list *counters)
{
    for (struct list *link; (link = list_pop(counters)) != NULL;)
        free(container_of(link, struct fault_counter, link));
}

void fault_counters_deinit(struct fault_counters *book)
{
    free_all(&book->named);
    free_all(&book->others);
    free_all(&book->history);
    hash_deinit(&book->past_names);
    hash_deinit(&book->by_name);
    for (struct list *link; (link = list_pop(&book->names)) != NULL;)
        free(container_of(link, struct fired_name, link));
    hash_deinit(&book->fired_names);
}

static void reset_times(struct list *counters)
{
    list_for_each(link, counters)
    {
        struct fault_counter *counter = container_of(link, struct fault_counter, link);
        counter->fired_before = counter->fired;
    }
}

static void call_watches(struct fault_counters *book)
{
    list_for_each(link, &book->watches)
    {
        struct fired_watch *watch = container_of(link, struct fired_watch, link);
        watch->on_fired(watch);
    }
}

void fault_counters_reset(struct fault_counters *book)
{
    reset_times(&book->named);
    reset_times(&book->others);
    list_for_each(link, &book->names) container_of(link, struct fired_name, link)->fired = 0;
    call_watches(book);
}

void fault_counter_fired(struct fault_counter *counter, time_us now)
{
    struct fired_name *shared = counter->shared;
    counter->fired++;
    if (shared->fired++ > 0)
        return;
    shared->fired_at = now;
    if (shared->for_listeners)
        call_watches(shared->book);
}

struct fired_name *fired_name_of(struct fault_counters *book, const char *name)
{
    uint64_t key = hash_text(0, name);
    for (struct hash_link *link = hash_find(&book->fired_names, key); link != NULL;
         link = hash_find_next(link)) {
        struct fired_name *found = container_of(link, struct fired_name, by_name);
        if (strcmp(found->name, name) != 0)
            continue;
        found->refs++;
        return found;
    }
    struct fired_name *made = calloc(1, sizeof *made);
    if (made == NULL || hash_add(&book->fired_names, &made->by_name, key) != 0) {
        free(made);
        return NULL;
    }
    made->book = book;
    made->refs = 1;
    memcpy(made->name, name, strlen(name) + 1);
    list_init(&made->waiting);
    list_init(&made->acting);
    list_append(&book->names, &made->link);
    return made;
}

void fired_name_unref(struct fired_name *name)
{
    if (name == NULL || --name->refs > 0)
        return;
    ENSURE(list_empty(&name->waiting) && list_empty(&name->acting));
    hash_remove(&name->book->fired_names, &name->by_name);
    list_remove(&name->link);
    free(name);
}

static struct fault_counter *counter_find(
    const struct fault_counters *book, const char *proxy, const char *name)
{
    struct hash_link *link = hash_find(&book->by_name, counter_key_of(proxy, name));
    for (; link != NULL; link = hash_find_next(link)) {
        struct fault_counter *counter = container_of(link, struct fault_counter, by_name);
        if (strcmp(counter->name, name) == 0 && strcmp(counter->proxy, proxy) == 0)
            return counter;
    }
    return NULL;
}

struct fault_counter *fault_counter_new_unnamed(
    struct fault_counters *book, const char *proxy, const char *name)
{
    struct fired_name *shared = fired_name_of(book, name);
    struct fault_counter *counter = shared == NULL ? NULL : calloc(1, sizeof *counter);
    if (counter == NULL) {
        fired_name_unref(shared);
        return NULL;
    }
    counter->shared = shared;
    counter->book = book;
    counter->refs = 1;
    counter->by_name.key = counter_key_of(proxy, name);
    memcpy(counter->name, name, strlen(name) + 1);
    memcpy(counter->proxy, proxy, strlen(proxy) + 1);
    list_append(&book->others, &counter->link);
    return counter;
}

static void discard(struct fault_counter *counter)
{
    list_remove(&counter->link);
    fired_name_unref(counter->shared);
    free(counter);
}

/* Makes the counter unreachable by its name. */
static void take_name_away(struct fault_counter *counter)
{
    if (!counter->named)
        return;
    counter->named = false;
    hash_remove(&counter->book->by_name, &counter->by_name);
    list_remove(&counter->link);
    list_append(&counter->book->others, &counter->link);
}

struct fault_counter *fault_counter_new(
    struct fault_counters *book, const char *proxy, const char *name)
{
    struct fault_counter *before = counter_find(book, proxy, name);
    struct fault_counter *counter = fault_counter_new_unnamed(book, proxy, name);
    if (counter == NULL)
        return NULL;
    if (hash_add(&book->by_name, &counter->by_name, counter->by_name.key) != 0) {
        discard(counter);
        return NULL;
    }
    counter->named = true;
    list_remove(&counter->link);
    list_append(&book->named, &counter->link);
    if (before != NULL)
        take_name_away(before);
    return counter;
}

struct fault_counter *fault_counter_of_file(struct fault_counters *book, const char *name)
{
    struct fault_counter *counter = counter_find(book, "", name);
    return counter != NULL ? fault_counter_ref(counter) : fault_counter_new(book, "", name);
}

struct fault_counter *fault_counter_ref(struct fault_counter *counter)
{
    ENSURE(counter->refs > 0);
    counter->refs++;
    return counter;
}

static struct fault_counter *past_find(const struct fault_counters *book, const char *name)
{
    struct hash_link *link = hash_find(&book->past_names, hash_text(0, name));
    for (; link != NULL; link = hash_find_next(link)) {
        struct fault_counter *past = container_of(link, struct fault_counter, by_name);
        if (strcmp(past->name, name) == 0)
            return past;
    }
    return NULL;
}

/* Adds the counts to those of earlier faults of this name. */
static void become_history(struct fault_counter *counter)
{
    struct fault_counters *book = counter->book;
    struct fault_counter *past = past_find(book, counter->name);
    if (past != NULL) {
        past->armed += counter->armed;
        past->fired += counter->fired;
        discard(counter);
        return;
    }
    if (book->past_names.count == FAULT_HISTORY_MAX ||
        hash_add(&book->past_names, &counter->by_name, hash_text(0, counter->name)) != 0) {
        discard(counter);
        return;
    }
    fired_name_unref(counter->shared);
    counter->shared = NULL;
    list_remove(&counter->link);
    list_append(&book->history, &counter->link);
}

void fault_counter_unref(struct fault_counter *counter)
{
    if (counter == NULL || --counter->refs > 0)
        return;
    take_name_away(counter);
    if (counter->armed == 0 && counter->fired == 0)
        discard(counter);
    else
        become_history(counter);
}
