/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/app/sweep/child.h"
#include "proxy/base/hash.h"

_Static_assert(SWEEP_COMPARES_MAX <= 64, "job->unwritten has a bit for each file");

/* --- one file --- */

/* Not 0. Each write changes the ctime. A program may set the mtime, as `cp -p` does. */
static uint64_t stamp_of(const struct stat *info)
{
    const uint64_t facts[] = {(uint64_t)info->st_dev, (uint64_t)info->st_ino,
        (uint64_t)info->st_size, (uint64_t)info->st_ctim.tv_sec, (uint64_t)info->st_ctim.tv_nsec};
    return hash_bytes(HASH_BEGIN, facts, sizeof facts) | 1;
}

/* Returns a descriptor; -ENOENT: there is no file, or it has the stamp `before`; else -errno,
 * -EINVAL: it is not a regular file. */
static int open_compared(const char *path, uint64_t before)
{
    struct stat info;
    int errnum = 0;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* of a FIFO it would wait for a writer */
    if (fd < 0)
        return errno == ENOTDIR ? -ENOENT : -errno;
    if (fstat(fd, &info) != 0)
        errnum = errno;
    else if (!S_ISREG(info.st_mode))
        errnum = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    else if (stamp_of(&info) == before)
        errnum = ENOENT;
    if (errnum == 0)
        return fd;
    close(fd);
    return -errnum;
}

/* The file's bytes and their number. Closes `fd`. 0, or -errno. */
static int digest_bytes(int fd, uint64_t *digest)
{
    char block[16384];
    uint64_t size = 0;
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0) {
        *digest = hash_bytes(*digest, block, (size_t)n);
        size += (uint64_t)n;
    }
    int result = n < 0 ? -errno : 0;
    close(fd);
    *digest = hash_bytes(*digest, &size, sizeof size);
    return result;
}

static int fail(const struct sweep_job *job, const char *path, int errnum, struct err *err)
{
    return err_set(err, "run %05u: cannot compare %s: %s", job->run, path,
        errnum == EINVAL ? "it is not a regular file" : strerror(errnum));
}

/* --- what is compared --- */

static int digest_stdout(const struct sweep_runner *runner, struct sweep_job *job, struct err *err)
{
    char path[PATH_MAX + 16];
    sweep_child_path(runner, job->run, SWEEP_STDOUT, path, sizeof path);
    job->facts.output = HASH_BEGIN;
    int fd = open_compared(path, 0);
    int result = fd < 0 ? fd : digest_bytes(fd, &job->facts.output);
    return result == 0 ? 0 : fail(job, path, -result, err);
}

/* A file that is not there is another one than an empty file. */
static int digest_compared(struct sweep_runner *runner, struct sweep_job *job, size_t i,
    const struct sweep_stamps *before, struct err *err)
{
    const char *name = runner->options->compares[i];
    char folder[PATH_MAX + 16], path[2 * PATH_MAX];
    sweep_child_path(runner, job->run, "", folder, sizeof folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open_compared(path, 0);
    if (fd == -ENOENT) {
        fd = open_compared(name, before->stamps[i]);
        if (fd >= 0)
            runner->shared_file = name;
    }
    if (fd == -ENOENT) {
        job->unwritten |= UINT64_C(1) << i;
        job->facts.output = hash_bytes(job->facts.output, "-", 1);
        return 0;
    }
    int result = fd < 0 ? fd : digest_bytes(fd, &job->facts.output);
    if (result != 0 && job->observe)
        return fail(job, name, -result, err);
    if (result != 0) /* the fault made it so */
        job->facts.output = hash_bytes(job->facts.output, &result, sizeof result);
    return 0;
}

static uint64_t digest_upstream(const struct observation *seen, uint64_t digest)
{
    for (size_t i = 0; i < seen->count; i++) {
        const struct seen_connection *connection = &seen->connections[i];
        const uint64_t facts[] = {connection->proxy, connection->number, connection->sent_upstream};
        digest = hash_bytes(digest, facts, sizeof facts);
    }
    return digest;
}

void sweep_digest_remember(const struct sweep_options *options, struct sweep_stamps *before)
{
    struct stat info;
    for (size_t i = 0; i < options->compare_count; i++)
        before->stamps[i] = stat(options->compares[i], &info) == 0 ? stamp_of(&info) : 0;
}

int sweep_digest_output(struct sweep_runner *runner, struct sweep_job *job,
    const struct observation *seen, const struct sweep_stamps *before, struct err *err)
{
    const struct sweep_options *options = runner->options;
    if (digest_stdout(runner, job, err) != 0)
        return -1;
    for (size_t i = 0; i < options->compare_count; i++) {
        if (digest_compared(runner, job, i, before, err) != 0)
            return -1;
    }
    if (options->compare_upstream)
        job->facts.output = digest_upstream(seen, job->facts.output);
    return 0;
}
