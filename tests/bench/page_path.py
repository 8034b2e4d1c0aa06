#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/bench/page_path.py RUDEPROXY BENCH_LOAD [ROUNDS] [CONNECTIONS]

How much the requests of the page slow the data path: echoes of 100 bytes, one at a time, through a proxy beside one with
many open connections and 100 events a second. Short windows without and with the requests (page_requests.mjs) alternate.
The requests are made at a low priority: how much of a CPU a browser takes is not the question.
Prints the median over the windows of each figure, and the ratio."""
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

rudeproxy, load = sys.argv[1:3]
rounds, connections = (sys.argv[3:] + ["25", "5000"][len(sys.argv) - 3:])[:2]
WINDOW_S = 1.2  # the page asks once a second
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


server = f"127.0.0.1:{unused_port()}"
folder = tempfile.mkdtemp()
with open(folder + "/page.ini", "w", encoding="utf-8") as ini:
    ini.write(f"[rudeproxy]\nadmin = 127.0.0.1:0\nlog = none\n"
              f"[proxy many]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"
              f"[proxy load]\nlisten = 127.0.0.1:0\nupstream = {server}\n")
ready = folder + "/ready"
proxy = subprocess.Popen([rudeproxy, "-c", folder + "/page.ini", "--quiet", "--ready-file", ready])
while not os.path.exists(ready):
    time.sleep(0.05)
with open(ready, encoding="utf-8") as lines:
    at = dict(line.split() for line in lines)
requests = subprocess.Popen(
    ["chrt", "-o", "0", "nice", "-n", "15", "node", os.path.dirname(os.path.abspath(__file__)) + "/page_requests.mjs", "http://" + at["@admin"], "many",
     at["many"].rsplit(":", 1)[1], connections], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)


answered = []  # at the begin of each window


def window(state):
    requests.stdin.write(state + "\n")
    requests.stdin.flush()
    word, answers = requests.stdout.readline().split()
    assert word == state
    answered.append(int(answers))
    out = subprocess.run([load, "requests", "--server", server, "--target", at["load"], "--bytes", "100", "--seconds",
                          str(WINDOW_S)], check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


figures = {"off": [], "on": []}
for i in range(int(rounds)):
    for state in ("off", "on") if i % 2 == 0 else ("on", "off"):
        figures[state].append(window(state))
window("off")
requests.stdin.close()
requests.wait()
proxy.terminate()
proxy.wait()
print(f"{connections} connections, {rounds} windows each, load average {os.getloadavg()[0]:.1f}; "
      f"{answered[-1] / len(figures['on']):.0f} answers in a window with")
for key in ("p50_us", "p99_us", "p999_us"):
    off, on = (sorted(figure[key] for figure in figures[state]) for state in ("off", "on"))
    quarter = len(off) // 4
    print(f"{key}: {statistics.median(off):.1f} without (quartiles {off[quarter]:.1f} to {off[-1 - quarter]:.1f}), "
          f"{statistics.median(on):.1f} with ({on[quarter]:.1f} to {on[-1 - quarter]:.1f}), "
          f"ratio {statistics.median(on) / statistics.median(off):.2f}")
