"""Start `./dev demo` as the README says, try the curl lines that it prints, and stop it."""

import os
import queue
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

PATIENCE = 120
LINES = 3


def main() -> int:
    """Return 0 when the demo answers its own curl lines and ends cleanly."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "COLUMNS": "400", "TERM": "dumb"}
    command = ["./dev", "demo", "--port", str(port)]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ, start_new_session=True)
    try:
        lines = curl_lines(demo)
        if len(lines) < LINES:
            print(f"expected three curl lines, found {len(lines)}")
            return 1
        answers = [try_line(line) for line in lines[:LINES]]
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
    status = demo.wait(60)
    print(f"the demo ended with {status}")
    return 0 if all(answers) and status in (0, 130, -signal.SIGINT) else 1


def curl_lines(demo: subprocess.Popen[str]) -> list[str]:
    """Read what the demo prints until three curl lines were there and the server listens."""
    printed: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in demo.stdout:
            printed.put(line)
        printed.put(None)

    threading.Thread(target=read, daemon=True).start()
    found: list[str] = []
    text = ""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and len(found) < LINES:
        try:
            line = printed.get(timeout=1)
        except queue.Empty:
            continue
        if line is None:
            break
        print("   ", line, end="")
        text += line
        found = [joined.strip(" $") for joined in re.sub(r"\\\n\s*", " ", text).splitlines() if joined.strip(" $").startswith("curl ")]
        if found and text.endswith("\\\n"):
            found.pop()
    return found


def try_line(line: str) -> bool:
    """Run one curl line, again for a while as long as the server is not there yet."""
    patience = "--fail --silent --show-error --max-time 30 --retry 20 --retry-connrefused --retry-delay 1"
    command = [*shlex.split(line), *patience.split()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        print("curl is not here; the line was not tried")
        return True
    print(f"    {'ok' if done.returncode == 0 else done.stderr.strip()}: {len(done.stdout)} characters for {line[:60]}...")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
