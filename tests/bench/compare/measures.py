# SPDX-License-Identifier: MIT
"""What is measured, one row each, and how one sample of it is taken from one candidate."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import load
import proc
from candidates import PEERS, Candidate, Running, start

Sample = dict[str, float]

RELOAD_S = 20  # from a signal to the line that tells of it, at most


@dataclass(frozen=True)
class Metric:
    title: str
    digits: int
    more_is_better: bool


METRICS = {
    "rate_mb": Metric("MB/s", 0, True),
    "cpu_gb": Metric("CPU s per GB", 3, False),
    "rate": Metric("per second", 0, True),
    "p50_us": Metric("p50 µs", 1, False),
    "p99_us": Metric("p99 µs", 1, False),
    "p999_us": Metric("p99.9 µs", 1, False),
    "cpu_100k": Metric("CPU s per 100,000", 3, False),
    "rss_kb": Metric("RSS kB per idle connection", 2, False),
    "descriptors": Metric("descriptors per idle connection", 2, False),
    "rate_kept": Metric("rate with idle / with none", 3, True),
    "calls": Metric("system calls per connection", 2, False),
    "quiet_ms": Metric("longest without, ms", 2, False),
    "pause_ms": Metric("longest with, ms", 2, False),
}


@dataclass(frozen=True)
class Scale:
    """How large a run is."""

    program: pathlib.Path  # bench_load
    rounds: int
    close_rounds: int  # of measures that are close
    seconds: float  # of a sample
    warm_up: float
    idle: int  # connections
    traced: int  # connections under strace
    reloads: int


Take = Callable[[Scale, Candidate], Sample]


@dataclass(frozen=True)
class Measure:
    name: str
    title: str
    take: Take
    metrics: tuple[str, ...]
    connections: int = 1  # that a candidate must be able to hold
    variants: tuple[str, ...] = ()  # those of ours that are measured too
    peers: bool = True  # are peers and the direct connection measured?
    once: bool = False  # one round says all
    close: bool = False  # a goal is within a few per cent of what is usual: it takes more rounds
    needs: str = ""  # a command without which it is left out

    def rounds(self, scale: Scale) -> int:
        return 1 if self.once else scale.close_rounds if self.close else scale.rounds


# --- Streams and messages ---


def stream(connections: int, direction: str, content: str = "none") -> Take:
    def take(scale: Scale, candidate: Candidate) -> Sample:
        with start(candidate) as running:
            given = timed(scale) | {"connections": connections, "direction": direction, "content": content}
            steps = load.run(scale.program, "stream", running, given)
        done = steps["done"]
        cpu_ns = done.usage.cpu_ns - steps["ready"].usage.cpu_ns
        return {
            "rate_mb": done.figures["rate"] / 1e6,
            "cpu_gb": cpu_ns / max(done.figures["bytes"], 1),
        }

    return take


def messages(mode: str, connections: int, size: int, content: str = "none") -> Take:
    def take(scale: Scale, candidate: Candidate) -> Sample:
        with start(candidate) as running:
            given = timed(scale) | {"connections": connections, "bytes": size, "content": content}
            steps = load.run(scale.program, mode, running, given)
        done = steps["done"]
        cpu_ns = done.usage.cpu_ns - steps["ready"].usage.cpu_ns
        return done.figures | {"cpu_100k": cpu_ns / 1e9 / done.figures["count"] * 1e5}

    return take


def timed(scale: Scale) -> dict[str, object]:
    return {"seconds": scale.seconds, "warm_up": scale.warm_up}


# --- Idle connections and reloads ---


def idle(scale: Scale, candidate: Candidate) -> Sample:
    given = timed(scale) | {"connections": 64, "idle": scale.idle}
    with start(candidate) as running:
        steps = load.run(scale.program, "requests", running, given)
    before, after = steps["done"].usage, steps["idle"].usage
    return {
        "rss_kb": (after.rss_bytes - before.rss_bytes) / 1024 / scale.idle,
        "descriptors": (after.descriptors - before.descriptors) / scale.idle,
        "rate_kept": steps["done_idle"].figures["rate"] / steps["done"].figures["rate"],
    }


def reload(scale: Scale, candidate: Candidate) -> Sample:
    """The longest exchange on one connection beside the idle ones, with reloads and without."""
    return {"quiet_ms": longest_ms(scale, candidate, 0), "pause_ms": longest_ms(scale, candidate, scale.reloads)}


def longest_ms(scale: Scale, candidate: Candidate, reloads: int) -> float:
    given = timed(scale) | {"connections": 1, "idle": scale.idle}
    with start(candidate) as running:
        hups = threading.Thread(target=send_reloads, args=(running, reloads, scale.seconds))
        steps = load.run(
            scale.program, "requests", running, given, lambda name: hups.start() if name == "idle" else None
        )
        hups.join()
        done = reloads_done(running)
    if done != reloads:
        raise RuntimeError(f"{done} reloads instead of {reloads}")
    return steps["done_idle"].figures["longest_us"] / 1e3


def reloads_done(running: Running) -> int:
    return running.output.read_text().count("rudeproxy: reloaded")


def send_reloads(running: Running, reloads: int, seconds: float) -> None:
    """Spread over the window; every other one brings ten faults, or takes them away. Each is waited for:
    signals that come together are one."""
    faults = (PEERS / "rudeproxy-faults.ini").read_text()
    without = running.config.read_text()
    texts = (without + faults[faults.index("[fault") :], without)
    for i in range(reloads):
        time.sleep(seconds / (reloads + 2))
        running.config.write_text(texts[i % 2])
        os.kill(running.pid, signal.SIGHUP)
        end = time.monotonic() + RELOAD_S
        while reloads_done(running) <= i and time.monotonic() < end:
            time.sleep(0.005)


# --- System calls ---


def calls(connections: int) -> Take:
    """strace -c over connections, so many at a time, one byte each way; also every call by name."""

    def take(scale: Scale, candidate: Candidate) -> Sample:
        with start(candidate) as running, tempfile.NamedTemporaryFile("r") as table:
            with contextlib.ExitStack() as stack:

                def on_step(name: str) -> None:
                    if name == "ready":
                        stack.enter_context(traced(running.pid, table.name))
                    else:
                        stack.close()

                given = {"connections": connections, "bytes": 1, "count": scale.traced}
                load.run(scale.program, "connects", running, given, on_step)
            counts = {name: int(n) / scale.traced for n, name in re.findall(STRACE_ROW, table.read(), re.M)}
        return {"calls": counts.pop("total")} | {f"calls {name}": n for name, n in counts.items()}

    return take


# "% time, seconds, usecs/call, calls, errors, syscall"; the line of the total has no usecs/call in
# some versions.
STRACE_ROW = r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$"


@contextlib.contextmanager
def traced(pid: int, table: str) -> Iterator[None]:
    pids = [f"--attach={pid}" for pid in proc.family(pid)]
    strace = subprocess.Popen(["strace", "-f", "-q", "-c", "-o", table, *pids])
    while any("TracerPid:\t0\n" in proc.read(f"/proc/{pid}/status") for pid in proc.family(pid)):
        if strace.poll() is not None:
            raise RuntimeError("strace cannot attach itself")
        time.sleep(0.01)
    try:
        yield
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait()


# --- The table ---

STREAM = ("rate_mb", "cpu_gb")
MESSAGE = ("rate", "p50_us", "p99_us", "p999_us", "cpu_100k")
# The proxy is told the protocol; nothing else differs from `rudeproxy`.
PROTOCOLS = {name: f"rudeproxy-{name}" for name in ("http", "tls", "postgres", "redis")}
COPY, SYSTEM, FAULTS, TRIGGER = "rudeproxy-copy", "rudeproxy-system", "rudeproxy-faults", "rudeproxy-trigger"

MEASURES = (
    Measure("stream-1", "One stream", stream(1, "down"), STREAM, variants=(COPY, SYSTEM, FAULTS, TRIGGER), close=True),
    Measure("stream-16", "16 streams", stream(16, "down"), STREAM, 16),
    Measure("duplex-1", "One stream, both directions at once", stream(1, "both"), STREAM),
    Measure("duplex-16", "16 streams, both directions at once", stream(16, "both"), STREAM, 16),
    *(
        Measure(
            f"requests-{n}-{size}",
            f"Requests and responses of {size} bytes, {n} connection{'s' if n > 1 else ''}",
            messages("requests", n, size),
            MESSAGE,
            n,
            variants=(FAULTS,) if (n, size) == (64, 64) else (),
            close=size == 64,
        )
        for size in (64, 4096)
        for n in (1, 64, 1000)
    ),
    Measure("connects", "Connections, 16 at a time", messages("connects", 16, 1), MESSAGE, 16, close=True),
    *(
        Measure(
            f"protocol-{name}",
            f"protocol = {name}: {title}",
            take,
            metrics,
            variants=(PROTOCOLS[name],),
            peers=False,
            close=True,
        )
        for name, title, take, metrics in (
            ("http", "one body with Content-Length", stream(1, "down", "http"), STREAM),
            ("tls", "records of 16 kB", stream(1, "down", "tls"), STREAM),
            ("postgres", "rows of 100 bytes", stream(1, "down", "postgres"), STREAM),
            ("redis", "requests and responses of 64 bytes", messages("requests", 1, 64, "redis"), MESSAGE),
        )
    ),
    Measure("idle", "Idle connections", idle, ("rss_kb", "descriptors", "rate_kept"), 9064),
    Measure("calls", "System calls, one byte each way", calls(1), ("calls",), once=True, needs="strace"),
    Measure("calls-16", "System calls, 16 at a time", calls(16), ("calls",), 16, once=True, needs="strace"),
    Measure("reload", "Reload with idle connections", reload, ("quiet_ms", "pause_ms"), 9001, peers=False),
)
