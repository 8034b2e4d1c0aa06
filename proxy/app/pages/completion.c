/* SPDX-License-Identifier: MIT */
/*
 * Completion of commands, options, fault types and the commands of ctl: see pages.h. Everything
 * else is a file name.
 */
#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "proxy/app/cli/cli.h"
#include "proxy/app/pages/pages.h"
#include "proxy/ctl/ctl.h"
#include "proxy/fault/fault.h"

/* A text in single quotes, which a shell takes as it stands. */
static void print_quoted(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

/* --- The words of ctl --- */

typedef void print_word(const char *word, const char *help, FILE *out);

struct ctl_walk {
    const char *group; /* NULL: the words right behind `ctl` */
    print_word *print;
    FILE *out;
    const char *last_group; /* the rows of a group stand together */
    bool groups_only;
};

static bool same_group(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void on_ctl_row(void *user, const struct ctl_row *row)
{
    struct ctl_walk *walk = user;
    if (row->option != NULL)
        return;
    bool new_group = row->group != NULL && !same_group(row->group, walk->last_group);
    walk->last_group = row->group;
    if (walk->group == NULL && new_group)
        walk->print(row->group, "a group of commands", walk->out);
    else if (same_group(row->group, walk->group) && !walk->groups_only)
        walk->print(row->name, row->help, walk->out);
}

/* The commands of a group; without one (NULL) the words right behind `ctl`. */
static void each_ctl_word(const char *group, print_word *print, FILE *out)
{
    ctl_each_row(on_ctl_row, &(struct ctl_walk){.group = group, .print = print, .out = out});
}

static void each_ctl_group(print_word *print, FILE *out)
{
    ctl_each_row(on_ctl_row, &(struct ctl_walk){.print = print, .out = out, .groups_only = true});
}

static void on_ctl_value_option(void *user, const struct ctl_row *row)
{
    if (row->option == NULL || row->command[0] != '\0' || row->argument == NULL)
        return;
    fprintf(user, "--%s -%s ", row->option, row->option);
    if (row->letter != 0)
        fprintf(user, "-%c ", row->letter);
}

/* The global options of ctl whose value is the next word: they may stand before its command. */
static void print_value_options(FILE *out)
{
    ctl_each_row(on_ctl_value_option, out);
}

/* --- bash --- */

static void bash_words(const char *variable, FILE *out)
{
    fprintf(out, "    local %s='", variable);
}

static void bash_word(const char *word, const char *help, FILE *out)
{
    (void)help;
    fprintf(out, "%s ", word);
}

static void bash_group(const char *group, const char *help, FILE *out)
{
    (void)help;
    fprintf(out, "    'ctl %s') words='", group);
    each_ctl_word(group, bash_word, out);
    fputs("' ;;\n", out);
}

static void on_bash_ctl_option(void *user, const struct ctl_row *row)
{
    if (row->option != NULL && row->command[0] == '\0')
        fprintf(user, "--%s ", row->option);
}

/* Sets `before`: the words before the one to complete, behind ctl without options and their values.
 * Readline makes three words of HOST:PORT, and of --OPTION=VALUE. */
static void bash_words_before(FILE *out)
{
    fputs("    local before= i takes=' ", out);
    print_value_options(out);
    fputs("'\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        if [[ ${COMP_WORDS[1]} != ctl || ${COMP_WORDS[i]} != -* ]]; then\n"
          "            before+=\"${before:+ }${COMP_WORDS[i]}\"\n"
          "        elif [[ $takes == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
          "            [[ ${COMP_WORDS[i + 1]} != = ]] || i=$((i + 1))\n"
          "            i=$((i + 1))\n"
          "            while [[ ${COMP_WORDS[i + 1]} == :* ]]; do i=$((i + 2)); done\n"
          "        fi\n"
          "    done\n"
          "    [ \"$i\" -eq \"$COMP_CWORD\" ] || return 0\n",
        out);
}

static void completion_bash(FILE *out)
{
    fputs(
        "# bash completion for rudeproxy: printed by `rudeproxy completion bash`\n_rudeproxy() {\n",
        out);
    bash_words("commands", out);
    for (const struct command *command = commands; command->name != NULL; command++)
        fprintf(out, "%s ", command->name);
    fputs("'\n", out);
    bash_words("options", out);
    for (const struct cli_option *option = cli_options; option->name != NULL; option++)
        fprintf(out, "--%s ", option->name);
    fputs("'\n", out);
    bash_words("types", out);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        fprintf(out, "%s ", fault_catalogue[i]->name);
    fputs("'\n", out);
    bash_words("ctl", out);
    each_ctl_word(NULL, bash_word, out);
    fputs("'\n", out);
    bash_words("ctl_options", out);
    ctl_each_row(on_bash_ctl_option, out);
    fputs("'\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} words=\n",
        out);
    bash_words_before(out);
    fputs("    case $before in\n"
          "    '') words=\"$commands $options\" ;;\n"
          "    ctl) words=\"$ctl $ctl_options\" ;;\n",
        out);
    each_ctl_group(bash_group, out);
    fputs("    'ctl '*) words=$ctl_options ;;\n"
          "    faults*) words=$types ;;\n"
          "    help*) words=$commands ;;\n"
          "    *) [[ $word != -* ]] || words=$options ;;\n"
          "    esac\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "}\n"
          "complete -o default -F _rudeproxy rudeproxy\n",
        out);
}

/* --- zsh --- */

/* "name:help", where a colon of the help is the shell's own. */
static void zsh_pair(const char *name, const char *help, FILE *out)
{
    char text[512];
    snprintf(text, sizeof text, "%s:%s", name, help);
    fputs("        ", out);
    print_quoted(text, out);
    fputc('\n', out);
}

static void zsh_group(const char *group, const char *help, FILE *out)
{
    (void)help;
    fprintf(out, "    %s) group=(\n", group);
    each_ctl_word(group, zsh_pair, out);
    fputs("        ) ;;\n", out);
}

static void zsh_without_options(FILE *out)
{
    fputs("    local takes=' ", out);
    print_value_options(out);
    fputs("'\n"
          "    if [[ $words[2] == ctl ]]; then\n"
          "        local -a rest\n"
          "        local -i i\n"
          "        for ((i = 2; i < CURRENT; i++)); do\n"
          "            if [[ $words[i] != -* ]]; then\n"
          "                rest+=(\"$words[i]\")\n"
          "            elif [[ $takes == *\" $words[i] \"* ]]; then\n"
          "                i=$((i + 1))\n"
          "            fi\n"
          "        done\n"
          "        if (( i > CURRENT )); then\n"
          "            _files\n"
          "            return\n"
          "        fi\n"
          "        words=(\"$words[1]\" $rest \"$words[CURRENT]\")\n"
          "        CURRENT=$#words\n"
          "    fi\n",
        out);
}

static void completion_zsh(FILE *out)
{
    fputs("#compdef rudeproxy\n# printed by `rudeproxy completion zsh`\n_rudeproxy() {\n    local "
          "-a commands options types ctl group\n"
          "    commands=(\n",
        out);
    for (const struct command *command = commands; command->name != NULL; command++)
        zsh_pair(command->name, command->help, out);
    fputs("    )\n    options=(\n", out);
    for (const struct cli_option *option = cli_options; option->name != NULL; option++) {
        char dashed[80];
        snprintf(dashed, sizeof dashed, "--%s", option->name);
        zsh_pair(dashed, option->help, out);
    }
    fputs("    )\n    types=(\n", out);
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        zsh_pair(fault_catalogue[i]->name, fault_catalogue[i]->summary, out);
    fputs("    )\n    ctl=(\n", out);
    each_ctl_word(NULL, zsh_pair, out);
    fputs("    )\n", out);
    zsh_without_options(out);
    fputs("    case $words[3] in\n", out);
    each_ctl_group(zsh_group, out);
    fputs("    esac\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command commands -- options\n"
          "    elif [[ $words[2] == faults ]]; then\n"
          "        _describe type types\n"
          "    elif [[ $words[2] == ctl && $CURRENT == 3 ]]; then\n"
          "        _describe command ctl\n"
          "    elif [[ $words[2] == ctl && $CURRENT == 4 && $#group -gt 0 ]]; then\n"
          "        _describe command group\n"
          "    elif [[ $PREFIX == -* ]]; then\n"
          "        _describe option options\n"
          "    else\n"
          "        _files\n"
          "    fi\n"
          "}\n"
          "_rudeproxy \"$@\"\n",
        out);
}

/* --- fish --- */

static void fish_word(const char *condition, const char *word, const char *help, FILE *out)
{
    fprintf(out, "complete -c rudeproxy -f -n '%s' -a ", condition);
    print_quoted(word, out);
    fputs(" -d ", out);
    print_quoted(help, out);
    fputc('\n', out);
}

static void fish_ctl_word(const char *word, const char *help, FILE *out)
{
    fish_word("__rudeproxy_after ctl", word, help, out);
}

static void on_fish_ctl_group(void *user, const struct ctl_row *row)
{
    if (row->option != NULL || row->group == NULL)
        return;
    char condition[64];
    snprintf(condition, sizeof condition, "__rudeproxy_after ctl %s", row->group);
    fish_word(condition, row->name, row->help, user);
}

static void fish_after(FILE *out)
{
    fputs("function __rudeproxy_after\n"
          "    set -l all (commandline -opc)\n"
          "    set -l words\n"
          "    set -l takes\n"
          "    for word in $all[2..-1]\n"
          "        if test -n \"$takes\"\n"
          "            set takes\n"
          "        else if contains -- $word ",
        out);
    print_value_options(out);
    fputs("\n"
          "            set takes yes\n"
          "        else if not string match -q -- '-*' $word\n"
          "            set words $words $word\n"
          "        end\n"
          "    end\n"
          "    test -z \"$takes\" -a \"$words\" = \"$argv\"\n"
          "end\n",
        out);
}

static void completion_fish(FILE *out)
{
    fputs("# fish completion for rudeproxy: printed by `rudeproxy completion fish`\n", out);
    fish_after(out);
    for (const struct command *command = commands; command->name != NULL; command++)
        fish_word("__fish_use_subcommand", command->name, command->help, out);
    for (const struct cli_option *option = cli_options; option->name != NULL; option++) {
        fprintf(out, "complete -c rudeproxy -l %s%s%.1s%s -d ", option->name,
            option->letter != 0 ? " -s " : "", option->letter != 0 ? &option->letter : "",
            option->argument != NULL ? " -r" : "");
        print_quoted(option->help, out);
        fputc('\n', out);
    }
    for (size_t i = 0; fault_catalogue[i] != NULL; i++)
        fish_word("__fish_seen_subcommand_from faults", fault_catalogue[i]->name,
            fault_catalogue[i]->summary, out);
    each_ctl_word(NULL, fish_ctl_word, out);
    ctl_each_row(on_fish_ctl_group, out);
}

static const struct {
    const char *name;
    void (*print)(FILE *out);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

int pages_print_completion(const char *shell, FILE *out)
{
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].print(out);
            return 0;
        }
    }
    return -1;
}
