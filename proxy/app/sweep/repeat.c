/* SPDX-License-Identifier: MIT */
/*
 * The words of our own command line come from /proc/self/cmdline (proc(5)): the options that choose
 * what is tried, or where reports go, are left out, and --only takes their place.
 */
#include "proxy/app/sweep/repeat.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/app/sweep/sweep.h"
#include "proxy/base/quote.h"

#define CMDLINE_MAX (128 * 1024) /* MAX_ARG_STRLEN of Linux: one word is never longer */

static const char *const dropped[] = {
    "report", "junit", "html", "dir", "known", "resume", "budget", "random", "only"};

const char *sweep_case_format(
    const struct sweep *sweep, const struct sweep_case *tried, char *buf, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i <= tried->more_count && used < size; i++) {
        const struct sweep_pick *pick = i == 0 ? &tried->pick : &tried->more[i - 1];
        char place[SWEEP_PLACE_TEXT_MAX];
        int n = snprintf(buf + used, size - used, "%s%s:%s", i > 0 ? SWEEP_CASE_GLUE : "",
            sweep_place_format(&pick->place, sweep->config, place, sizeof place),
            sweep->options->faults[pick->fault]);
        used += n > 0 ? (size_t)n : 0;
    }
    return buf;
}

static int repeat_find_fault(
    const struct sweep *sweep, const char *text, size_t length, size_t *fault)
{
    const struct sweep_options *options = sweep->options;
    for (*fault = 0; *fault < options->fault_count; ++*fault) {
        if (strlen(options->faults[*fault]) == length &&
            memcmp(options->faults[*fault], text, length) == 0)
            return 0;
    }
    return -1;
}

int sweep_case_parse(
    const struct sweep *sweep, const char *text, struct sweep_case *tried, struct err *err)
{
    *tried = (struct sweep_case){.done = false};
    for (size_t i = 0; i < SWEEP_PICKS_MAX; i++) {
        struct sweep_pick *pick = i == 0 ? &tried->pick : &tried->more[i - 1];
        const char *fault;
        if (sweep_place_parse(&pick->place, sweep->config, text, &fault, err) != 0)
            return -1;
        const char *glue = quote_find_outside(fault, SWEEP_CASE_GLUE);
        size_t length = glue != NULL ? (size_t)(glue - fault) : strlen(fault);
        if (repeat_find_fault(sweep, fault, length, &pick->fault) != 0)
            return err_set(err, "'%.*s' is not among the faults of this sweep, see --sweep-fault",
                (int)length, fault);
        tried->more_count = i;
        if (glue == NULL)
            return 0;
        text = glue + strlen(SWEEP_CASE_GLUE);
    }
    return err_set(err, "too many faults, at most %d", SWEEP_PICKS_MAX);
}

static void print_plain_word(const char *word, FILE *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=./:,@%+";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    }
    fputc('\'', out);
}

/* The command line stays on one line: POSIX.1-2024 dollar-single-quotes. */
static void print_control_word(const char *word, FILE *out)
{
    fputs("$'", out);
    for (const unsigned char *p = (const unsigned char *)word; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f)
            fprintf(out, "\\%03o", *p);
        else if (*p == '\'' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else
            fputc(*p, out);
    }
    fputc('\'', out);
}

static void print_word(const char *word, FILE *out)
{
    bool control = false;
    for (const unsigned char *p = (const unsigned char *)word; *p != '\0'; p++)
        control |= *p < 0x20 || *p == 0x7f;
    if (control)
        print_control_word(word, out);
    else
        print_plain_word(word, out);
}

/* 0: stays. 1: the word goes. 2: the next one goes too. */
static int is_dropped(const char *word)
{
    if (strncmp(word, "--", 2) != 0)
        return 0;
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        size_t length = strlen(dropped[i]);
        if (strncmp(word + 2, dropped[i], length) != 0)
            continue;
        if (word[2 + length] == '=')
            return 1;
        if (word[2 + length] == '\0')
            return 2;
    }
    return 0;
}

static void print_words(const struct sweep *sweep, const struct sweep_case *tried,
    const char *words, size_t size, FILE *out)
{
    char text[SWEEP_CASE_TEXT_MAX];
    bool options = true, has_seed = false;
    int skip = 0;
    for (const char *word = words; word < words + size; word += strlen(word) + 1) {
        if (options && strcmp(word, "--") == 0) {
            if (!has_seed)
                fprintf(out, " --seed %" PRIu64, sweep->seed);
            fputs(" --only ", out);
            print_word(sweep_case_format(sweep, tried, text, sizeof text), out);
            options = false;
        }
        if (options && strncmp(word, "--seed", strlen("--seed")) == 0)
            has_seed = true;
        if (skip == 0 && options)
            skip = is_dropped(word);
        if (skip > 0) {
            skip--;
            continue;
        }
        if (word != words)
            fputc(' ', out);
        print_word(word, out);
    }
}

void sweep_repeat_print(const struct sweep *sweep, const struct sweep_case *tried, FILE *out)
{
    char *words = malloc(CMDLINE_MAX + 1);
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    ssize_t n;
    while (words != NULL && fd >= 0 && size < CMDLINE_MAX &&
           (n = read(fd, words + size, CMDLINE_MAX - size)) > 0)
        size += (size_t)n;
    if (fd >= 0)
        close(fd);
    if (words != NULL) {
        words[size] = '\0';
        print_words(sweep, tried, words, size, out);
    }
    free(words);
}
