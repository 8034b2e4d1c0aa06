/* SPDX-License-Identifier: MIT */
#include "proxy/app/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The filter looks at numbers of system calls, which each architecture has of its own. */
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#else
#define ARCHITECTURE 0 /* not known: no filter */
#endif

/* LeakSanitizer stops the other threads with ptrace() when the program ends. */
#ifdef RUDEPROXY_SANITIZED
#define UNDER_SANITIZER true
#else
#define UNDER_SANITIZER false
#endif

#define REFUSE(call)                                                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                         \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* A call of another architecture (32 bits, say) has other numbers: it is refused whatever it is. */
static struct sock_filter steps[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    REFUSE(execve),
    REFUSE(execveat),
    REFUSE(ptrace),
    REFUSE(process_vm_readv),
    REFUSE(process_vm_writev),
    REFUSE(mount),
    REFUSE(umount2),
    REFUSE(pivot_root),
    REFUSE(chroot),
    REFUSE(setns),
    REFUSE(unshare),
    REFUSE(init_module),
    REFUSE(finit_module),
    REFUSE(delete_module),
    REFUSE(kexec_load),
    REFUSE(bpf),
    REFUSE(perf_event_open),
    REFUSE(add_key),
    REFUSE(keyctl),
    REFUSE(request_key),
    REFUSE(userfaultfd),
    REFUSE(reboot),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

bool seccomp_enter(const struct settings *settings)
{
    const struct sock_fprog program = {.len = sizeof steps / sizeof steps[0], .filter = steps};
    if (settings->sandbox == SANDBOX_OFF || ARCHITECTURE == 0 || UNDER_SANITIZER)
        return false;
    /* Without it only root may set a filter (seccomp(2)). */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}
