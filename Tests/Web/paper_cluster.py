"""A paper cluster of its own for checks from outside: free ports, a state of its own."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

PATIENCE = 60


class Failed(Exception):
    pass


def stopped(number, frame):
    raise Failed(f"stopped by signal {number}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise Failed(f"not within {patience} s: {what}")


class Cluster:
    """A paper cluster, started by `supervisor up`."""

    def __init__(self, supervisor, config, folder):
        self.supervisor, self.folder = supervisor, folder
        self.state = folder + "/state"
        self.config = folder + "/cluster.yaml"
        self.port = free_port()
        text = pathlib.Path(config).read_text()
        for old, new in (("127.0.0.1:8701", f"127.0.0.1:{free_port()}"),
                         ("127.0.0.1:8800", f"127.0.0.1:{self.port}")):
            if old not in text:
                raise Failed(f"{config} has no {old}")
            text = text.replace(old, new)
        # Somebody is told, so that there are alerts to look after.
        address = f'http: "127.0.0.1:{self.port}"'
        told = "alerts: { channels: [ { name: desk, kind: command, command: /bin/true } ] }"
        text = text.replace(address, f"{address}, {told}")
        pathlib.Path(self.config).write_text(text)
        self.process = None

    def start(self):
        self.log = open(self.folder + "/up.log", "ab")
        self.process = subprocess.Popen(
            [self.supervisor, "up", "--config", self.config, "--state", self.state,
             "--speed", "60", "--fresh"],
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        return wait_for("the dashboard's address", self.address)

    def address(self):
        if self.process.poll() is not None:
            raise Failed(f"the cluster ended with {self.process.returncode}: {self.said()}")
        found = re.findall(r"dashboard (http://\S+)#(\S+)", self.said())
        return found[-1] if found else None

    def said(self):
        return pathlib.Path(self.folder + "/up.log").read_text()[-4000:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
