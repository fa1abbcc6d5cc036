"""What the scripts of the official clients share: keys, and checks that name themselves."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def new_key():
    """A throw-away private key in hexadecimal."""
    return "0x" + os.urandom(32).hex()


class Checks:
    """Runs checks one after another; the first that fails ends the script with its name."""

    def __init__(self, client):
        self.client = client
        self.count = 0

    def that(self, name, condition, found=None):
        if not condition:
            print(f"{self.client}: FAILED: {name}: found {found!r}", file=sys.stderr)
            sys.exit(1)
        self.count += 1

    def refused(self, name, call, *needles):
        """`call` must raise, and the text of what it raises must have every needle."""
        try:
            answer = call()
        except Exception as error:  # the clients have no common base of their errors
            text = str(error)
            missing = [needle for needle in needles if needle not in text]
            self.that(name, not missing, text)
            return error
        self.that(name, False, answer)

    def eventually(self, name, call, seconds=45.0):
        """Asks again until the answer is true; gives it."""
        end = time.monotonic() + seconds
        while True:
            answer = call()
            if answer:
                self.count += 1
                return answer
            if time.monotonic() > end:
                self.that(name, False, answer)
            time.sleep(0.1)

    def throttled(self, name, call):
        """Of many calls at once, one must be refused with status 429."""

        def attempt(_):
            try:
                call()
            except Exception as error:  # as above
                return "429" in str(error)
            return False

        with ThreadPoolExecutor(8) as pool:
            self.that(name, any(pool.map(attempt, range(300))), "none of 300 was")

    def done(self):
        print(f"{self.client}: {self.count} checks hold")
