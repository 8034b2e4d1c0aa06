/* SPDX-License-Identifier: MIT */
/* `<` is escaped in the data, so that nothing a peer or a command printed can end the element. */
#include "proxy/app/html_page.h"

#include <string.h>

static int write_data(const char *bytes, size_t size, void *user)
{
    FILE *out = user;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '<')
            fputs("\\u003c", out);
        else
            fputc(bytes[i], out);
    }
    return 0;
}

/* Prints the page up to a mark. Returns the text behind it; without the mark, the page. */
static const char *print_up_to(FILE *out, const char *page, const char *mark)
{
    const char *found = strstr(page, mark);
    if (found == NULL)
        return page;
    fwrite(page, 1, (size_t)(found - page), out);
    return found + strlen(mark);
}

static void print_module(FILE *out, const char *module)
{
    static const char import[] = "import ";
    for (const char *line = module; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        size += line[size] == '\n';
        if (strncmp(line, import, sizeof import - 1) != 0)
            fwrite(line, 1, size, out);
        line += size;
    }
}

void html_page_print(FILE *out, const char *page, const json_t *data, const char *const *modules)
{
    page = print_up_to(out, page, "@DATA@");
    json_dump_callback(data, write_data, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (modules != NULL)
        page = print_up_to(out, page, "@SCRIPT@");
    for (; modules != NULL && *modules != NULL; modules++)
        print_module(out, *modules);
    fputs(page, out);
}
