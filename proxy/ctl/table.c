/* SPDX-License-Identifier: MIT */
#include "proxy/ctl/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/quote.h"
#include "proxy/base/utf8.h"

/* Returns the columns on the screen, approximately: characters, not bytes. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void table_init(struct table *table, const char *const *heads)
{
    *table = (struct table){.heads = heads};
    for (; heads[table->columns] != NULL; table->columns++)
        table->widths[table->columns] = width_of(heads[table->columns]);
}

static int table_grow(struct table *table)
{
    size_t capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
    char **cells = realloc(table->cells, capacity * sizeof(char *));
    if (cells == NULL)
        return -1;
    table->cells = cells;
    table->capacity = capacity;
    return 0;
}

void table_cell(struct table *table, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0 || (table->count == table->capacity && table_grow(table) != 0)) {
        table->failed = true;
        if (n >= 0)
            free(text);
        return;
    }
    /* removes control characters that a name or an address could send to the terminal */
    utf8_disarm(text);
    size_t column = table->count % table->columns, width = width_of(text);
    if (width > table->widths[column])
        table->widths[column] = width;
    table->cells[table->count++] = text;
}

void table_name(struct table *table, const char *name)
{
    char buf[QUOTE_NAME_MAX];
    table_cell(table, "%s", quote_name(name, buf));
}

static void print_row(const struct table *table, const char *const *cells, bool aligned)
{
    for (size_t i = 0; i < table->columns; i++) {
        fputs(cells[i], stdout);
        if (i + 1 == table->columns)
            putchar('\n');
        else if (aligned)
            printf("%*s", (int)(table->widths[i] - width_of(cells[i]) + 2), "");
        else
            putchar('\t');
    }
}

void table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
}

enum ctl_status table_finish(struct table *table)
{
    bool aligned = isatty(STDOUT_FILENO), failed = table->failed;
    if (aligned)
        print_row(table, table->heads, aligned);
    for (size_t i = 0; !failed && i + table->columns <= table->count; i += table->columns)
        print_row(table, (const char *const *)table->cells + i, aligned);
    if (failed)
        fputs("rudeproxy: out of memory\n", stderr);
    table_free(table);
    return failed ? CTL_FAILED : CTL_FINE;
}
