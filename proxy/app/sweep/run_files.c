/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/run_files.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/app/sweep/child.h"

#define OPEN_ROUNDS 16 /* unreadable folders in each other that are removed */

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    remove(path);
    return 0;
}

static int open_folder(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)at;
    if (type == FTW_D || type == FTW_DNR)
        chmod(path, S_IRWXU);
    return 0;
}

/* A read-only folder (Go's module cache) keeps its entries until it is made writable. A folder that
 * could not be read is entered in the next round. */
void run_files_remove_tree(const char *path)
{
    struct stat info;
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    for (int round = 0; round < OPEN_ROUNDS && lstat(path, &info) == 0; round++) {
        nftw(path, open_folder, 16, FTW_PHYS);
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
}

void run_files_remove(const struct sweep_runner *runner, unsigned run)
{
    static const char *const suffixes[] = {SWEEP_LOG, SWEEP_STDOUT, SWEEP_STDERR, SWEEP_INI};
    char path[PATH_MAX + 16];
    run_files_remove_tree(sweep_child_path(runner, run, "", path, sizeof path));
    run_files_remove_tree(sweep_child_path(runner, run, SWEEP_SOCKETS, path, sizeof path));
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        remove(sweep_child_path(runner, run, suffixes[i], path, sizeof path));
}

static void append_file(const char *path, off_t from, char *text, size_t size)
{
    size_t used = strlen(text);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, text + used, size - used - 1, from) : 0;
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < n; i++, used++) {
        if (text[used] == '\0')
            text[used] = '?';
    }
    text[used] = '\0';
}

char *run_files_excerpt(const struct sweep_runner *runner, unsigned run)
{
    char path[PATH_MAX + 16], text[SWEEP_EXCERPT_MAX] = "";
    append_file(sweep_child_path(runner, run, SWEEP_STDERR, path, sizeof path), 0, text,
        SWEEP_EXCERPT_MAX / 2);
    append_file(
        sweep_child_path(runner, run, SWEEP_STDOUT, path, sizeof path), 0, text, SWEEP_EXCERPT_MAX);
    return strdup(text);
}

const char *run_files_last_line(const char *path, char *text, size_t size)
{
    struct stat file;
    off_t from = stat(path, &file) == 0 ? file.st_size - (off_t)size + 1 : 0;
    text[0] = '\0';
    append_file(path, from > 0 ? from : 0, text, size);
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    const char *newline = strrchr(text, '\n');
    return newline != NULL ? newline + 1 : text;
}
