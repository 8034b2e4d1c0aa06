/* SPDX-License-Identifier: MIT */
#include "tests/soak/recipes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "soak: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Adds a line of a recipe's fault. Names are made unique by the recipe's own. */
static void add_line(struct recipe *recipe, FILE *out, char *line)
{
    char value[256];
    if (sscanf(line, "[fault %255[^]]", value) == 1)
        fprintf(out, "[fault %s-%s]\nproxy = %s\n", recipe->name, value, recipe->name);
    else if (sscanf(line, "after = %255[^\n]", value) == 1)
        fprintf(out, "after = %s-%s\n", recipe->name, value);
    else if (strncmp(line, "proxy", 5) != 0 && line[0] != ';')
        fputs(line, out);
    if (sscanf(line, "type = %255s", value) == 1)
        recipe->changes = recipe->changes || strcmp(value, "inject") == 0 ||
                          strcmp(value, "blackhole") == 0 || strcmp(value, "corrupt") == 0;
}

static void read_recipe(struct recipe *recipe, const char *path)
{
    char line[1024];
    size_t size;
    bool in_fault = false;
    FILE *in = fopen(path, "r"), *out = open_memstream(&recipe->faults, &size);
    must(in != NULL && out != NULL, path);
    while (fgets(line, sizeof line, in) != NULL) {
        if (line[0] == '[')
            in_fault = strncmp(line, "[fault ", 7) == 0;
        if (in_fault)
            add_line(recipe, out, line);
        else if (strncmp(line, "protocol", 8) == 0)
            snprintf(recipe->protocol, sizeof recipe->protocol, "%s", line);
    }
    fclose(in);
    fclose(out);
}

unsigned recipes_read(struct recipe *recipes, unsigned count, const char *folder)
{
    DIR *all = opendir(folder);
    must(all != NULL, folder);
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        char path[512];
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".ini") != 0)
            continue;
        must(count < RECIPES_MAX, "too many recipes");
        struct recipe *recipe = &recipes[count++];
        snprintf(
            recipe->name, sizeof recipe->name, "%.*s", (int)(dot - entry->d_name), entry->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        read_recipe(recipe, path);
    }
    closedir(all);
    return count;
}
