/* SPDX-License-Identifier: MIT */
/* Destinations of intercepted clients: the small language of `intercept` and `destinations`. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/fault/destination.h"
#include "proxy/net/name_cache.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct option intercept = {.name = "intercept", .kind = &option_intercept};
static const struct option destinations = {.name = "destinations", .kind = &option_destinations};

static struct sockaddr_storage address_of(const char *host, uint16_t port)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
        memcpy(&storage, &in, sizeof in);
    else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
        memcpy(&storage, &in6, sizeof in6);
    return storage;
}

/* The names are those of a table. */
static bool is_named(const struct dialled *dialled, const char *name, size_t length)
{
    return name_cache_has(dialled->user, name, length, dialled->address);
}

static void lists_have_their_destinations(void **state)
{
    static const struct {
        const char *list, *host;
        uint16_t port;
        bool has;
    } cases[] = {
        {"5432", "10.0.0.1", 5432, true},
        {"5432", "2001:db8::1", 5432, true},
        {"5432", "10.0.0.1", 5433, false},
        {"8000-8100", "10.0.0.1", 8000, true},
        {"8000-8100", "10.0.0.1", 8100, true},
        {"8000-8100", "10.0.0.1", 8101, false},
        {"*:80", "10.0.0.1", 80, true},
        {"10.0.0.0/8:80", "10.255.0.1", 80, true},
        {"10.0.0.0/8:80", "10.255.0.1", 81, false},
        {"10.0.0.0/8:80", "11.0.0.1", 80, false},
        {"10.0.0.1:80-90", "10.0.0.1", 85, true},
        {"[::1]:443", "::1", 443, true},
        {"[::1]:443", "::1", 444, false},
        {"[2001:db8::/32]:443", "2001:db8:1::2", 443, true},
        {"[2001:db8::/32]:443", "2001:db9::2", 443, false},
        {"1, 2 ,\t3", "10.0.0.1", 3, true},
        {"db.example.com:80", "10.1.1.1", 80, true},
        {"DB.Example.COM.:80", "10.1.1.1", 80, true},
        {"db.example.com:80", "10.1.1.2", 80, false},
        {"example.com:80", "10.1.1.1", 80, false},
        {"*.example.com:80", "10.1.1.1", 80, true},
        {"*.ample.com:80", "10.1.1.1", 80, false},
        {"1.2.3.4:9, db.example.com:80", "2001:db8::80", 80, true},
    };
    struct name_cache names = {0};
    struct sockaddr_storage address = address_of("10.1.1.1", 0);
    (void)state;
    name_cache_add(&names, "db.example.com", &address);
    address = address_of("2001:db8::80", 0);
    name_cache_add(&names, "db.example.com.", &address);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct destination_list list;
        struct err err;
        char text[OPTION_TEXT_MAX];
        address = address_of(cases[i].host, cases[i].port);
        const struct dialled dialled = {.address = &address, .is_named = is_named, .user = &names};
        assert_int_equal(option_parse(&intercept, cases[i].list, &list, &err), 0);
        if (destination_list_has(&list, &dialled) != cases[i].has)
            fail_msg("%s and %s port %u: not %d", cases[i].list, cases[i].host, cases[i].port,
                cases[i].has);
        option_format(&intercept, &list, text, sizeof text);
        assert_string_equal(text, cases[i].list);
    }
    name_cache_deinit(&names);
}

static void destinations_need_no_port(void **state)
{
    static const char *const lists[] = {"10.0.0.0/8", "10.0.0.1", "2001:db8::/32", "::1", "[::1]",
        "db.example.com", "*", "*:443", "443", "db.example.com, 10.0.0.0/8, *:443"};
    struct destination_list list;
    struct err err;
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        if (option_parse(&destinations, lists[i], &list, &err) != 0)
            fail_msg("%s: %s", lists[i], err.text);
    }
}

static void an_unset_list_has_what_was_not_dialled(void **state)
{
    const struct dialled nobody = {.address = NULL};
    struct destination_list list;
    struct err err;
    (void)state;
    assert_int_equal(option_parse(&destinations, "any", &list, &err), 0);
    assert_true(destination_list_has(&list, &nobody));
    assert_int_equal(option_parse(&destinations, "*", &list, &err), 0);
    assert_false(destination_list_has(&list, &nobody));
}

static void lists_of_the_same_terms_are_equal(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"5432", "*:5432", true},
        {"80, 81", "81,80-80", true},
        {"80, 80", "80", true},
        {"DB.test:80", "db.TEST.:80", true},
        {"[::ffff:10.0.0.0/104]:80", "10.0.0.0/8:80", true},
        {"80", "81", false},
        {"80", "80-81", false},
        {"80", "80, 81", false},
        {"80", "a:80", false},
        {"a:80", "ab:80", false},
        {"a:80", "b:80", false},
        {"10.0.0.0/8:80", "10.0.0.0/9:80", false},
        {"10.0.0.1:80", "10.0.0.2:80", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct destination_list a, b;
        struct err err;
        assert_int_equal(option_parse(&intercept, cases[i].a, &a, &err), 0);
        assert_int_equal(option_parse(&intercept, cases[i].b, &b, &err), 0);
        if (destination_list_equal(&a, &b) != cases[i].equal ||
            destination_list_equal(&b, &a) != cases[i].equal)
            fail_msg("%s and %s: not %d", cases[i].a, cases[i].b, cases[i].equal);
    }
}

static void wrong_lists_are_refused(void **state)
{
    static const struct {
        const char *list, *says;
    } cases[] = {
        {"", "empty"},
        {"80,,81", "empty"},
        {"0", "not a port"},
        {"65536", "not a port"},
        {"90-80", "runs backwards, write 80-90"},
        {"80-", "not a port"},
        {"db.example.com", "has no port"},
        {"10.0.0.0/8", "has no port"},
        {"::1", "has no port"},
        {"10.0.0.1/8:80", "bits after its prefix"},
        {"256.0.0.1:80", "not an IP address"},
        {"a b:80", "not a host"},
        {"[::1:80", "has no port"},
        {":80", "host is missing"},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "too long"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct destination_list list;
        struct err err = {.text = ""};
        if (option_parse(&intercept, cases[i].list, &list, &err) == 0 ||
            strstr(err.text, cases[i].says) == NULL)
            fail_msg("'%s' gives '%s' and not '%s'", cases[i].list, err.text, cases[i].says);
    }
}

static void the_oldest_name_is_forgotten(void **state)
{
    struct name_cache names = {0};
    struct sockaddr_storage first = address_of("10.0.0.1", 0);
    (void)state;
    name_cache_add(&names, "first", &first);
    for (unsigned i = 0; i < NAME_CACHE_MAX - 1; i++) {
        char name[32];
        snprintf(name, sizeof name, "name-%u", i);
        name_cache_add(&names, name, &first);
    }
    assert_true(name_cache_has(&names, "first", 5, &first));
    name_cache_add(&names, "last", &first);
    assert_false(name_cache_has(&names, "first", 5, &first));
    assert_true(name_cache_has(&names, "last", 4, &first));
    assert_true(name_cache_has(&names, "name-0", 6, &first));
    name_cache_deinit(&names);
}

static bool is_of_a_suite(const struct name_cache *names, const struct cached_name *pair)
{
    (void)names;
    return name_cache_matches(pair, "*.suite", 7);
}

static void add_names(struct name_cache *names, const char *start, const char *end, unsigned count)
{
    struct sockaddr_storage address = address_of("10.0.0.1", 0);
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%u%s", start, i, end);
        name_cache_add(names, name, &address);
    }
}

static void a_name_that_is_wanted_is_never_forgotten(void **state)
{
    struct name_cache names = {.is_wanted = is_of_a_suite};
    struct sockaddr_storage address = address_of("10.0.0.1", 0);
    (void)state;
    name_cache_add(&names, "db.suite", &address);
    add_names(&names, "name-", "", 3 * NAME_CACHE_MAX);
    name_cache_add(&names, "web.suite", &address);
    add_names(&names, "other-", "", 3 * NAME_CACHE_MAX);
    assert_true(name_cache_has(&names, "db.suite", 8, &address));
    assert_true(name_cache_has(&names, "web.suite", 9, &address));
    add_names(&names, "", ".suite", NAME_CACHE_MAX - 2);
    add_names(&names, "more-", "", 10);
    assert_false(names.is_incomplete);
    name_cache_add(&names, "last.suite", &address);
    assert_true(names.is_incomplete);
    assert_true(name_cache_has(&names, "db.suite", 8, &address));
    assert_true(name_cache_has(&names, "1021.suite", 10, &address));
    assert_false(name_cache_has(&names, "last.suite", 10, &address));
    name_cache_deinit(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_have_their_destinations),
        cmocka_unit_test(destinations_need_no_port),
        cmocka_unit_test(an_unset_list_has_what_was_not_dialled),
        cmocka_unit_test(lists_of_the_same_terms_are_equal),
        cmocka_unit_test(wrong_lists_are_refused),
        cmocka_unit_test(the_oldest_name_is_forgotten),
        cmocka_unit_test(a_name_that_is_wanted_is_never_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
