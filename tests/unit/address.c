/* SPDX-License-Identifier: MIT */
/* Addresses: what is read, how it is written, what is refused and what would be right. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATH_107                                                                                   \
    "/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"   \
    "12345678901234567"

static void addresses_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        enum address_kind kind;
        const char *host;
        unsigned port;
        const char *printed; /* NULL: as text */
    } cases[] = {
        {"127.0.0.1:80", ADDRESS_IP, "127.0.0.1", 80, NULL},
        {"0.0.0.0:0", ADDRESS_IP, "0.0.0.0", 0, NULL},
        {"[::1]:80", ADDRESS_IP, "::1", 80, NULL},
        {"[::]:65535", ADDRESS_IP, "::", 65535, NULL},
        {"[0:0:0:0:0:0:0:1]:080", ADDRESS_IP, "::1", 80, "[::1]:80"},
        {"[2001:DB8::1]:80", ADDRESS_IP, "2001:db8::1", 80, "[2001:db8::1]:80"},
        {"[::ffff:127.0.0.1]:80", ADDRESS_IP, "::ffff:127.0.0.1", 80, NULL},
        {"[fe80::1%eth0]:80", ADDRESS_NAME, "fe80::1%eth0", 80, NULL},
        {"localhost:6379", ADDRESS_NAME, "localhost", 6379, NULL},
        {"db-1.example.com.:5432", ADDRESS_NAME, "db-1.example.com.", 5432, NULL},
        {"my_service:1", ADDRESS_NAME, "my_service", 1, NULL},
        {"1host:1", ADDRESS_NAME, "1host", 1, NULL},
        {"unix:/run/x.sock", ADDRESS_UNIX, "/run/x.sock", 0, NULL},
        {"unix:relative", ADDRESS_UNIX, "relative", 0, NULL},
        {"unix:" PATH_107, ADDRESS_UNIX, PATH_107, 0, NULL},
        {"builtin:echo", ADDRESS_BUILTIN, "echo", 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct address address;
        struct err err = {""};
        char buf[ADDRESS_TEXT_MAX];
        const char *printed = cases[i].printed != NULL ? cases[i].printed : cases[i].text;
        if (address_parse(cases[i].text, &address, &err) != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        address_format(&address, buf, sizeof buf);
        if (address.kind != cases[i].kind || strcmp(address.host, cases[i].host) != 0 ||
            address.port != cases[i].port || strcmp(buf, printed) != 0)
            fail_msg("%s: got kind %d, host %s, port %u, printed %s", cases[i].text,
                (int)address.kind, address.host, (unsigned)address.port, buf);
    }
}

static void wrong_addresses_are_refused(void **state)
{
    static const struct {
        const char *text, *fragment;
    } cases[] = {
        {"", "no port"},
        {"80", "write 127.0.0.1:80"},
        {"http://db:81/x", "an address has no scheme, write db:81 instead of"},
        {"https://db", "write db:443 instead of 'https://db'"},
        {"tcp://[::1]:5", "write [::1]:5 instead of"},
        {"unix:///run/x.sock", "write unix:/run/x.sock"},
        {"http:///x", "write 127.0.0.1:80, [::1]:80"},
        {":80", "write 127.0.0.1:80, or 0.0.0.0:80"},
        {"*:80", "0.0.0.0:80"},
        {":", "host is missing"},
        {"localhost", "no port"},
        {"localhost:", "not a port"},
        {"localhost:http", "not a port"},
        {"localhost:-1", "not a port"},
        {"localhost:65536", "not a port"},
        {"localhost:99999999999999999999", "not a port"},
        {"localhost:80 ", "not a port"},
        {"local host:80", "not a host"},
        {"a..b:80", "not a host"},
        {".a:80", "not a host"},
        {"http://host:80", "has no scheme"},
        {"host/path:80", "not a host"},
        {"256.0.0.1:80", "not an IPv4 address"},
        {"127.1:80", "not an IPv4 address"},
        {"1.2.3.4.5:80", "not an IPv4 address"},
        {"::1:80", "in brackets"},
        {"[::1]", "port is missing"},
        {"[::1]80", "port is missing"},
        {"[::1:80", "] is missing"},
        {"[127.0.0.1]:80", "not an IPv6 address"},
        {"[fe80::1%]:80", "not an IPv6 address"},
        {"[]:80", "not an IPv6 address"},
        {"unix:", "path is missing"},
        {"unix:@abstract", "abstract"},
        {"unix:" PATH_107 "8", "at most 107"},
        {"builtin:", "service is missing"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com:80", "not a host"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct address address = {.port = 77};
        struct err err = {""};
        if (address_parse(cases[i].text, &address, &err) != -1 ||
            strstr(err.text, cases[i].fragment) == NULL || address.port != 77)
            fail_msg("%s: want \"%s\" in \"%s\"", cases[i].text, cases[i].fragment, err.text);
    }
}

static void a_name_has_at_most_253_bytes(void **state)
{
    char text[600];
    struct address address;
    struct err err;
    (void)state;
    for (size_t length = 250; length <= 256; length++) {
        for (size_t i = 0; i < length; i++)
            text[i] = i % 50 == 49 ? '.' : 'a';
        memcpy(text + length, ":80", 4);
        assert_int_equal(address_parse(text, &address, &err), length <= 253 ? 0 : -1);
    }
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    text[0] = '[';
    memcpy(text + sizeof text - 5, "]:80", 5);
    assert_int_equal(address_parse(text, &address, &err), -1);
}

static bool equal(const char *a, const char *b)
{
    struct address left, right;
    struct err err;
    assert_int_equal(address_parse(a, &left, &err), 0);
    assert_int_equal(address_parse(b, &right, &err), 0);
    return address_equal(&left, &right);
}

static void spellings_of_one_address_are_equal(void **state)
{
    (void)state;
    assert_true(equal("[::1]:80", "[0:0::0:1]:80"));
    assert_true(equal("LocalHost:80", "localhost:80"));
    assert_false(equal("localhost:80", "localhost:81"));
    assert_false(equal("127.0.0.1:80", "[::1]:80"));
    assert_false(equal("unix:/A", "unix:/a"));
    assert_true(equal("unix:/a", "unix:/a"));
}

static void check_sockaddr(const char *text, socklen_t want)
{
    struct address address;
    struct sockaddr_storage addr;
    struct err err;
    char buf[ADDRESS_TEXT_MAX];
    assert_int_equal(address_parse(text, &address, &err), 0);
    assert_int_equal(address_to_sockaddr(&address, &addr), want);
    address_format_sockaddr(&addr, want, buf, sizeof buf);
    assert_string_equal(buf, text);
}

static void sockaddrs_say_the_same(void **state)
{
    (void)state;
    check_sockaddr("127.0.0.1:8080", sizeof(struct sockaddr_in));
    check_sockaddr("[2001:db8::1]:443", sizeof(struct sockaddr_in6));
    check_sockaddr("unix:/run/x.sock", sizeof(struct sockaddr_un));
    check_sockaddr("unix:" PATH_107, sizeof(struct sockaddr_un));
}

static void unnamed_and_abstract_sockets_are_printed(void **state)
{
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    char ipv4[ADDRESS_TEXT_MAX];
    inet_pton(AF_INET6, "::ffff:10.1.2.3", &mapped.sin6_addr);
    struct sockaddr_storage stored = {0};
    memcpy(&stored, &mapped, sizeof mapped);
    address_format_sockaddr(&stored, sizeof mapped, ipv4, sizeof ipv4);
    assert_string_equal(ipv4, "10.1.2.3:80");

    struct sockaddr_storage addr = {.ss_family = AF_UNIX};
    struct sockaddr_un *un = (struct sockaddr_un *)&addr;
    char buf[ADDRESS_TEXT_MAX];
    (void)state;
    address_format_sockaddr(&addr, sizeof(sa_family_t), buf, sizeof buf);
    assert_string_equal(buf, "unix:");
    address_format_sockaddr(&addr, 0, buf, sizeof buf);
    assert_string_equal(buf, "unix:");
    memcpy(un->sun_path, "\0name", 5);
    address_format_sockaddr(&addr, sizeof(sa_family_t) + 5, buf, sizeof buf);
    assert_string_equal(buf, "unix:@name");
}

/* Parses an address, and gives it another port. */
static struct sockaddr_storage with_port(const char *text, uint16_t port)
{
    struct address address;
    struct sockaddr_storage addr;
    struct err err;
    assert_int_equal(address_parse(text, &address, &err), 0);
    address_to_sockaddr(&address, &addr);
    assert_int_equal(sockaddr_port(&addr), address.port);
    sockaddr_set_port(&addr, port);
    assert_int_equal(sockaddr_port(&addr), port);
    return addr;
}

static void the_port_of_both_families(void **state)
{
    const struct address path = {.kind = ADDRESS_UNIX, .host = "/run/x.sock"};
    struct sockaddr_storage addr = with_port("127.0.0.1:8080", 443);
    char buf[ADDRESS_TEXT_MAX];
    (void)state;
    address_format_sockaddr(&addr, sizeof(struct sockaddr_in), buf, sizeof buf);
    assert_string_equal(buf, "127.0.0.1:443");
    addr = with_port("[2001:db8::1]:8080", 443);
    address_format_sockaddr(&addr, sizeof(struct sockaddr_in6), buf, sizeof buf);
    assert_string_equal(buf, "[2001:db8::1]:443");
    address_to_sockaddr(&path, &addr);
    assert_int_equal(sockaddr_port(&addr), 0);
}

static void only_a_mapped_address_becomes_ipv4(void **state)
{
    struct sockaddr_storage addr = with_port("[::ffff:10.1.2.3]:80", 81);
    char buf[ADDRESS_TEXT_MAX];
    (void)state;
    sockaddr_unmap(&addr);
    assert_int_equal(addr.ss_family, AF_INET);
    address_format_sockaddr(&addr, sizeof(struct sockaddr_in), buf, sizeof buf);
    assert_string_equal(buf, "10.1.2.3:81");
    addr = with_port("[2001:db8::1]:80", 81);
    sockaddr_unmap(&addr);
    assert_int_equal(addr.ss_family, AF_INET6);
    assert_int_equal(sockaddr_port(&addr), 81);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(wrong_addresses_are_refused),
        cmocka_unit_test(a_name_has_at_most_253_bytes),
        cmocka_unit_test(spellings_of_one_address_are_equal),
        cmocka_unit_test(sockaddrs_say_the_same),
        cmocka_unit_test(unnamed_and_abstract_sockets_are_printed),
        cmocka_unit_test(the_port_of_both_families),
        cmocka_unit_test(only_a_mapped_address_becomes_ipv4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
