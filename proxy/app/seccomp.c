/* SPDX-License-Identifier: MIT */
#include "proxy/app/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
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
#endif

#define X32_BIT 0x40000000 /* no other architecture has numbers as high */

/* LeakSanitizer stops the other threads with ptrace() when the program ends. */
#ifdef RUDEPROXY_SANITIZED
#define UNDER_SANITIZER true
#else
#define UNDER_SANITIZER false
#endif

/* The flags of clone(2), of which the low half of the argument has all. */
#ifdef __s390x__
#define CLONE_FLAGS (offsetof(struct seccomp_data, args[1]) + 4)
#else
#define CLONE_FLAGS offsetof(struct seccomp_data, args[0])
#endif
#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
        CLONE_NEWNET)

#define REFUSE_AS(call, errnum)                                                                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                         \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (errnum))
#define REFUSE(call) REFUSE_AS(call, EPERM)

/* A call of another architecture (32 bits, say) has other numbers: it is refused whatever it is.
 * x32 is no architecture of its own: its calls have a bit more (syscall(2)). */
#ifdef ARCHITECTURE /* others have other calls: no filter */
static struct sock_filter steps[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    REFUSE(execve),
    REFUSE(execveat),
    REFUSE(ptrace),
    REFUSE(process_vm_readv),
    REFUSE(process_vm_writev),
    REFUSE(mount),
    REFUSE(umount2),
    REFUSE(open_tree),
    REFUSE(move_mount),
    REFUSE(fsopen),
    REFUSE(fsmount),
    REFUSE(fspick),
    REFUSE(pivot_root),
    REFUSE(chroot),
    REFUSE(setns),
    REFUSE(unshare),
    REFUSE(init_module),
    REFUSE(finit_module),
    REFUSE(delete_module),
    REFUSE(kexec_load),
    REFUSE(kexec_file_load),
    REFUSE(bpf),
    REFUSE(perf_event_open),
    REFUSE(add_key),
    REFUSE(keyctl),
    REFUSE(request_key),
    REFUSE(userfaultfd),
    REFUSE(reboot),
    REFUSE(open_by_handle_at),
    REFUSE(pidfd_getfd),
    /* Its flags are in memory, where a filter cannot look. The C library then calls clone. */
    REFUSE_AS(clone3, ENOSYS),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CLONE_FLAGS),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static bool set_filter(void)
{
    const struct sock_fprog program = {.len = sizeof steps / sizeof steps[0], .filter = steps};
    /* Without it only root may set a filter (seccomp(2)). */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}
#else
static bool set_filter(void)
{
    return false;
}
#endif

bool seccomp_enter(const struct settings *settings)
{
    return settings->sandbox != SANDBOX_OFF && !UNDER_SANITIZER && set_filter();
}
