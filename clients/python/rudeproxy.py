# SPDX-License-Identifier: MIT
"""Starts rudeproxy for a test and drives it by its API. One file without dependencies: copy it into your tests.

    with Rudeproxy() as rude:
        address = rude.add_proxy("db", "127.0.0.1:5432")
        rude.add_fault("db", type="reset", when="bytes:1k", name="cut")
        ...
        assert rude.fired("cut") == 1

Under pytest the fixture `rudeproxy` is a fresh one for each test:  from rudeproxy import rudeproxy
The process ends with the one that started it, however that ends.
"""
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request


class RudeproxyError(Exception):
    """What the program or its API refused, in its own words."""


class Rudeproxy:
    """A running rudeproxy. `program`: default RUDEPROXY of the environment, or `rudeproxy` on the PATH."""

    def __init__(self, program=None, config=None, arguments=()):
        words = [program or os.environ.get("RUDEPROXY") or "rudeproxy", "serve", "-host", "127.0.0.1", "-port", "0"]
        words += ["--die-with-parent", "--quiet", "--log", "none", "--ready-fd", "1", "--ready-format", "json"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("RUDEPROXY_")}
        if config is not None:
            environment["RUDEPROXY_CONFIG"] = str(config)
        self.process = subprocess.Popen(
            words + list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
        )
        line = self.process.stdout.readline()
        if not line:
            raise RudeproxyError(f"rudeproxy ended with {self.stop()}: see its stderr")
        ready = json.loads(line)
        self.api = "http://" + ready["admin"]["address"]
        self._addresses = {name: proxy["address"] for name, proxy in ready["proxies"].items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stops it and returns its exit status. Open connections are reset after half a second. May be called twice."""
        try:
            for _ in range(20):  # the second signal ends the wait for open connections
                self.process.terminate()
                try:
                    return self.process.wait(0.5)
                except subprocess.TimeoutExpired:
                    pass
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stdout.close()

    def call(self, method, path, body=None):
        """One call of the API: its answer as a value of JSON, None if it has none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RudeproxyError(json.loads(error.read())["error"]) from None
        return json.loads(text) if text else None

    def add_proxy(self, name, upstream, **keys):
        """A proxy on a free port; returns its address, "127.0.0.1:PORT". `keys` as in a [proxy] section."""
        body = {"name": name, "upstream": upstream, "listen": "127.0.0.1:0", **keys}
        self._addresses[name] = self.call("POST", "/v1/proxies", body)["listen"]
        return self._addresses[name]

    def address(self, name):
        """Where the proxy `name` listens."""
        return self._addresses[name]

    def add_fault(self, proxy, type, name=None, **keys):
        """A fault with the keys of a [fault] section, for open connections too. Returns its name."""
        body = {"type": type, **keys}
        if name is not None:
            body["name"] = name
        return self.call("POST", f"/v1/proxies/{_quote(proxy)}/faults", body)["name"]

    def remove_fault(self, proxy, name):
        self.call("DELETE", f"/v1/proxies/{_quote(proxy)}/faults/{_quote(name)}")

    def fired(self, name):
        """In how many connections the fault has fired, over all proxies that have one of this name."""
        counts, of_file = [], 0
        for proxy in self.call("GET", "/v1/proxies")["proxies"]:
            for fault in self.call("GET", f"/v1/proxies/{_quote(proxy['name'])}/faults")["faults"]:
                if fault["name"] == name and fault["origin"] == "file":
                    of_file = fault["fired"]  # one count, which each of its proxies has
                elif fault["name"] == name:
                    counts.append(fault["fired"])
        return of_file + sum(counts)

    def events(self):
        """The last events, oldest first."""
        request = urllib.request.Request(self.api + "/v1/events?follow=no")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]

    def report(self):
        """What the run has come to so far."""
        return self.call("GET", "/v1/report")


def _quote(name):
    return urllib.parse.quote(name, safe="")


try:
    import pytest
except ImportError:
    pass
else:

    @pytest.fixture
    def rudeproxy():
        """A rudeproxy of its own for each test."""
        with Rudeproxy() as rude:
            yield rude
