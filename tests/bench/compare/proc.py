# SPDX-License-Identifier: MIT
"""What /proc says: of processes and all that came of them, of listening ports, of this machine."""

import datetime
import os
import pathlib
import platform
import re
import subprocess
from dataclasses import dataclass

CLOCK_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Of a process and its descendants, at one moment."""

    cpu_ns: int
    rss_bytes: int
    descriptors: int


def read(path: str) -> str:
    """The text of a file of /proc; empty if its process has ended."""
    try:
        return pathlib.Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    pids = [pid]
    for task in tasks(pid):
        for child in read(f"/proc/{pid}/task/{task}/children").split():
            pids += family(int(child))
    return pids


def tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return []


def ended_children_ns(pid: int) -> int:
    """CPU time of children that have ended, as proc(5) counts it: in clock ticks."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * CLOCK_TICK_NS if fields else 0


def running_ns(pid: int) -> int:
    """CPU time of the threads that live, in nanoseconds: the first number of schedstat."""
    texts = [read(f"/proc/{pid}/task/{task}/schedstat") for task in tasks(pid)]
    return sum(int(text.split()[0]) for text in texts if text)


def rss_bytes(pid: int) -> int:
    """smaps_rollup counts pages; the counters of statm lag behind."""
    found = re.search(r"^Rss: +(\d+) kB", read(f"/proc/{pid}/smaps_rollup"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return 0


def usage(root: int) -> Usage:
    pids = family(root)
    return Usage(
        cpu_ns=sum(running_ns(pid) + ended_children_ns(pid) for pid in pids),
        rss_bytes=sum(rss_bytes(pid) for pid in pids),
        descriptors=sum(descriptors(pid) for pid in pids),
    )


def listens(port: int) -> bool:
    """Looked up, not tried: a connection would be the proxy's first."""
    return re.search(rf"^ *\d+: [0-9A-F]+:{port:04X} \S+ 0A ", read("/proc/net/tcp"), re.M) is not None


def version(command: list[str]) -> str:
    """The first number with dots that the command prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+[^\s,)]*", done.stdout + done.stderr)
    return found[0] if found else "unknown"


def machine() -> dict[str, str]:
    model = re.search(r"^model name\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "kernel": platform.release(),
        "cpus": str(os.cpu_count()),
        "cpu": model[1] if model else platform.machine(),
        "load": read("/proc/loadavg").split()[0],
        "congestion": read("/proc/sys/net/ipv4/tcp_congestion_control").strip(),
    }
