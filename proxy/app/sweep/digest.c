/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/digest.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "proxy/app/sweep/child.h"
#include "proxy/base/hash.h"

/* The file's bytes and their number; a file that is not there is another one than an empty file. */
static uint64_t digest_file(uint64_t digest, const char *path)
{
    char block[16384];
    uint64_t size = 0;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hash_bytes(digest, "-", 1);
    while ((n = read(fd, block, sizeof block)) > 0) {
        digest = hash_bytes(digest, block, (size_t)n);
        size += (uint64_t)n;
    }
    close(fd);
    return hash_bytes(digest, &size, sizeof size);
}

/* A file to compare is in the run's folder, or else where its name says. */
static uint64_t digest_compared(
    const struct sweep_runner *runner, unsigned run, const char *name, uint64_t digest)
{
    char folder[PATH_MAX + 16], path[2 * PATH_MAX];
    sweep_child_path(runner, run, "", folder, sizeof folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return digest_file(digest, access(path, F_OK) == 0 ? path : name);
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

uint64_t sweep_digest_output(
    const struct sweep_runner *runner, const struct sweep_job *job, const struct observation *seen)
{
    const struct sweep_options *options = runner->options;
    char path[PATH_MAX + 16];
    uint64_t digest = digest_file(
        HASH_BEGIN, sweep_child_path(runner, job->run, SWEEP_STDOUT, path, sizeof path));
    for (size_t i = 0; i < options->compare_count; i++)
        digest = digest_compared(runner, job->run, options->compares[i], digest);
    return options->compare_upstream ? digest_upstream(seen, digest) : digest;
}
