#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python3 status_line.py WANTED COMMAND ARGS...

Runs the command with a terminal as its stderr until WANTED (a regular expression) stands in what it prints there, sends
SIGTERM, and prints what came: "CLEAR" for each sequence that clears the line. WANTED "": until it says its seed."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

wanted = re.compile((sys.argv[1] or "seed").encode())
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
got = b""
told = False
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    if not told and wanted.search(got):
        if not sys.argv[1]:
            time.sleep(1.2)  # two status lines would have come by then
        child.send_signal(signal.SIGTERM)
        told = True
    if not select.select([ours], [], [], 0.1)[0]:
        continue
    try:
        piece = os.read(ours, 65536)
    except OSError:  # EIO: nobody has the terminal open any more
        break
    if not piece:
        break
    got += piece
child.wait(timeout=20)
sys.stdout.write(got.decode().replace("\r\x1b[K", "CLEAR").replace("\r\n", "\n"))
sys.exit(child.returncode if told else 70)
