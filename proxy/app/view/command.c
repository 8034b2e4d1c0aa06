/* SPDX-License-Identifier: MIT */
#include "proxy/app/view/command.h"

#include <stdio.h>
#include <unistd.h>

#include "proxy/app/html_page.h"
#include "proxy/app/view/log.h"
#include "proxy/app/view/page.h"
#include "proxy/app/view/segments.h"
#include "proxy/app/view/story.h"
#include "proxy/app/view/text_diagram.h"
#include "web/diagram.h"

static int out_of_memory(void)
{
    fputs("rudeproxy: out of memory\n", stderr);
    return EXIT_RUNTIME;
}

static int print_text(const struct view_log *log)
{
    size_t i;
    const json_t *events;
    json_array_foreach(log->connections, i, events)
    {
        struct story story;
        int result = view_story_build(&story, events);
        if (result == 0 && i > 0)
            fputs("\n\n", stdout);
        if (result == 0)
            view_text_diagram_print(&story, stdout);
        view_story_free(&story);
        if (result != 0)
            return out_of_memory();
    }
    return EXIT_FINE;
}

static int print_page(const struct view_log *log)
{
    static const char *const modules[] = {web_story_js, web_diagram_js, NULL};
    html_page_print(stdout, view_page, log->connections, modules);
    return EXIT_FINE;
}

static int add_segments(struct segments *segments, const json_t *events, const json_t *listening)
{
    struct story story;
    int result = view_story_build(&story, events);
    if (result == 0)
        result = segments_add(segments, &story, json_string_value(listening));
    view_story_free(&story);
    return result;
}

static int print_pcapng(const struct view_log *log)
{
    struct segments segments;
    size_t i;
    const json_t *events;
    int result = 0;
    segments_init(&segments);
    json_array_foreach(log->connections, i, events)
    {
        if (result == 0)
            result = add_segments(&segments, events, json_array_get(log->addresses, i));
    }
    if (result == 0)
        segments_write(&segments, stdout);
    segments_free(&segments);
    return result == 0 ? EXIT_FINE : out_of_memory();
}

/* Prints all connections of a log. Returns an exit status. */
typedef int view_print(const struct view_log *log);

/* Returns the form that an option asks for. Without an option, stdout decides. */
static view_print *choose(const struct cli *cli)
{
    if (cli->view_text)
        return print_text;
    if (cli->view_page)
        return print_page;
    if (cli->view_pcapng)
        return print_pcapng;
    return isatty(STDOUT_FILENO) ? print_text : print_page;
}

int view_command(const struct cli *cli)
{
    struct view_log log;
    const char *only = cli->operand_count > 1 ? cli->operands[1] : NULL;
    if (cli->operand_count < 1 || cli->operand_count > 2) {
        cli_report("", "view needs one log: rudeproxy view LOG [PROXY[#NUMBER]]", "");
        return EXIT_USAGE;
    }
    if (cli->view_text + cli->view_page + cli->view_pcapng > 1) {
        cli_report("", "--text, --page and --pcapng exclude each other", "");
        return EXIT_USAGE;
    }
    int status = EXIT_RUNTIME;
    if (view_log_read(&log, cli->operands[0], only) == 0)
        status = choose(cli)(&log);
    view_log_free(&log);
    return status;
}
