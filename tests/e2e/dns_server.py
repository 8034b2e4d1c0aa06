#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A name server on 127.0.0.1:53 (UDP): the names given as arguments are 127.0.0.1, no other name exists.

With --gate FILE first, it answers nothing until FILE exists. It prints "ready", and "asked NAME" of each question."""
import os
import signal
import socket
import struct
import sys

ANSWERS, NO_ERROR, NO_NAME = 0x8180, 0, 3
A_RECORD = 1


def name_of(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), at + 1


def answer(query, names):
    name, end = name_of(query)
    (kind,) = struct.unpack("!H", query[end : end + 2])
    known = name in names
    records = 1 if known and kind == A_RECORD else 0
    head = struct.pack("!HHHHHH", *struct.unpack("!H", query[:2]), ANSWERS | (NO_ERROR if known else NO_NAME), 1, records, 0, 0)
    # The name is a pointer to the question's; the address lives for no time at all.
    record = struct.pack("!HHHIH", 0xC00C, A_RECORD, 1, 0, 4) + socket.inet_aton("127.0.0.1")
    return head + query[12 : end + 4] + record * records


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job of a shell ignores it
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    print("ready", flush=True)
    names, gate, unanswered = sys.argv[1:], None, []
    if names[:1] == ["--gate"]:
        gate, names = names[1], names[2:]
        server.settimeout(0.02)
    while True:
        try:
            unanswered.append(server.recvfrom(512))
            print("asked", name_of(unanswered[-1][0])[0], flush=True)
        except TimeoutError:
            pass
        while unanswered and (gate is None or os.path.exists(gate)):
            query, client = unanswered.pop(0)
            server.sendto(answer(query, names), client)


main()
