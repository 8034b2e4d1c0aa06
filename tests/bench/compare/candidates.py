# SPDX-License-Identifier: MIT
"""The candidates, one row each, and how one is started: anew for every sample, on ports of its own,
so that no sample finds what an earlier one left (memory, connections in TIME_WAIT)."""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import proc

PEERS = pathlib.Path(__file__).parent.parent / "peers"
START_S = 10  # from fork to listening, at most
MANY = 9700  # connections that a proxy can hold with the 20,000 descriptors that scripts/bench allows


@dataclass(frozen=True)
class Candidate:
    name: str
    role: str  # direct; ours; variant: ours, configured otherwise; build: another of ours; peer
    config: str = ""  # a file of peers/
    command: tuple[str, ...] = ()  # the first word is looked up in the PATH
    version: tuple[str, ...] = ()  # prints it
    needs: str = ""  # a file without which it is not installed
    splice: bool = False
    connections: int = MANY  # the most that it is asked to hold

    def installed(self) -> bool:
        if self.needs and not os.path.exists(self.needs):
            return False
        return self.role == "direct" or shutil.which(self.command[0]) is not None


@dataclass(frozen=True)
class Running:
    pid: int  # 0: direct
    target: int  # port
    server: int  # port
    config: pathlib.Path
    output: pathlib.Path  # what it writes to stdout and stderr


OURS = ("rudeproxy", "-c", "${CONFIG}")
HAPROXY = ("haproxy", "-db", "-f", "${CONFIG}")
RENO = "setsockopt-listen=6:13:x72656e6f"  # socat's way to say it: level, option, bytes

CANDIDATES = (
    Candidate("direct", "direct"),
    Candidate("rudeproxy", "ours", "rudeproxy.ini", OURS, ("rudeproxy", "--version"), splice=True),
    Candidate("rudeproxy-copy", "variant", "rudeproxy-copy.ini", OURS),
    Candidate("rudeproxy-system", "variant", "rudeproxy-system.ini", OURS, splice=True),
    Candidate("rudeproxy-faults", "variant", "rudeproxy-faults.ini", OURS, splice=True),
    Candidate("rudeproxy-trigger", "variant", "rudeproxy-trigger.ini", OURS, splice=True),
    Candidate("rudeproxy-http", "variant", "rudeproxy-http.ini", OURS, splice=True),
    Candidate("rudeproxy-tls", "variant", "rudeproxy-tls.ini", OURS, splice=True),
    Candidate("rudeproxy-postgres", "variant", "rudeproxy-postgres.ini", OURS, splice=True),
    Candidate("rudeproxy-redis", "variant", "rudeproxy-redis.ini", OURS, splice=True),
    Candidate("haproxy", "peer", "haproxy.cfg", HAPROXY, ("haproxy", "-v")),
    Candidate("haproxy-splice", "peer", "haproxy-splice.cfg", HAPROXY, splice=True),
    Candidate(
        "nginx",
        "peer",
        "nginx.conf",
        ("nginx", "-e", "stderr", "-p", "${WORK}", "-c", "${CONFIG}"),
        ("nginx", "-v"),
        needs="/usr/lib/nginx/modules/ngx_stream_module.so",
    ),
    Candidate(
        "socat",
        "peer",
        command=(
            "socat",
            "-b1048576",
            "TCP4-LISTEN:${LISTEN},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=4096",
            "TCP4:127.0.0.1:${SERVER},nodelay",
        ),
        version=("socat", "-V"),
        connections=100,  # a process for each
    ),
    # With reno instead of the system's congestion control, by setsockopt(IPPROTO_TCP, TCP_CONGESTION) before
    # bind(): the other peers cannot choose.
    Candidate(
        "socat-reno",
        "peer",
        command=(
            "socat",
            "-b8388608",
            f"TCP4-LISTEN:${{LISTEN}},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=4096,{RENO}",
            f"TCP4:127.0.0.1:${{SERVER}},nodelay,{RENO}",
        ),
        connections=100,
    ),
    Candidate(
        "toxiproxy",
        "peer",
        "toxiproxy.json",
        ("toxiproxy-server", "-port", "${ADMIN}", "-config", "${CONFIG}"),
        ("toxiproxy-server", "-version"),
    ),
)


def another_build(name: str) -> Candidate:
    """A second rudeproxy, to compare two builds in one run."""
    return Candidate(name, "build", "rudeproxy.ini", OURS, ("rudeproxy", "--version"), splice=True)


def with_binary(candidate: Candidate, binary: str) -> Candidate:
    """Our own rows run that rudeproxy; it need not be in the PATH."""

    def put(words: tuple[str, ...]) -> tuple[str, ...]:
        return (binary, *words[1:]) if words[:1] == ("rudeproxy",) else words

    return replace(candidate, command=put(candidate.command), version=put(candidate.version))


def free_ports(n: int) -> list[int]:
    """Below the kernel's ephemeral ports, so that no connection takes one meanwhile."""
    ports: list[int] = []
    while len(ports) < n:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            if port not in ports and probe.connect_ex(("127.0.0.1", port)) != 0:
                ports.append(port)
    return ports


def fill_in(text: str, values: dict[str, str]) -> str:
    return string.Template(text).substitute(values)


def wait_until_listening(process: subprocess.Popen[bytes], port: int, errors: pathlib.Path) -> None:
    end = time.monotonic() + START_S
    while not proc.listens(port):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args}: does not listen\n{errors.read_text()}")
        time.sleep(0.005)


@contextlib.contextmanager
def start(candidate: Candidate) -> Iterator[Running]:
    """Runs it, until the block ends."""
    listen, server, admin = free_ports(3)
    if candidate.role == "direct":
        yield Running(0, server, server, pathlib.Path(), pathlib.Path())
        return
    with tempfile.TemporaryDirectory(prefix="rudeproxy-bench.") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755)  # nginx's worker is another user
        config = work / (candidate.config or "none")
        values = {
            "LISTEN": str(listen),
            "SERVER": str(server),
            "ADMIN": str(admin),
            "WORK": folder,
            "CONFIG": str(config),
        }
        if candidate.config:
            config.write_text(fill_in((PEERS / candidate.config).read_text(), values))
        command = [fill_in(word, values) for word in candidate.command]
        output = work / "output"
        with output.open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        try:
            wait_until_listening(process, listen, output)
            yield Running(process.pid, listen, server, config, output)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
