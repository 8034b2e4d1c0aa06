/* SPDX-License-Identifier: MIT */
/* Paths of the API. Every character is encoded unless RFC 3986 calls it unreserved. */
#include <stdio.h>
#include <string.h>

#include "proxy/ctl/client.h"

static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

void path_add(struct path *path, const char *literal)
{
    int n = snprintf(path->text + path->used, sizeof path->text - path->used, "%s", literal);
    path->used += (size_t)n;
    if (path->used >= sizeof path->text) {
        path->used = sizeof path->text - 1;
        path->cut = true;
    }
}

void path_begin(struct path *path, const char *literal)
{
    path->used = 0;
    path->cut = path->query = false;
    path_add(path, literal);
}

static void add_encoded(struct path *path, const char *text)
{
    for (; *text != '\0'; text++) {
        char encoded[4] = {*text, '\0'};
        if (strchr(unreserved, *text) == NULL)
            snprintf(encoded, sizeof encoded, "%%%02X", (unsigned)(unsigned char)*text);
        path_add(path, encoded);
    }
}

void path_add_name(struct path *path, const char *name)
{
    path_add(path, "/");
    add_encoded(path, name);
}

void path_add_query(struct path *path, const char *key, const char *value)
{
    path_add(path, path->query ? "&" : "?");
    path->query = true;
    add_encoded(path, key);
    path_add(path, "=");
    add_encoded(path, value);
}
