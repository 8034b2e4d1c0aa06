#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""exec_terminal.py RUDEPROXY FILE FOLDER - rudeproxy exec on a terminal, under a shell with job control, and under none.

The shell is this program: it starts a job in a group of its own, gives it the terminal and takes it back as bash does
(jobs.c, start_job). It prints what went wrong, and exits with 1."""
import os
import pty
import signal
import subprocess
import sys
import time

rudeproxy, config, folder = sys.argv[1:]

# It reads a word, stops itself where it is told to, and says what it knows by files.
COMMAND = """
echo $$ >pid
: >up
while :; do
    [ ! -e read ] || { rm read; read -r word; echo "$word" >got; }
    [ ! -e stop ] || { rm stop; kill -TSTP 0; : >resumed; }
    [ ! -e end ] || exit 6
    sleep 0.05
done
"""

# It dies while a child of its own has the terminal.
ABANDON = """
import os, signal
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
parent = os.getpid()
if os.fork() == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    os.kill(parent, signal.SIGKILL)
signal.pause()
"""


def job(*command):
    return [rudeproxy, "exec", "-c", config, "--", *command]


JOB = job("bash", "-c", COMMAND)  # dash would wait for a child that stopped before its exec (vfork)


class Wrong(Exception):
    pass


def await_that(what, condition):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise Wrong("not so after 20 s: " + what)
        time.sleep(0.05)


def put(name):
    open(name, "w").close()


def await_file(name):
    await_that("the command has " + name, lambda: os.path.exists(name))


started = []  # jobs of the shell


class Shell:
    """The leader of the session. It is not stopped by its terminal (SIGTTOU)."""

    def __init__(self, arguments=JOB, foreground=True):
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        self.group = os.getpgrp()
        self.job = os.fork()
        started.append(self.job)
        if self.job == 0:
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.setpgid(0, 0)
            await_that("the job has the terminal", lambda: not foreground or os.tcgetpgrp(0) == os.getpid())
            os.execvp(arguments[0], arguments)
        try:
            os.setpgid(self.job, self.job)
        except PermissionError:
            pass  # it was faster
        if foreground:
            os.tcsetpgrp(0, self.job)

    def await_job(self, what, is_so):
        """Until the job stops or ends."""
        found = []

        def has_changed():
            pid, status = os.waitpid(self.job, os.WUNTRACED | os.WNOHANG)
            found[:] = [status]
            return pid == self.job

        await_that(what, has_changed)
        if not is_so(found[0]):
            raise Wrong(f"{what}: status {found[0]:#x}")

    def await_stop(self):
        self.await_job("the job stops", os.WIFSTOPPED)

    def await_end(self):
        self.await_job("the job ends with 6", lambda status: os.WIFEXITED(status) and os.WEXITSTATUS(status) == 6)

    def await_read_in_background(self):
        await_file("up")
        put("read")
        self.await_stop()
        self.keeps_terminal()

    def stop_by_key(self):
        await_file("up")
        type_ahead(b"\x1a")  # Ctrl-Z
        self.await_stop()
        os.tcsetpgrp(0, self.group)

    def go_on(self, foreground, is_stopped=True):
        if foreground:
            os.tcsetpgrp(0, self.job)
        if is_stopped:  # bash sends no SIGCONT to a job that runs
            os.killpg(self.job, signal.SIGCONT)

    def keeps_terminal(self):
        if os.tcgetpgrp(0) != self.group:
            raise Wrong("the terminal was taken from the shell")


def type_ahead(text):
    """As a person does: the parent has the other end of the terminal."""
    os.write(TO_PARENT, text)


def answer():
    """The command reads a word from the terminal, and ends."""
    put("read")
    type_ahead(b"word\n")
    await_file("got")
    put("end")


def stop_and_foreground():
    shell = Shell()
    shell.stop_by_key()
    shell.go_on(foreground=True)
    answer()
    shell.await_end()


def ends_in_background():
    shell = Shell()
    shell.stop_by_key()
    shell.go_on(foreground=False)
    put("end")
    shell.await_end()
    shell.keeps_terminal()


def reads_in_background():
    shell = Shell()
    shell.stop_by_key()
    shell.go_on(foreground=False)
    put("read")
    shell.await_stop()
    shell.keeps_terminal()
    shell.go_on(foreground=True)
    type_ahead(b"word\n")
    await_file("got")
    put("end")
    shell.await_end()


def background_then_foreground():
    shell = Shell()
    shell.stop_by_key()
    shell.go_on(foreground=False)
    shell.go_on(foreground=True, is_stopped=False)
    answer()
    shell.await_end()


def begins_in_background():
    """`rudeproxy exec CMD &`, then `fg` when the command wants to read; from then on as any other job."""
    shell = Shell(foreground=False)
    shell.await_read_in_background()
    shell.go_on(foreground=True)
    type_ahead(b"word\n")
    await_file("got")
    shell.stop_by_key()
    shell.go_on(foreground=False)
    shell.go_on(foreground=True, is_stopped=False)
    put("end")
    shell.await_end()


def under_a_script(*command):
    """A script is no shell with job control: what it starts stays in its group."""
    return ["sh", "-c", '"$@"; exit $?', "script", *command]


def script_in_background():
    """`./script &`, then `fg` when the command of its rudeproxy wants to read."""
    shell = Shell(under_a_script(*JOB), foreground=False)
    shell.await_read_in_background()
    shell.go_on(foreground=True)
    type_ahead(b"word\n")
    await_file("got")
    put("end")
    shell.await_end()


def limit_in_background():
    """timeout(1) is not stopped when the command wants to read in the group that it has made, which is in the background."""
    put("read")
    shell = Shell(under_a_script("timeout", "2", *JOB))
    shell.await_job("the job ends with 124", lambda status: os.WIFEXITED(status) and os.WEXITSTATUS(status) == 124)


def limit_beside_a_further_stop():
    """The command goes on when timeout(1) ends us, reads, and stops once more before we have looked at the signal: its SIGTERM
    still ends the job. strace(1) makes each message between us and the command's parent slow."""
    if not can_trace():
        return
    slow = ["strace", "-f", "-qq", "-o", "trace", "-e", "trace=sendto", "-e", "inject=sendto:delay_exit=200000"]
    put("read")
    shell = Shell(under_a_script("timeout", "2", *slow, *JOB))
    shell.await_job("the job ends with 124", lambda status: os.WIFEXITED(status) and os.WEXITSTATUS(status) == 124)


def can_trace():
    try:
        return subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "inject=sendto:delay_exit=1", "true"]).returncode == 0
    except FileNotFoundError:
        return False


def state_of(pid):
    """The fields behind the name in /proc/PID/stat (proc(5))."""
    with open(f"/proc/{pid}/stat") as text:
        return text.read().rpartition(")")[2].split()


def has_gone(pid):
    try:
        return state_of(pid)[0] == "Z"
    except FileNotFoundError:
        return True


def cpu_ticks(pid):
    return sum(int(field) for field in state_of(pid)[11:13])


def shell_has_gone():
    """The group is orphaned when the command wants to read: nobody could continue it. The command stays stopped."""
    shell_pid = os.fork()
    if shell_pid == 0:
        os.setpgid(0, 0)
        with open("job", "w") as text:
            text.write(str(Shell(foreground=False).job))
        await_file("up")
        os._exit(0)
    os.waitpid(shell_pid, 0)
    await_file("up")
    with open("job") as text:
        job_pid = int(text.read())
    started.append(job_pid)
    with open("pid") as text:
        command = int(text.read())
    put("read")
    await_that("the command is stopped", lambda: state_of(command)[0] == "T")
    before = cpu_ticks(job_pid)
    time.sleep(1)  # what wakes again and again takes CPU time meanwhile
    spent = cpu_ticks(job_pid) - before
    if spent > 5 or state_of(command)[0] != "T":
        raise Wrong(f"{spent} ticks of CPU time in a second; the command's state is {state_of(command)[0]}")
    os.kill(job_pid, signal.SIGTERM)
    await_that("the job has gone", lambda: has_gone(job_pid))


def dies_beside_a_job_of_its_own():
    shell = Shell(job("python3", "-c", ABANDON))
    shell.await_job("the job ends with 137", lambda status: os.WIFEXITED(status) and os.WEXITSTATUS(status) == 137)
    if os.tcgetpgrp(0) != shell.job:
        raise Wrong(f"the terminal was not taken back: it is {os.tcgetpgrp(0)}'s, not {shell.job}'s")


def without_a_shell():
    """The job leads the session, as under ssh -t or script -c: nobody could continue it."""
    if os.fork() == 0:
        os.setpgid(0, 0)  # only the job may stop
        try:
            await_file("up")
            put("stop")
            await_file("resumed")
            answer()
        except Wrong as wrong:
            print(wrong, file=sys.stderr, flush=True)
            os.kill(os.getppid(), signal.SIGKILL)
        os._exit(0)
    os.execv(rudeproxy, JOB)


def run(case, wanted):
    """Runs a case in a session and on a terminal of its own."""
    global TO_PARENT
    place = os.path.join(folder, case.__name__)
    os.mkdir(place)
    from_child, TO_PARENT = os.pipe()
    errors = os.open(os.path.join(place, "errors"), os.O_WRONLY | os.O_CREAT)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place)
        os.dup2(errors, 2)
        try:
            case()
        except Wrong as wrong:
            os.write(2, f"{wrong}\n".encode())
            for pid in started:
                os.kill(pid, signal.SIGKILL)
            os._exit(1)
        os._exit(0)
    os.close(TO_PARENT)
    os.set_blocking(terminal, False)
    os.set_blocking(from_child, False)
    end = time.monotonic() + 60
    while True:
        for source in terminal, from_child:
            try:
                data = os.read(source, 4096)
                if source == from_child and data:
                    os.write(terminal, data)
            except (BlockingIOError, OSError):
                pass
        done, status = os.waitpid(pid, os.WNOHANG)
        if done == pid:
            break
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    os.close(terminal)
    os.close(from_child)
    os.close(errors)
    if os.waitstatus_to_exitcode(status) == wanted:
        return True
    with open(os.path.join(place, "errors")) as text:
        print(f"{case.__name__}: status {status:#x}: {text.read()}")
    return False


cases = [
    (stop_and_foreground, 0),
    (ends_in_background, 0),
    (reads_in_background, 0),
    (background_then_foreground, 0),
    (begins_in_background, 0),
    (script_in_background, 0),
    (limit_in_background, 0),
    (limit_beside_a_further_stop, 0),
    (shell_has_gone, 0),
    (dies_beside_a_job_of_its_own, 0),
    (without_a_shell, 6),
]
results = [run(case, wanted) for case, wanted in cases]
sys.exit(0 if all(results) else 1)
