/* SPDX-License-Identifier: MIT */
/* The routes of the server and the paths of docs/openapi.json are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>
#include <jansson.h>

#include "proxy/admin/route.h"

static json_t *file;

static int read_file(void **state)
{
    json_error_t error;
    (void)state;
    file =
        json_load_file(RUDEPROXY_SOURCE_DIR "/docs/openapi.json", JSON_REJECT_DUPLICATES, &error);
    if (file == NULL)
        print_error("docs/openapi.json:%d: %s\n", error.line, error.text);
    return file != NULL ? 0 : -1;
}

static int forget_file(void **state)
{
    (void)state;
    json_decref(file);
    return 0;
}

/* "/proxies/{proxy}" is "/proxies/{}" in the table. */
static bool same_path(const char *path, const char *pattern)
{
    while (*path != '\0' && *path == *pattern) {
        path += *path == '{' ? strcspn(path, "}") : 1;
        pattern++;
    }
    return *path == '\0' && *pattern == '\0';
}

/* A route for any method stands in the file as a GET. */
static bool allows(const char *methods, const char *method)
{
    size_t length = strlen(method);
    if (strcmp(methods, "*") == 0)
        methods = "GET";
    for (const char *p = methods; *p != '\0'; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");
        if (word == length && strncasecmp(p, method, length) == 0)
            return true;
        p += word;
    }
    return false;
}

static bool is_route(const char *path, const char *method)
{
    for (const struct route *route = routes; route->pattern != NULL; route++) {
        if (same_path(path, route->pattern) && allows(route->methods, method))
            return true;
    }
    return false;
}

static const char *const methods[] = {"get", "post", "put", "patch", "delete", "head", NULL};

static void every_path_of_the_file_is_a_route(void **state)
{
    const char *path, *method;
    json_t *operations, *operation;
    (void)state;
    json_object_foreach(json_object_get(file, "paths"), path, operations)
    {
        json_object_foreach(operations, method, operation)
        {
            if (!is_route(path, method))
                fail_msg("docs/openapi.json has %s %s, the server has not", method, path);
        }
    }
}

static bool is_in_file(const char *pattern, const char *method)
{
    const char *path;
    json_t *operations;
    json_object_foreach(json_object_get(file, "paths"), path, operations)
    {
        if (same_path(path, pattern) && json_object_get(operations, method) != NULL)
            return true;
    }
    return false;
}

static void every_route_is_in_the_file(void **state)
{
    (void)state;
    for (const struct route *route = routes; route->pattern != NULL; route++) {
        size_t count = 0;
        for (size_t i = 0; methods[i] != NULL; i++) {
            if (!allows(route->methods, methods[i]))
                continue;
            count++;
            if (!is_in_file(route->pattern, methods[i]))
                fail_msg(
                    "the server has %s %s, docs/openapi.json has not", methods[i], route->pattern);
        }
        assert_true(count > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_of_the_file_is_a_route),
        cmocka_unit_test(every_route_is_in_the_file),
    };
    return cmocka_run_group_tests(tests, read_file, forget_file);
}
