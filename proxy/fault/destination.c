/* SPDX-License-Identifier: MIT */
/* Parses, prints and matches lists of destinations. */
#include "proxy/fault/destination.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/address.h"
#include "proxy/base/units.h"

#define ELEMENT_MAX 160 /* longer elements do not fit into a line of the file */
#define PORT_MAX 65535
#define DIGITS "0123456789"
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-_."
#define INTERCEPT_FORM "5432, 8000-8100, db.example.com:443, 10.0.0.0/8:80 or [::1]:443"
#define DESTINATIONS_FORM "db.example.com, 10.0.0.0/8, *:443, ::1 or [::1]:443"

/* One element of a list, being parsed. */
struct element {
    const char *right; /* the right form, for error texts */
    bool needs_port;
    char text[ELEMENT_MAX];
};

static bool destination_term_has(const struct destination_list *list,
    const struct destination *term, const struct dialled *dialled)
{
    uint16_t port = sockaddr_port(dialled->address);
    if (port < term->first_port || port > term->last_port)
        return false;
    if (term->host == DESTINATION_NETWORK)
        return cidr_has(&term->network, dialled->address);
    return term->host == DESTINATION_ANY_HOST ||
           dialled->is_named(dialled, list->text + term->name_start, term->name_length);
}

bool destination_list_has(const struct destination_list *list, const struct dialled *dialled)
{
    for (unsigned i = 0; dialled->address != NULL && i < list->count; i++)
        if (destination_term_has(list, &list->terms[i], dialled))
            return true;
    return list->count == 0;
}

bool destination_list_has_port(const struct destination_list *list, uint16_t port)
{
    for (unsigned i = 0; i < list->count; i++)
        if (port >= list->terms[i].first_port && port <= list->terms[i].last_port)
            return true;
    return false;
}

bool destination_list_has_hosts(const struct destination_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->terms[i].host != DESTINATION_ANY_HOST)
            return true;
    return false;
}

/* The length of a name without the dot that may end it. */
static size_t bare_length(const struct destination_list *list, const struct destination *term)
{
    size_t length = term->name_length;
    return length > 1 && list->text[term->name_start + length - 1] == '.' ? length - 1 : length;
}

static bool term_equal(const struct destination_list *list, const struct destination *term,
    const struct destination_list *other_list, const struct destination *other)
{
    if (term->host != other->host || term->first_port != other->first_port ||
        term->last_port != other->last_port)
        return false;
    if (term->host == DESTINATION_NETWORK)
        return term->network.prefix == other->network.prefix &&
               memcmp(term->network.bytes, other->network.bytes, sizeof other->network.bytes) == 0;
    size_t length = bare_length(list, term);
    return term->host == DESTINATION_ANY_HOST ||
           (length == bare_length(other_list, other) &&
               strncasecmp(list->text + term->name_start, other_list->text + other->name_start,
                   length) == 0);
}

static bool has_terms_of(const struct destination_list *list, const struct destination_list *other)
{
    for (unsigned i = 0; i < other->count; i++) {
        bool found = false;
        for (unsigned j = 0; j < list->count && !found; j++)
            found = term_equal(list, &list->terms[j], other, &other->terms[i]);
        if (!found)
            return false;
    }
    return true;
}

bool destination_list_equal(const struct destination_list *a, const struct destination_list *b)
{
    return has_terms_of(a, b) && has_terms_of(b, a);
}

/* --- reading --- */

static int parse_port(const char *text, uint16_t *port, struct err *err)
{
    struct err inner;
    uint64_t number;
    if (units_parse_number(text, &number, &inner) != 0 || number == 0 || number > PORT_MAX)
        return err_set(err, "'%.24s' is not a port, write a number from 1 to 65535", text);
    *port = (uint16_t)number;
    return 0;
}

/* Parses "443" or "8000-8100"; may modify `text`. */
static int parse_ports(char *text, struct destination *term, struct err *err)
{
    char *dash = strchr(text, '-');
    if (dash != NULL)
        *dash = '\0';
    if (parse_port(text, &term->first_port, err) != 0)
        return -1;
    term->last_port = term->first_port;
    if (dash == NULL)
        return 0;
    if (parse_port(dash + 1, &term->last_port, err) != 0)
        return -1;
    return term->last_port >= term->first_port
               ? 0
               : err_set(err, "the range %s-%s runs backwards, write %s-%s", text, dash + 1,
                     dash + 1, text);
}

static bool is_name(const char *host)
{
    const char *name = strncmp(host, "*.", 2) == 0 ? host + 2 : host;
    return name[0] != '\0' && name[0] != '.' && strspn(name, NAME_CHARS) == strlen(name);
}

/* Parses "db.example.com", "10.0.0.0/8" or "*". `at`: offset of the host in the list's text. */
static int parse_host(
    const struct element *element, char *host, size_t at, struct destination *term, struct err *err)
{
    if (host[0] == '\0')
        return err_set(err, "the host is missing, write %s", element->right);
    if (strcmp(host, "*") == 0)
        return 0;
    if (strchr(host, ':') != NULL || strchr(host, '/') != NULL ||
        host[strspn(host, DIGITS ".")] == '\0') {
        term->host = DESTINATION_NETWORK;
        return cidr_parse(host, &term->network, err);
    }
    if (!is_name(host))
        return err_set(err, "'%.64s' is not a host, write %s", host, element->right);
    term->host = DESTINATION_NAME;
    term->name_start = (uint8_t)at;
    term->name_length = (uint8_t)strlen(host);
    return 0;
}

/* Splits "[::1]:443" or "host:443". Returns the ports, or NULL if there are none. */
static char *split_ports(char *text, char **host)
{
    char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    char *colon = strchr(text, ':');
    *host = text;
    if (bracket != NULL && (bracket[1] == '\0' || bracket[1] == ':')) {
        *host = text + 1;
        *bracket = '\0';
        return bracket[1] == ':' ? bracket + 2 : NULL;
    }
    if (colon == NULL || strchr(colon + 1, ':') != NULL)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* `at`: offset of the element in the list's text. */
static int parse_element(
    struct element *element, size_t at, struct destination *term, struct err *err)
{
    char copy[ELEMENT_MAX], *host;
    *term = (struct destination){.last_port = PORT_MAX};
    if (element->text[0] == '\0')
        return err_set(err, "an element of the list is empty, write %s", element->right);
    if (element->text[strspn(element->text, DIGITS "-")] == '\0')
        return parse_ports(element->text, term, err);
    memcpy(copy, element->text, sizeof copy);
    char *ports = split_ports(copy, &host);
    if (ports == NULL && element->needs_port)
        return err_set(err, "'%.64s' has no port, write %s", element->text, element->right);
    if (ports != NULL && parse_ports(ports, term, err) != 0)
        return -1;
    return parse_host(element, host, at + (size_t)(host - copy), term, err);
}

static int parse_list(
    const char *text, struct element *element, struct destination_list *list, struct err *err)
{
    const char *start = text, *rest = text;
    int more;
    if (strlen(text) >= sizeof list->text)
        return err_set(err, "the list is too long, at most %zu bytes", sizeof list->text - 1);
    memcpy(list->text, text, strlen(text) + 1);
    while ((more = units_next_element(&rest, element->text, sizeof element->text)) != 0) {
        size_t at = (size_t)(start - text) + strspn(start, " \t");
        start = rest;
        if (list->count == DESTINATION_TERMS_MAX)
            return err_set(err, "the list is too long, at most %d elements", DESTINATION_TERMS_MAX);
        if (more < 0)
            return err_set(err, "'%.40s...' is too long, write %s", element->text, element->right);
        if (parse_element(element, at, &list->terms[list->count], err) != 0)
            return -1;
        list->count++;
    }
    return 0;
}

static int parse_intercept(
    const struct option *option, const char *text, void *value, struct err *err)
{
    struct element element = {.right = INTERCEPT_FORM, .needs_port = true};
    struct destination_list list = {0};
    (void)option;
    if (parse_list(text, &element, &list, err) != 0)
        return -1;
    memcpy(value, &list, sizeof list);
    return 0;
}

static int parse_destinations(
    const struct option *option, const char *text, void *value, struct err *err)
{
    struct element element = {.right = DESTINATIONS_FORM};
    struct destination_list list = {0};
    (void)option;
    if (strcmp(text, "any") != 0 && parse_list(text, &element, &list, err) != 0)
        return -1;
    memcpy(value, &list, sizeof list);
    return 0;
}

static void format_intercept(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct destination_list *list = value;
    (void)option;
    snprintf(buf, size, "%s", list->text);
}

static void format_destinations(
    const struct option *option, const void *value, char *buf, size_t size)
{
    const struct destination_list *list = value;
    (void)option;
    snprintf(buf, size, "%s", list->count == 0 ? "any" : list->text);
}

const struct option_kind option_intercept = {
    .name = "intercepted destinations",
    .form = "ports or hosts with ports such as " INTERCEPT_FORM ", or a list of them",
    .size = sizeof(struct destination_list),
    .parse = parse_intercept,
    .format = format_intercept,
};

const struct option_kind option_destinations = {
    .name = "destinations",
    .form = "hosts, networks or ports such as " DESTINATIONS_FORM ", a list of them, or any",
    .size = sizeof(struct destination_list),
    .parse = parse_destinations,
    .format = format_destinations,
};
