# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one program writes, given to another, checked on its way. Private to the collection fortytwo.ft_services."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import signal
import tempfile
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import CHUNK, ENDS, TAIL, BackupError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# How long a program that was told to stop may clean up, in seconds.
GRACE = 15


class Passed:
    """Measures a stream while it passes: size, hash, and whether its end is that of its form."""

    def __init__(self, form: str) -> None:
        """Take the form, a key of :data:`folders.ENDS`."""
        self.form, self.size, self._tail, self._hash = form, 0, b"", hashlib.sha256()

    def add(self, chunk: bytes) -> None:
        """Measure the next piece."""
        self.size += len(chunk)
        self._hash.update(chunk)
        self._tail = (self._tail + chunk[-TAIL:])[-TAIL:]

    def entry(self) -> Json:
        """What a manifest says of the stream. BackupError when it ended too early."""
        if not ENDS[self.form](self._tail):
            raise BackupError(f"what came is no whole {self.form}: it ended after {self.size} bytes")
        return {"form": self.form, "bytes": self.size, "content_sha256": self._hash.hexdigest()}


class Piped(t.NamedTuple):
    """How both programs ended and what they said; the sink's parts are empty where the source failed."""

    source_code: int
    source_errors: str
    sink_code: int
    sink_output: str
    sink_errors: str
    entry: Json


def piped(source: t.Sequence[str], sink: t.Sequence[str], passed: Passed, environment: dict[str, str]) -> Piped:
    """Give all that ``source`` writes to ``sink``, by way of ``passed``; ``environment`` is added to the source's.

    The sink sees the end of its input only when the source ended well and ``passed`` takes the stream to be whole:
    otherwise it is told to stop before, so that it keeps nothing. BackupError for a stream that is not whole.
    """
    return asyncio.run(_piped(source, sink, passed, {**os.environ, **environment}))


async def _piped(source: t.Sequence[str], sink: t.Sequence[str], passed: Passed, environment: dict[str, str]) -> Piped:
    async with contextlib.AsyncExitStack() as stack:
        # Files, because a pipe that nobody reads stops its writer.
        notes, told, said = (stack.enter_context(_scratch()) for _file in range(3))
        closed, pipe, size = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE, _pipe_size()
        giver = await asyncio.create_subprocess_exec(
            *source, stdin=closed, stdout=pipe, stderr=notes, env=environment, limit=CHUNK, pipesize=size
        )
        stack.push_async_callback(_ended, giver)
        taker = await asyncio.create_subprocess_exec(*sink, stdin=pipe, stdout=told, stderr=said, pipesize=size)
        stack.push_async_callback(_ended, taker)
        stdin, stdout = t.cast(asyncio.StreamWriter, taker.stdin), t.cast(asyncio.StreamReader, giver.stdout)
        try:
            while chunk := await stdout.read(CHUNK):
                passed.add(chunk)
                stdin.write(chunk)
                await stdin.drain()
            code = await giver.wait()
            if code:
                return Piped(code, _text(notes), 0, "", "", {})
            entry = passed.entry()
            stdin.close()
        except ConnectionError:
            # The sink ended by itself; it says why.
            entry = {}
        return Piped(0, _text(notes), await taker.wait(), _text(told), _text(said), entry)


def _pipe_size() -> int:
    """The size of pipes for much data: with the usual 64 KiB three programs wait for each other all the time.

    -1, which is the usual one, where this user may have no larger one.
    """
    ends = os.pipe()
    try:
        return fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, CHUNK)
    except OSError:
        return -1
    finally:
        for end in ends:
            os.close(end)


@contextlib.contextmanager
def _scratch() -> t.Iterator[t.IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def _text(file: t.IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a program that still runs, by the signal of a person's Ctrl-C first: it then removes its locks."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(_end(process), GRACE)
    except TimeoutError:
        # It does not listen: whoever starts a program in the background makes it deaf to Ctrl-C.
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait for a program's end; asyncio notices it only when nothing is left to read."""
    while process.stdout and await process.stdout.read(CHUNK):
        pass
    await process.wait()
