"""Progress of long work: one line that is written over, on a terminal and nowhere else."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Self, TextIO

__all__ = ["Progress"]

_BETWEEN = 0.1  # seconds between two drawings
_WIDTH = 24


class Progress:
    """A bar on standard error; silent where that is no terminal.

    total: how many steps there are. shown: None for "where it is a terminal".

    >>> with Progress(2, "files", shown=False) as bar:
    ...     bar.step("one")
    ...     bar.done
    1
    """

    def __init__(
        self, total: int, what: str, *, stream: TextIO | None = None, shown: bool | None = None
    ) -> None:
        self.total = total
        self.done = 0
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty() if shown is None else shown
        self._start = time.monotonic()
        self._drawn = 0.0
        self._length = 0

    def __enter__(self) -> Self:
        self._draw("", force=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def step(self, label: str = "", count: int = 1) -> None:
        """So many further steps are done; label: the last of them."""
        self.done += count
        self._draw(label, force=self.done >= self.total)

    def clear(self) -> None:
        """Wipe the line, for text that is to stay."""
        if self._shown and self._length:
            self._stream.write("\r" + " " * self._length + "\r")
            self._stream.flush()
            self._length = 0

    def _draw(self, label: str, *, force: bool) -> None:
        now = time.monotonic()
        if not self._shown or (not force and now - self._drawn < _BETWEEN):
            return
        self._drawn = now
        share = self.done / self.total if self.total else 1.0
        full = round(share * _WIDTH)
        bar = "#" * full + "-" * (_WIDTH - full)
        rest = self._remaining(now)
        text = f"[{bar}] {self.done}/{self.total} {self._what}{rest} {label}"
        columns = max(20, shutil.get_terminal_size().columns - 1)
        printable = "".join(c if c.isprintable() else "?" for c in text)[:columns]
        encoding = self._stream.encoding or "utf-8"
        safe = printable.encode(encoding, "replace").decode(encoding)
        self._stream.write("\r" + safe.ljust(self._length))
        self._stream.flush()
        self._length = len(safe)

    def _remaining(self, now: float) -> str:
        passed = now - self._start
        if not self.done or passed < 2:
            return ""
        seconds = int(passed / self.done * (self.total - self.done))
        return f", {seconds // 60}:{seconds % 60:02} left"
