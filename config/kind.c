/* SPDX-License-Identifier: MIT */
#include "config/kind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "proxy/base/quote.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

/* The seed. `value` is the whole struct settings, because an absent seed is not a number. */

static int parse_hex(const char *text, uint64_t *number, struct err *err)
{
    char *end;
    if (text[strspn(text, "0123456789abcdefABCDEF")] != '\0' || text[0] == '\0')
        return err_set(err, "'0x%.48s' is not a number, write hexadecimal digits", text);
    errno = 0;
    *number = strtoull(text, &end, 16);
    if (errno != 0)
        return err_set(err, "'0x%.48s' is too large, a seed has 64 bits", text);
    return 0;
}

static int parse_seed(const struct option *option, const char *text, void *value, struct err *err)
{
    struct settings *settings = value;
    bool hex = strncmp(text, "0x", 2) == 0;
    uint64_t seed;
    (void)option;
    if ((hex ? parse_hex(text + 2, &seed, err) : units_parse_number(text, &seed, err)) != 0)
        return -1;
    settings->has_seed = true;
    settings->seed = seed;
    return 0;
}

static void format_seed(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct settings *settings = value;
    (void)option;
    if (settings->has_seed)
        snprintf(buf, size, "%" PRIu64, settings->seed);
    else
        snprintf(buf, size, "%s", "");
}

/* The log. A bare word similar to `stderr` is a typing error, not a new file. */

#define NONE "none"

/* Whether the word is `none` in other letters, or with one too many or too few. `node` may well be
 * a file. */
static bool is_nearly_none(const char *text)
{
    size_t length = strlen(text);
    return length + 1 >= strlen(NONE) && length <= strlen(NONE) + 1 &&
           suggest_distance(text, NONE) <= (length == strlen(NONE) ? 0 : 1);
}

static int parse_log(const struct option *option, const char *text, void *value, struct err *err)
{
    static const char *const words[] = {"stderr", "stdout", NULL};
    bool is_word = strchr(text, '/') == NULL;
    const char *near = is_word ? suggest_nearest(text, words) : NULL;
    if (is_word && is_nearly_none(text))
        near = NONE;
    if (near != NULL && strcmp(near, text) != 0)
        return err_set(err, "did you mean '%s'? write %s, or ./%.64s for a file of that name", near,
            near, text);
    return option_path.parse(option, text, value, err);
}

static void format_log(const struct option *option, const void *value, char *buf, size_t size)
{
    option_path.format(option, value, buf, size);
}

/* The size of a buffer. */

static int parse_buffer(const struct option *option, const char *text, void *value, struct err *err)
{
    if (strcmp(text, "auto") != 0)
        return option_size.parse(option, text, value, err);
    *(uint64_t *)value = BUFFER_AUTO;
    return 0;
}

static void format_buffer(const struct option *option, const void *value, char *buf, size_t size)
{
    if (*(const uint64_t *)value == BUFFER_AUTO)
        snprintf(buf, size, "auto");
    else
        option_size.format(option, value, buf, size);
}

/* Addresses. */

static int parse_listen(const struct option *option, const char *text, void *value, struct err *err)
{
    struct address address;
    if (address_parse(text, &address, err) != 0)
        return -1;
    if (address.kind == ADDRESS_BUILTIN)
        return err_set(err,
            "nobody connects to builtin:%.48s, it can only be an upstream; write %s", address.host,
            option->kind->form);
    *(struct address *)value = address;
    return 0;
}

static int check_service(const char *name, struct err *err)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, name);
    for (size_t i = 0; builtin_services[i] != NULL; i++) {
        if (strcmp(builtin_services[i], name) == 0)
            return 0;
        suggest_offer(&suggest, builtin_services[i]);
    }
    return err_set(err,
        "builtin:%.48s is not known%s write builtin:echo, builtin:discard, "
        "builtin:chargen or builtin:http",
        name, suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant));
}

static int parse_upstream(
    const struct option *option, const char *text, void *value, struct err *err)
{
    struct address address;
    (void)option;
    if (address_parse(text, &address, err) != 0)
        return -1;
    if (address.kind == ADDRESS_BUILTIN && check_service(address.host, err) != 0)
        return -1;
    if ((address.kind == ADDRESS_IP || address.kind == ADDRESS_NAME) && address.port == 0)
        return err_set(err, "nobody answers at port 0, write the port of the upstream, 1 to 65535");
    *(struct address *)value = address;
    return 0;
}

static void format_address(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct address *address = value;
    char text[ADDRESS_TEXT_MAX] = ""; /* unset */
    (void)option;
    if (address->host[0] != '\0' && address->kind != ADDRESS_DIALLED)
        address_format(value, text, sizeof text);
    quote_format_value(text, buf, size);
}

/* A token: characters that a header can hold unchanged. */

static int parse_token(const struct option *option, const char *text, void *value, struct err *err)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return err_set(err, "a token has no blanks and no bytes beyond ASCII, write %s",
                option->kind->form);
    }
    if (length < 8 || length >= OPTION_TOKEN_MAX)
        return err_set(err, "the token has %zu bytes, write %s", length, option->kind->form);
    memcpy(value, text, length + 1);
    return 0;
}

static void format_token(const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    quote_format_value(value, buf, size);
}

static int parse_user(const struct option *option, const char *text, void *value, struct err *err)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t length = strlen(text);
    if (length == 0 || length >= OPTION_USER_MAX || strspn(text, letters) != length ||
        text[0] == '-')
        return err_set(err, "'%.40s' is no name of a user, write %s", text, option->kind->form);
    memcpy(value, text, length + 1);
    return 0;
}

/* Types of fault. */

static int parse_type(const struct option *option, const char *text, void *value, struct err *err)
{
    const struct fault_type *type = fault_type_find(text);
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX], right[OPTION_TEXT_MAX];
    if (type != NULL) {
        *(const struct fault_type **)value = type;
        return 0;
    }
    suggest_init(&suggest, text);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        suggest_offer(&suggest, fault_catalogue[i]->name);
    option_describe(option, right, sizeof right);
    return err_set(err, "'%.48s' is not a type of fault%s write %.200s", text,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant), right);
}

static void format_type(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct fault_type *type = *(const struct fault_type *const *)value;
    (void)option;
    snprintf(buf, size, "%s", type == NULL ? "" : type->name);
}

const struct option_kind option_seed = {
    .name = "seed",
    .form = "a number of 64 bits, decimal or with 0x",
    .size = sizeof(struct settings),
    .parse = parse_seed,
    .format = format_seed,
};

const struct option_kind option_log = {
    .name = "log",
    .form = "stderr, stdout, none or a file name",
    .size = OPTION_PATH_MAX,
    .parse = parse_log,
    .format = format_log,
};

const struct option_kind option_token = {
    .name = "token",
    .form = "8 to 128 printable characters without blanks",
    .size = OPTION_TOKEN_MAX,
    .parse = parse_token,
    .format = format_token,
};

const struct option_kind option_user = {
    .name = "user",
    .form = "the name of a user such as nobody",
    .size = OPTION_USER_MAX,
    .parse = parse_user,
    .format = format_token,
};

const struct option_kind option_listen = {
    .name = "listen address",
    .form = "an address such as 127.0.0.1:80, [::1]:80, name:80 or unix:/path/sock",
    .size = sizeof(struct address),
    .parse = parse_listen,
    .format = format_address,
};

const struct option_kind option_buffer = {
    .name = "size or auto",
    .form = "a size such as 64k or 1M, or auto",
    .size = sizeof(uint64_t),
    .parse = parse_buffer,
    .format = format_buffer,
};

const struct option_kind option_upstream = {
    .name = "upstream address",
    .form = "an address such as 127.0.0.1:80, [::1]:80, name:80, unix:/path/sock or builtin:echo",
    .size = sizeof(struct address),
    .parse = parse_upstream,
    .format = format_address,
};

const struct option_kind option_type = {
    .name = "type",
    .form = "a type that `rudeproxy faults` lists",
    .size = sizeof(const struct fault_type *),
    .parse = parse_type,
    .format = format_type,
};

/* A text: any single line. */

static int parse_text(const struct option *option, const char *text, void *value, struct err *err)
{
    size_t length = strlen(text);
    (void)option;
    if (length == 0)
        return err_set(err, "the value is empty, leave the key out");
    if (length >= OPTION_PATH_MAX)
        return err_set(
            err, "%zu bytes are too long, write at most %d", length, OPTION_PATH_MAX - 1);
    memcpy(value, text, length + 1);
    return 0;
}

static void format_text(const struct option *option, const void *value, char *buf, size_t size)
{
    option_path.format(option, value, buf, size);
}

const struct option_kind option_text = {
    .name = "text",
    .form = "a text, in double quotes if it has blanks",
    .size = OPTION_PATH_MAX,
    .parse = parse_text,
    .format = format_text,
};
