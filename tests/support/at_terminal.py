"""Runs a command at a terminal of its own.

    python3 at_terminal.py COLUMNS COMMAND…

What it writes to the terminal goes to standard output as it is. Lines of standard input, which
are JSON, act on the terminal: a number makes it so wide, a text is typed. Ends with the
command's status.
"""

import fcntl
import json
import os
import pty
import selectors
import struct
import sys
import termios

ROWS = 24


def set_width(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))


def act(terminal, line):
    wish = json.loads(line)
    if isinstance(wish, int):
        set_width(terminal, wish)
    else:
        os.write(terminal, wish.encode())


def main(columns, command):
    # The command begins when the terminal has its width.
    go_read, go_write = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        os.close(go_write)
        os.read(go_read, 1)
        os.execvp(command[0], command)
    set_width(terminal, columns)
    os.write(go_write, b"!")
    selector = selectors.DefaultSelector()
    selector.register(terminal, selectors.EVENT_READ)
    selector.register(sys.stdin.buffer, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj == terminal:
                try:
                    written = os.read(terminal, 65536)
                except OSError:
                    written = b""
                if not written:
                    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                sys.stdout.buffer.write(written)
                sys.stdout.buffer.flush()
            else:
                line = sys.stdin.buffer.readline()
                if line:
                    act(terminal, line)
                else:
                    selector.unregister(sys.stdin.buffer)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
