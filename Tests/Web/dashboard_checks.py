"""Looks at the dashboard of a running paper cluster in a real browser, as an operator would.

    dashboard_checks.py --supervisor PATH --config FILE [--images FOLDER]

Starts the cluster itself, on free ports and a state of its own. Every check prints a line; the
first that fails ends the run with status 1 and a picture of the page.
"""

import argparse
import importlib.util
import os
import pathlib
import re
import signal
import sys
import tempfile
import time
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from paper_cluster import PATIENCE, Cluster, Failed, stopped, wait_for

AXE = pathlib.Path(importlib.util.find_spec("axe_core_python").origin).parent / "axe.min.js"


class Page:
    """The dashboard in Chromium."""

    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--disable-gpu", "--window-size=1280,1600", "--hide-scrollbars"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(PATIENCE)
        self.driver.set_script_timeout(PATIENCE)

    def open(self, url):
        self.driver.get("about:blank")
        self.driver.get(url)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def press(self, key):
        ActionChains(self.driver).send_keys(key).perform()

    def is_open(self, selector):
        return self.run("return document.querySelector(arguments[0]).open", selector)

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})

    def size(self, width, height, is_phone=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone})

    def picture(self, path):
        self.driver.save_screenshot(path)

    def errors(self):
        """What the console has said since it was last asked, without lost connections."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "ERR_CONNECTION" not in entry["message"]
                and "net::ERR_" not in entry["message"]]

    def violations(self):
        self.run(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']})"
            ".then(done, (e) => done({error: `${e}`}));")
        if "error" in found:
            raise Failed(f"axe: {found['error']}")
        return [f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
                for one in found["violations"] for node in one["nodes"]]


class Checks:
    def __init__(self, cluster, images):
        self.cluster, self.images = cluster, images
        self.count = 0
        self.page = Page()

    def say(self, what):
        self.count += 1
        print(f"ok {what}", flush=True)

    def expect(self, condition, what):
        if not condition:
            raise Failed(what)
        self.say(what)

    def keep(self, name):
        if self.images:
            self.page.picture(f"{self.images}/{name}.png")

    def run(self):
        page = self.page
        base, token = self.cluster.start()
        self.headers(base)

        page.open(base)
        wait_for("the request for a token", lambda: page.is_open("#sign-in"))
        self.say("without a token the page asks for one")
        page.open(f"{base}#{token}")
        wait_for("live", lambda: page.text("#freshness") == "live")
        wait_for("PAPER in the banner", lambda: page.text("#mode") == "PAPER")
        self.say("the banner says PAPER")
        self.expect("profit is no evidence" in page.text("#mode-note"),
                    "the banner says that counterparties are simulated")
        self.expect("#" not in page.driver.current_url and token not in page.driver.current_url,
                    "the token leaves the address")
        wait_for("markets", lambda: len(page.run(
            "return [...document.querySelectorAll('#markets tbody th')]")) > 0)
        self.say("the market table has rows")

        self.updates()
        self.explanation()
        self.keyboard()
        self.steering()
        self.looks()
        self.quiet()
        self.reconnect(token)
        self.quiet()
        print(f"{self.count} passed, 0 failed")

    def headers(self, base):
        with urllib.request.urlopen(base, timeout=PATIENCE) as answer:
            policy = answer.headers["Content-Security-Policy"]
        self.expect("script-src 'self'" in policy and "unsafe" not in policy,
                    "the policy allows no inline script")

    def updates(self):
        page = self.page
        first = wait_for("an order", lambda: self.newest())
        wait_for("a newer order", lambda: (self.newest() or 0) > first)
        self.say("decisions come in by themselves")
        clock = page.text("#clock")
        wait_for("a later market time", lambda: page.text("#clock") != clock)
        self.say("the market's clock moves")
        wait_for("a fill", lambda: page.run(
            "return [...document.querySelectorAll('#feed td.good')].length") > 0)
        self.say("a fill is shown")

    def newest(self):
        number = self.page.run(
            "const b = document.querySelector('#feed tbody button.link');"
            "return b ? Number(b.textContent) : null")
        return number

    def explanation(self):
        page = self.page
        page.run("document.querySelector('#feed tbody button.link').click()")
        wait_for("the explanation", lambda: page.is_open("#explain")
                 and "fair value" in page.text("#explain-body").lower())
        text = page.text("#explain-body").lower()
        for word in ("signal", "model", "edge", "limit"):
            self.expect(word in text, f"the explanation names the {word}")
        self.axe("the explanation")
        self.keep("explanation")
        page.press(Keys.ESCAPE)
        wait_for("the dialog's end", lambda: not page.is_open("#explain"))
        self.say("Escape closes it")

    def keyboard(self):
        page = self.page
        page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
        page.press(Keys.TAB)
        first = page.run("return document.activeElement.textContent")
        self.expect(first == "Skip to the content", "the first tab stop skips to the content")
        reached = set()
        for _ in range(12):
            page.press(Keys.TAB)
            reached.add(page.run("return document.activeElement.id"))
        self.expect({"halt", "resume"} <= reached, "halt and resume are reached by keyboard")

    def steering(self):
        page = self.page
        self.give("halt", "HAL", "reason", is_sure=False)
        self.say("a halt wants its word typed")
        page.find("#steer-cancel").click()
        self.give("halt", "HALT", "browser test", is_sure=True)
        wait_for("the answer", lambda: "done" in page.text("#steer-result"))
        self.expect(re.search(r"\(\d+ ms\)", page.text("#steer-result")),
                    "the halt is answered with its milliseconds")
        page.find("#steer-cancel").click()
        wait_for("the halt in the banner", lambda: page.text("#halted").startswith("HALTED"))
        self.say("the banner says HALTED")
        self.acknowledge()
        self.axe("the halted page")
        self.keep("halted")
        self.give("resume", "RESUME", "browser test", is_sure=True)
        wait_for("the answer", lambda: "done" in page.text("#steer-result"))
        page.find("#steer-cancel").click()
        wait_for("the end of the halt", lambda: page.text("#halted") == "")
        self.say("a resume clears it")
        last = self.newest()
        wait_for("an order after the resume", lambda: (self.newest() or 0) > last)
        self.say("trading goes on")

    def acknowledge(self):
        page = self.page
        wait_for("an alert of the halt", lambda: "halted" in page.text("#alerts"))
        page.find("#alerts button").click()
        wait_for("the alert to be taken",
                 lambda: "acknowledged by" in page.text("#alerts"))
        self.say("an alert is acknowledged on the page")

    def give(self, action, word, reason, is_sure):
        page = self.page
        page.find(f"#{action}").click()
        wait_for("the dialog", lambda: page.is_open("#steer"))
        page.find("#steer-reason").send_keys(reason)
        page.find("#steer-confirm").send_keys(word)
        if page.find("#steer-go").is_enabled() != is_sure:
            raise Failed(f"{action} can{'not' if is_sure else ''} be sent with {word!r} typed")
        if is_sure:
            page.find("#steer-go").click()

    def looks(self):
        page = self.page
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            page.run("window.scrollTo(0, 0)")
            time.sleep(0.3)
            self.axe(f"the {scheme} page")
            self.keep(f"dashboard-{scheme}")
        page.size(390, 844, is_phone=True)
        time.sleep(0.3)
        width = page.run("return document.documentElement.scrollWidth")
        self.expect(width <= 390, f"a phone shows the page without scrolling sideways ({width} px)")
        self.axe("the page on a phone")
        self.keep("dashboard-phone")
        page.size(1280, 1600)
        page.scheme("light")

    def axe(self, what):
        found = self.page.violations()
        self.expect(not found, f"axe finds nothing in {what}" if not found else
                    f"axe finds in {what}: " + "; ".join(found[:5]))

    def quiet(self):
        errors = self.page.errors()
        self.expect(not errors, f"the console has no error {errors or ''}".strip())
        elsewhere = self.page.run(
            "return performance.getEntriesByType('resource').map((e) => e.name)"
            ".filter((name) => !name.startsWith(location.origin) && !name.startsWith('data:'))")
        self.expect(not elsewhere, f"nothing is fetched from elsewhere {elsewhere or ''}".strip())

    def reconnect(self, token):
        page = self.page
        self.cluster.stop()
        wait_for("STALE", lambda: page.text("#freshness") == "STALE")
        self.say("a page whose supervisor is gone says STALE")
        _, again = self.cluster.start()
        self.expect(again == token, "a token outlives a restart")
        wait_for("live again", lambda: page.text("#freshness") == "live")
        self.say("the page comes back by itself")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supervisor", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--images", help="a folder for pictures of the page")
    options = parser.parse_args()
    # Whoever ends the checks ends the cluster that they started.
    signal.signal(signal.SIGTERM, stopped)
    with tempfile.TemporaryDirectory(prefix="bw-browser.") as folder:
        cluster = Cluster(options.supervisor, options.config, folder)
        checks = None
        try:
            checks = Checks(cluster, options.images)
            checks.run()
        except (Failed, WebDriverException) as failure:
            print(f"FAILED {failure}", file=sys.stderr)
            if checks:
                picture = os.path.join(tempfile.gettempdir(), "bw-browser-failed.png")
                checks.page.picture(picture)
                print(f"the page: {picture}", file=sys.stderr)
            sys.exit(1)
        finally:
            if checks:
                checks.page.driver.quit()
            cluster.stop()


if __name__ == "__main__":
    main()
