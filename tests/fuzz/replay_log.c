/* SPDX-License-Identifier: MIT */
/* A log for `replay`, of any bytes: it is read or refused. */
#include "tests/fuzz/target.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/app/replay/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replay_log log;
    char path[64];
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), fd = memfd_create("log", MFD_CLOEXEC);
    fuzz_require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file in memory");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    dup2(fileno(fuzz_null()), STDERR_FILENO); /* it says what is wrong with each line */
    MAY_FAIL(replay_log_read(&log, path));
    dup2(saved, STDERR_FILENO);
    close(saved);
    replay_log_free(&log);
    close(fd);
    return 0;
}
