/* SPDX-License-Identifier: MIT */
/*
 * Runs the fuzz target over the inputs of a folder, or over one input: the main() of a target that
 * is not built for libFuzzer. Aborts where an input fails; exit 1 where the folder holds none.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/target.h"

#define INPUT_MAX (64u << 10)

static int run_file(const char *path)
{
    static unsigned char data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    size_t n = fread(data, 1, sizeof data, file);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    /* A copy of exactly this size, so that the sanitizer sees a read beyond its end. */
    unsigned char *exact = malloc(n + 1);
    if (exact == NULL)
        return -1;
    memcpy(exact + 1, data, n);
    LLVMFuzzerTestOneInput(exact + 1, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];
    int count = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (argc == 2 && folder == NULL)
        return run_file(argv[1]) == 0 ? 0 : 1;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER|FILE\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (entry->d_name[0] != '.' && run_file(path) == 0)
            count++;
    }
    closedir(folder);
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
