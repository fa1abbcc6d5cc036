"""Asks the API of a running paper cluster everything that its OpenAPI document allows and much that
it does not (schemathesis), and has Prometheus's own tool look at the metrics, rules and scrapes.

    api_checks.py --supervisor PATH --config FILE [--examples N] [--promtool PATH]

Starts the cluster itself, on free ports and a state of its own; ends with status 1 when something
is found.
"""

import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

from paper_cluster import Cluster, Failed, stopped

MONITORING = pathlib.Path("deploy/prometheus")


def run(what, arguments, **options):
    result = subprocess.run(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    if result.returncode != 0:
        raise Failed(f"{what}:\n{result.stdout.decode(errors='replace')[-6000:]}")
    print(f"ok {what}", flush=True)
    return result.stdout.decode(errors="replace")


def ask_everything(address, token, examples):
    """Every operation but the stream, which never ends by itself."""
    schemathesis = pathlib.Path(sys.executable).parent / "schemathesis"
    said = run(
        "schemathesis finds nothing",
        [schemathesis, "run", f"{address}/openapi.json", "--url", address,
         "--header", f"Authorization: Bearer {token}", "--exclude-path", "/v1/stream",
         "--max-examples", str(examples), "--seed", "1", "--request-timeout", "10"],
        cwd=tempfile.mkdtemp(prefix="bw-api."))
    for line in said.splitlines():
        if "generated" in line or "Tested:" in line:
            print("   " + line.strip(), flush=True)


def check_monitoring(address, token, promtool, folder):
    request = urllib.request.Request(
        f"{address}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        metrics = answer.read()
    run("promtool accepts the metrics", [promtool, "check", "metrics"], input=metrics)
    rules = MONITORING / "bellwether.rules.yml"
    run("promtool accepts the alert rules", [promtool, "check", "rules", rules])
    # The shipped scrape reads its token from a file that only an installation has.
    shutil.copy(rules, folder)
    own = pathlib.Path(folder) / "bellwether.token"
    own.write_text(token)
    text = (MONITORING / "prometheus.yml").read_text()
    if "/etc/prometheus/bellwether.token" not in text:
        raise Failed("prometheus.yml names no file for the token")
    copy = pathlib.Path(folder) / "prometheus.yml"
    copy.write_text(text.replace("/etc/prometheus/bellwether.token", str(own)))
    run("promtool accepts the scrape", [promtool, "check", "config", copy])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supervisor", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--examples", type=int, default=10, help="how many for each operation")
    parser.add_argument("--promtool", help="without it the monitoring files are not looked at")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stopped)
    with tempfile.TemporaryDirectory(prefix="bw-api.") as folder:
        cluster = Cluster(options.supervisor, options.config, folder)
        try:
            address, token = cluster.start()
            address = address.rstrip("/")
            if options.promtool:
                check_monitoring(address, token, options.promtool, folder)
            ask_everything(address, token, options.examples)
        except Failed as failure:
            print(f"FAILED {failure}", file=sys.stderr)
            sys.exit(1)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
