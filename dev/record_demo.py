"""Records `npm run demo` as an animated picture: python dev/record_demo.py docs/pictures/demo.svg (needs `pip install termtosvg setuptools`)."""

import json
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl

COLUMNS, LINES = 120, 36
# The demo stays up on a terminal; what comes after its last line is not worth showing.
LAST_LINE = b"] Done"
LAST_WAIT = 4.0


def record(path: str) -> None:
    """Writes an asciicast (version 2) of a real run."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(npm_config_loglevel="error", npm_config_update_notifier="false", TERM="xterm-256color")
        os.execvp("npm", ["npm", "run", "--silent", "demo"])
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    started, end = time.monotonic(), None
    with open(path, "w", encoding="utf-8") as cast:
        cast.write(json.dumps({"version": 2, "width": COLUMNS, "height": LINES}) + "\n")
        cast.write(json.dumps([0.0, "o", "$ npm run demo\r\n"]) + "\n")
        while end is None or time.monotonic() < end:
            ready, _, _ = select.select([terminal], [], [], 0.2)
            if not ready:
                continue
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            cast.write(json.dumps([time.monotonic() - started, "o", data.decode("utf-8", "replace")]) + "\n")
            if LAST_LINE in data:
                end = time.monotonic() + LAST_WAIT
    # As Ctrl-C does: to everything on the terminal.
    os.write(terminal, b"\x03")
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    with tempfile.NamedTemporaryFile(suffix=".cast") as cast:
        record(cast.name)
        render = [sys.executable, "-m", "termtosvg", "render", cast.name, sys.argv[1]]
        subprocess.run([*render, "-m", "40", "-M", "1500", "-D", "6000", "-t", "window_frame"], check=True)
