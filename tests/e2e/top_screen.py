#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python3 top_screen.py LINES COLUMNS COMMAND ARGS...

Runs the command with a terminal of this size as its stdout until it draws its second picture, and prints the first one:
"CUT" and "WRAP" for the sequences that switch the wrapping of long lines off and on, no colours."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

HOME = "\x1b[H\x1b[J"

ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", int(sys.argv[1]), int(sys.argv[2]), 0, 0))
child = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=theirs)
os.close(theirs)
got = b""
deadline = time.monotonic() + 60
while got.count(HOME.encode()) < 2 and time.monotonic() < deadline:
    if select.select([ours], [], [], 0.1)[0]:
        try:
            got += os.read(ours, 65536)
        except OSError:  # EIO: the command has ended
            break
child.terminate()
child.wait(timeout=20)
picture = got.decode().split(HOME)[1].replace("\r\n", "\n").replace("\x1b[?7l", "CUT").replace("\x1b[?7h", "WRAP")
sys.stdout.write(re.sub("\x1b\\[[0-9;]*m", "", picture))
