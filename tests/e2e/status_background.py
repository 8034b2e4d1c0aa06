#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python3 status_background.py COMMAND ARGS...

Runs the command in the background of an interactive shell, until two status lines would have come. Then brings it to
the foreground until one comes, and ends it with Ctrl-C."""
import os
import pty
import select
import shlex
import sys
import time

STATUS = b" connections in all"
shell, terminal = pty.fork()
if shell == 0:
    environment = dict(os.environ, TERM="xterm", HISTFILE="/dev/null", PS1="> ")
    os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
got = b""


def read_until(wanted, seconds):
    global got
    end = time.monotonic() + seconds
    while wanted not in got and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                got += os.read(terminal, 65536)
            except OSError:  # EIO: the shell has ended
                break
    return wanted in got


def finish(problem):
    os.write(terminal, b"\x03\nkill %1; wait; exit\n")
    read_until(b"(the end)", 20)  # which nobody says
    os.close(terminal)
    sys.exit(f"{problem}: {got.decode()}" if problem else 0)


os.write(terminal, b" ".join(shlex.quote(word).encode() for word in sys.argv[1:]) + b" &\n")
if not read_until(b": seed ", 60):
    finish("it does not start")
if read_until(STATUS, 1.2):
    finish("a status line in the background")
os.write(terminal, b"fg\n")
if not read_until(STATUS, 60):
    finish("no status line in the foreground")
os.write(terminal, b"\x03")
finish("" if read_until(b": summary", 60) else "it does not end")
