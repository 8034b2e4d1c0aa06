/* SPDX-License-Identifier: MIT */
#include "proxy/record/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/replace_file.h"

#define LINKS_MAX 40 /* MAXSYMLINKS of Linux */

static int cannot_write(const struct output_file *file, int errnum, struct err *err)
{
    const char *path = file->path[0] == '\0' ? "''" : file->path;
    return err_set(err, "cannot write %s %s: %s", file->option, path, strerror(errnum));
}

/* Replaces the symbolic link at `path` (OUTPUT_PATH_MAX bytes) by its target. Returns 1 if it was a
 * link, 0 if not, or a negative errno. */
static int follow_link(char *path)
{
    char target[OUTPUT_PATH_MAX], folder[OUTPUT_PATH_MAX], joined[OUTPUT_PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return errno == EINVAL || errno == ENOENT ? 0 : -errno;
    target[length] = '\0';
    memcpy(folder, path, strlen(path) + 1);
    const char *before = target[0] == '/' ? "" : dirname(folder);
    int size = snprintf(joined, sizeof joined, "%s%s%s", before, before[0] ? "/" : "", target);
    if (size >= (int)sizeof joined)
        return -ENAMETOOLONG;
    memcpy(path, joined, (size_t)size + 1);
    return 1;
}

/* Returns the descriptor that the path names (/dev/stdout, /dev/fd/3); -1: none. */
static int descriptor_named(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    if (strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t length = strlen(folders[i]);
        const char *number = path + length;
        if (strncmp(path, folders[i], length) != 0)
            continue;
        size_t digits = strspn(number, "0123456789");
        if (digits > 0 && digits < 10 && number[digits] == '\0')
            return (int)strtol(number, NULL, 10);
    }
    return -1;
}

/* Resolves the links of `path`, and decides whether the file is replaced or written directly. A
 * file that is not regular, or an open descriptor, is written directly. Returns 0 or a negative
 * errno. */
static int resolve(struct output_file *file)
{
    struct stat status;
    if (file->path[0] == '\0') /* a temporary file beside it could be made, and not renamed */
        return -ENOENT;
    int length = snprintf(file->target, sizeof file->target, "%s", file->path);
    if (length >= (int)sizeof file->target)
        return -ENAMETOOLONG;
    bool exists = stat(file->path, &status) == 0;
    file->mode = exists ? status.st_mode & 0777 : 0;
    for (int links = 0;; links++) {
        file->descriptor = descriptor_named(file->target);
        bool ends = file->descriptor >= 0 || strncmp(file->target, "/proc/", 6) == 0;
        int result = ends ? 0 : follow_link(file->target);
        if (result <= 0) {
            file->through = ends || (exists && !S_ISREG(status.st_mode));
            if (exists && S_ISFIFO(status.st_mode)) /* opened anew, it is not O_NONBLOCK */
                file->descriptor = -1;
            return result;
        }
        if (links == LINKS_MAX)
            return -ELOOP;
    }
}

/* Returns a copy of the descriptor: its file goes on where it is, and a socket cannot be opened by
 * a path. Our own descriptors are closed on exec; only one that was inherited is meant. */
static int copy_descriptor(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0)
        return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    errno = EBADF;
    return -1;
}

/* Opens a FIFO without a reader with an error (ENXIO) instead of waiting. */
static int open_through(struct output_file *file)
{
    if (file->descriptor >= 0)
        return copy_descriptor(file->descriptor);
    int fd = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_APPEND);
    return fd;
}

/* Returns the mode that fopen() would give to a new file; mkostemp() sets 0600. */
static mode_t mode_of_new_file(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* NAME.XXXXXX, of which NAME_MAX leaves room for so much of the name. */
static int open_temporary(struct output_file *file)
{
    size_t folder = (size_t)(last_component(file->target) - file->target);
    int most = (int)folder + NAME_MAX - (int)strlen(".XXXXXX");
    int length =
        snprintf(file->temporary, sizeof file->temporary, "%.*s.XXXXXX", most, file->target);
    if (length >= (int)sizeof file->temporary) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(file->temporary, O_CLOEXEC);
    if (fd >= 0)
        fchmod(fd, file->mode != 0 ? file->mode : mode_of_new_file());
    return fd;
}

/* Opens the target itself where its folder takes no other file. Until the commit cuts it, it holds
 * its old bytes behind the new ones: a probe leaves them as they are. */
static int open_in_place(struct output_file *file)
{
    int errnum = errno;
    if (errnum != EACCES && errnum != EPERM && errnum != EROFS)
        return -1;
    int fd = open(file->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    file->in_place = fd >= 0;
    errno = errnum;
    return fd;
}

static int open_output(struct output_file *file)
{
    if (file->through)
        return open_through(file);
    int fd = open_temporary(file);
    return fd >= 0 ? fd : open_in_place(file);
}

static void remove_temporary(const struct output_file *file)
{
    if (!file->through && !file->in_place)
        unlink(file->temporary);
}

static int copy_bytes(int from, int to)
{
    char bytes[65536];
    ssize_t length;
    while ((length = read(from, bytes, sizeof bytes)) > 0) {
        for (ssize_t done = 0, n; done < length; done += n)
            if ((n = write(to, bytes + done, (size_t)(length - done))) < 0)
                return -errno;
    }
    return length < 0 ? -errno : 0;
}

/* Copies the temporary file into the target. Returns 0 or -errno. */
static int copy_to_target(struct output_file *file)
{
    int from = open(file->temporary, O_RDONLY | O_CLOEXEC);
    int to = from < 0 ? -1 : open(file->target, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
    int result = to < 0 ? -errno : copy_bytes(from, to);
    if (to >= 0 && close(to) != 0 && result == 0)
        result = -errno;
    file->is_cut = to >= 0 && result != 0;
    if (from >= 0)
        close(from);
    if (result == 0)
        unlink(file->temporary);
    return result;
}

/* A mount point cannot be replaced (EBUSY, rename(2)), as a file that a container is given; nor can
 * the file of another user in a folder with the sticky bit (EPERM). Returns 0 or -errno. */
static int put_in_place(struct output_file *file)
{
    if (file->through || file->in_place || rename(file->temporary, file->target) == 0)
        return 0;
    return errno == EBUSY || errno == EPERM ? copy_to_target(file) : -errno;
}

int output_file_open(
    struct output_file *file, const char *option, const char *path, struct err *err)
{
    *file = (struct output_file){.option = option, .path = path};
    int result = resolve(file);
    if (result != 0)
        return cannot_write(file, -result, err);
    int fd = open_output(file);
    if (fd < 0 && file->through && errno == ENXIO)
        return err_set(
            err, "cannot write %s %s: nobody reads it, open it for reading first", option, path);
    if (fd < 0)
        return cannot_write(file, errno, err);
    file->out = fdopen(fd, "w");
    if (file->out != NULL)
        return 0;
    int errnum = errno;
    close(fd);
    remove_temporary(file);
    return cannot_write(file, errnum, err);
}

/* Cuts a file that was written in place behind the new bytes. Returns 0 or -errno. */
static int cut_old_bytes(const struct output_file *file)
{
    if (!file->in_place)
        return 0;
    return fflush(file->out) == 0 && ftruncate(fileno(file->out), ftello(file->out)) == 0 ? 0
                                                                                          : -errno;
}

int output_file_commit(struct output_file *file, struct err *err)
{
    int result = ferror(file->out) != 0 ? -EIO : cut_old_bytes(file);
    if (fclose(file->out) != 0 && result == 0)
        result = -errno;
    if (result == 0)
        result = put_in_place(file);
    if (result == 0)
        return 0;
    if (file->is_cut)
        return err_set(err, "cannot write %s %s: %s; all of it is beside it, in %s", file->option,
            file->path, strerror(-result), last_component(file->temporary));
    remove_temporary(file);
    return cannot_write(file, -result, err);
}

void output_file_discard(struct output_file *file)
{
    fclose(file->out);
    remove_temporary(file);
}

/* A file that this process may not write can be replaced, in most folders. Where files can be made
 * beside it, only a mount point is read-only (EROFS). An immutable file (chattr(1)) can neither be
 * written nor replaced (EPERM). Returns 0, also if there is no file, or -errno. */
static int check_old_file(const struct output_file *file)
{
    if (file->through || access(file->target, W_OK) == 0 || errno == ENOENT)
        return 0;
    int result = -errno;
    bool is_fixed = result == -EROFS || result == -EPERM;
    return !is_fixed && replace_file_check(file->target) == 0 ? 0 : result;
}

int output_file_probe(const char *option, const char *path, struct err *err)
{
    struct output_file file = {.option = option, .path = path};
    struct stat status;
    int result = resolve(&file);
    if (result != 0)
        return cannot_write(&file, -result, err);
    /* A file that is written directly is not opened here: the reader of a FIFO would see an end. */
    if (file.descriptor < 0 && stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        if (S_ISDIR(status.st_mode))
            return cannot_write(&file, EISDIR, err);
        return access(path, W_OK) == 0 ? 0 : cannot_write(&file, errno, err);
    }
    if (output_file_open(&file, option, path, err) != 0)
        return -1;
    output_file_discard(&file);
    result = check_old_file(&file);
    return result == 0 ? 0 : cannot_write(&file, -result, err);
}
