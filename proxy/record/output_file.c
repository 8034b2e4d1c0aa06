/* SPDX-License-Identifier: MIT */
/* Files that appear complete: see output_file.h. */
#include "proxy/record/output_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static int cannot_write(const struct output_file *file, int errnum, struct err *err)
{
    return err_set(err, "cannot write %s %s: %s", file->option, file->path, strerror(errnum));
}

int output_file_open(
    struct output_file *file, const char *option, const char *path, struct err *err)
{
    *file = (struct output_file){.option = option, .path = path};
    int length = snprintf(file->temporary, sizeof file->temporary, "%s.%d", path, (int)getpid());
    if (length >= (int)sizeof file->temporary)
        return err_set(err, "%s: the path is too long", option);
    file->out = fopen(file->temporary, "we");
    return file->out != NULL ? 0 : cannot_write(file, errno, err);
}

int output_file_commit(struct output_file *file, struct err *err)
{
    bool failed = ferror(file->out) != 0;
    int errnum = failed ? EIO : 0;
    if (fclose(file->out) != 0 || (!failed && rename(file->temporary, file->path) != 0))
        errnum = errno;
    if (errnum == 0)
        return 0;
    unlink(file->temporary);
    return cannot_write(file, errnum, err);
}

void output_file_discard(struct output_file *file)
{
    fclose(file->out);
    unlink(file->temporary);
}

int output_file_probe(const char *option, const char *path, struct err *err)
{
    struct output_file file;
    if (output_file_open(&file, option, path, err) != 0)
        return -1;
    output_file_discard(&file);
    return 0;
}
