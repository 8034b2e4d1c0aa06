/* SPDX-License-Identifier: MIT */
/*
 * Completion of commands, options, fault types and the commands of ctl: see pages.h. Everything
 * else is a file name.
 */
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

/* --- bash --------------------------------------------------------------------------------------
 */

static void bash_words(const char *variable, FILE *out)
{
    fprintf(out, "    local %s='", variable);
}

static void on_bash_ctl(void *user, const struct ctl_row *row)
{
    FILE *out = user;
    if (row->option == NULL)
        fprintf(out, "%s ", row->command);
    else if (row->command[0] == '\0')
        fprintf(out, "--%s ", row->option);
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
    ctl_each_row(on_bash_ctl, out);
    fputs("'\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
          "    case ${COMP_WORDS[1]} in\n"
          "    ctl) [ \"$COMP_CWORD\" -le 1 ] || words=$ctl ;;\n"
          "    faults) [ \"$COMP_CWORD\" -le 1 ] || words=$types ;;\n"
          "    help) [ \"$COMP_CWORD\" -le 1 ] || words=$commands ;;\n"
          "    esac\n"
          "    [ -n \"$words\" ] || [[ $word != -* ]] || words=$options\n"
          "    [ \"$COMP_CWORD\" -ne 1 ] || words=\"$commands $options\"\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "}\n"
          "complete -o default -F _rudeproxy rudeproxy\n",
        out);
}

/* --- zsh ---------------------------------------------------------------------------------------
 */

/* "name:help", where a colon of the help is the shell's own. */
static void zsh_pair(const char *name, const char *help, FILE *out)
{
    char text[512];
    snprintf(text, sizeof text, "%s:%s", name, help);
    fputs("        ", out);
    print_quoted(text, out);
    fputc('\n', out);
}

static void on_zsh_ctl(void *user, const struct ctl_row *row)
{
    if (row->option == NULL)
        zsh_pair(row->command, row->help, user);
}

static void completion_zsh(FILE *out)
{
    fputs("#compdef rudeproxy\n# printed by `rudeproxy completion zsh`\n_rudeproxy() {\n    local "
          "-a commands options types ctl\n"
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
    ctl_each_row(on_zsh_ctl, out);
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command commands -- options\n"
          "    elif [[ $words[2] == faults ]]; then\n"
          "        _describe type types\n"
          "    elif [[ $words[2] == ctl && $CURRENT == 3 ]]; then\n"
          "        _describe command ctl\n"
          "    elif [[ $PREFIX == -* ]]; then\n"
          "        _describe option options\n"
          "    else\n"
          "        _files\n"
          "    fi\n"
          "}\n"
          "_rudeproxy \"$@\"\n",
        out);
}

/* --- fish --------------------------------------------------------------------------------------
 */

static void fish_word(const char *condition, const char *word, const char *help, FILE *out)
{
    fprintf(out, "complete -c rudeproxy -f -n '%s' -a ", condition);
    print_quoted(word, out);
    fputs(" -d ", out);
    print_quoted(help, out);
    fputc('\n', out);
}

static void on_fish_ctl(void *user, const struct ctl_row *row)
{
    if (row->option == NULL)
        fish_word("__fish_seen_subcommand_from ctl", row->command, row->help, user);
}

static void completion_fish(FILE *out)
{
    fputs("# fish completion for rudeproxy: printed by `rudeproxy completion fish`\n", out);
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
    ctl_each_row(on_fish_ctl, out);
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
