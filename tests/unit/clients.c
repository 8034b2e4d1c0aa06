/* SPDX-License-Identifier: MIT */
/* Addresses of clients, and windows of time: two more small languages inside a fault. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "proxy/fault/active_time.h"
#include "proxy/fault/cidr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct option clients = {.name = "clients", .kind = &option_cidr_list};
static const struct option active = {.name = "active", .kind = &option_active_time};

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNIX};
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = v4};
        memcpy(&storage, &in, sizeof in);
    } else if (inet_pton(AF_INET6, text, &v6) == 1) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = v6};
        memcpy(&storage, &in6, sizeof in6);
    }
    return storage;
}

static void networks_have_their_clients(void **state)
{
    static const struct {
        const char *list, *in, *out; /* one client that is in it, and one that is not, or NULL */
    } cases[] = {
        {"any", "1.2.3.4", NULL},
        {"any", "unix", NULL},
        {"127.0.0.1", "127.0.0.1", "127.0.0.2"},
        {"127.0.0.0/8", "127.255.0.1", "128.0.0.1"},
        {"10.0.0.0/9", "10.127.255.255", "10.128.0.0"},
        {"192.168.1.128/25", "192.168.1.128", "192.168.1.127"},
        {"0.0.0.0/0", "255.255.255.255", "::1"},
        {"0.0.0.0/0", "::ffff:1.2.3.4", "unix"},
        {"127.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1"},
        {"::ffff:127.0.0.1", "127.0.0.1", "127.0.0.2"},
        {"::ffff:0:0/96", "127.0.0.1", "::1"},
        {"::/0", "::1", "127.0.0.1"},
        {"::/0", "2001:db8::1", "::ffff:127.0.0.1"},
        {"::1", "::1", "::2"},
        {"fe80::/10", "febf::1", "fec0::1"},
        {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
        {"127.0.0.1, ::1", "::1", "127.0.0.2"},
        {"10.0.0.0/8,\t192.168.0.0/16", "192.168.7.7", "192.169.0.0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cidr_list list;
        struct err err = {""};
        struct sockaddr_storage in = address_of(cases[i].in);
        if (option_parse(&clients, cases[i].list, &list, &err) != 0)
            fail_msg("%s: %s", cases[i].list, err.text);
        if (!cidr_list_has(&list, &in))
            fail_msg("%s is not in %s", cases[i].in, cases[i].list);
        if (cases[i].out == NULL)
            continue;
        struct sockaddr_storage out = address_of(cases[i].out);
        if (cidr_list_has(&list, &out))
            fail_msg("%s is in %s", cases[i].out, cases[i].list);
    }
}

struct printing {
    const char *text, *printed;
};

static void check_printed(const struct option *option, const struct printing *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        union {
            struct cidr_list list;
            struct active_time window;
        } value;
        struct err err = {""};
        char printed[OPTION_TEXT_MAX];
        if (option_parse(option, cases[i].text, &value, &err) != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        option_format(option, &value, printed, sizeof printed);
        if (strcmp(printed, cases[i].printed) != 0)
            fail_msg("%s: printed as %s", cases[i].text, printed);
        if (strlen(printed) > strlen(cases[i].text) && option == &clients)
            fail_msg("%s: printed longer", cases[i].text);
        if (option_parse(option, printed, &value, &err) != 0)
            fail_msg("%s: printed as %s, refused: %s", cases[i].text, printed, err.text);
    }
}

static void networks_print_in_the_shortest_form(void **state)
{
    static const struct printing cases[] = {
        {"any", "any"},
        {"127.0.0.1", "127.0.0.1"},
        {"127.0.0.1/32", "127.0.0.1"},
        {"::1/128", "::1"},
        {"127.0.0.0/8 , ::1", "127.0.0.0/8,::1"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"::/0", "::/0"},
        {"::ffff:127.0.0.1", "127.0.0.1"},
        {"::ffff:127.0.0.0/104", "127.0.0.0/8"},
        {"2001:0DB8:0:0::/64", "2001:db8::/64"},
        {"::ffff:ffff", "::ffff:ffff"},
        {"::1:2/127", "::1:2/127"},
    };
    (void)state;
    check_printed(&clients, cases, COUNT(cases));
}

struct refused_port {
    const char *text, *fragment;
};

static void check_refusals(
    const struct option *option, const struct refused_port *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cidr_list value;
        struct err err = {""};
        if (option_parse(option, refusals[i].text, &value, &err) != -1)
            fail_msg("%s = %s was read", option->name, refusals[i].text);
        if (strstr(err.text, refusals[i].fragment) == NULL)
            fail_msg("%s: want \"%s\" in \"%s\"", refusals[i].text, refusals[i].fragment, err.text);
    }
}

static void wrong_networks_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"", "empty"},
        {",", "empty"},
        {"127.0.0.1,,::1", "empty"},
        {"localhost", "not an IP address"},
        {"127.1", "not an IP address"},
        {"256.0.0.1", "not an IP address"},
        {"[::1]", "not an IP address"},
        {"127.0.0.1:80", "not an IP address"},
        {"*", "not an IP address"},
        {"any,::1", "not an IP address"},
        {"127.0.0.0/33", "'33' is not a prefix of 127.0.0.0, write 0 to 32"},
        {"::/129", "write 0 to 128"},
        {"127.0.0.0/", "is not a prefix"},
        {"127.0.0.0/8/8", "is not a prefix"},
        {"127.0.0.0/-8", "is not a prefix"},
        {"127.0.0.0/255.0.0.0", "is not a prefix"},
        {"127.0.0.0/18446744073709551616", "is not a prefix"},
        {"127.0.0.1/8", "'127.0.0.1/8' has bits after its prefix, write 127.0.0.0/8"},
        {"::1/0", "write ::/0"},
        {"fe80::1/10", "write fe80::/10"},
        {"fe80::1%eth0", "not an IP address"},
        {"1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
         "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1",
            "at most 16"},
        {"11111111111111111111111111111111111111111111111111111111111111111111111", "not an IP"},
    };
    (void)state;
    check_refusals(&clients, refusals, COUNT(refusals));
}

static void windows_have_their_times(void **state)
{
    struct active_time window;
    struct err err;
    (void)state;
    assert_int_equal(option_parse(&active, "10s-30s", &window, &err), 0);
    assert_false(active_time_has(&window, 9999999));
    assert_true(active_time_has(&window, 10000000));
    assert_true(active_time_has(&window, 29999999));
    assert_false(active_time_has(&window, 30000000));
    assert_int_equal(option_parse(&active, "10s-", &window, &err), 0);
    assert_false(active_time_has(&window, 0));
    assert_true(active_time_has(&window, TIME_NEVER - 1));
    assert_int_equal(option_parse(&active, "always", &window, &err), 0);
    assert_true(active_time_has(&window, 0));
}

static void windows_print_as_they_are_read(void **state)
{
    static const struct printing cases[] = {
        {"always", "always"},
        {"0-", "always"},
        {"0s-5s", "0s-5s"},
        {"10s-30s", "10s-30s"},
        {"1.5s-", "1500ms-"},
        {"250us-1h", "250us-1h"},
    };
    (void)state;
    check_printed(&active, cases, COUNT(cases));
}

static void wrong_windows_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"", "not a window of time"},
        {"10s", "write a window such as 10s-30s"},
        {"10-30", "'10' has no unit"},
        {"10s-30", "'30' has no unit"},
        {"-30s", "no beginning, write 0s-30s"},
        {"-", "no beginning"},
        {"30s-10s", "runs backwards, write 10s-30s"},
        {"10s-10s", "is empty"},
        {"10s-20s-30s", "unknown unit"},
        {"10s - 30s", "unknown unit"},
        {"allways", "not a window of time"},
        {"10000000000000000000000000000000000000000000000000s-", "not a window"},
    };
    (void)state;
    check_refusals(&active, refusals, COUNT(refusals));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_their_clients),
        cmocka_unit_test(networks_print_in_the_shortest_form),
        cmocka_unit_test(wrong_networks_are_refused),
        cmocka_unit_test(windows_have_their_times),
        cmocka_unit_test(windows_print_as_they_are_read),
        cmocka_unit_test(wrong_windows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
