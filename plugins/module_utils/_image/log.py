# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running build says: its steps, their last lines, and the report of a failure.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import collections
import re
import textwrap
from dataclasses import dataclass, field

LAST_LINES = 20
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_LAYER = re.compile(r" ---> ([0-9a-f]{12})$")
_ADVICE = (
    (
        r"unable to select packages|no such package",
        "The package repository lacks a package: add it to the bundle, or correct its name.",
    ),
    (
        r"temporary error|could not connect|host is unreachable|timed out|network error|bad address|unable to open",
        "The package repository was not reached from the build container: check that a firewall lets containers "
        "reach this host, and serve_address.",
    ),
    (
        r"COPY failed|ADD failed|failed to calculate checksum",
        "A file is missing from the build context: check paths and .dockerignore.",
    ),
    (r"option timeout", "Find out why that step takes so long, or raise timeout."),
    (r"no space left on device", "The daemon's disk is full: free some space."),
    (
        r"not supported for the docker driver",
        "Give buildx_builder a builder of another driver, such as docker-container.",
    ),
    (r"returned a non-zero code|did not complete successfully", "Correct the command of that step and run again."),
)
_VERTEX = re.compile(r"#(\d+) (.*)")
_STAGE_STEP = re.compile(r"\[(?:(\S+) )?\s*(\d+)/(\d+)\] (.*)")
_TIMED = re.compile(r"\d+\.\d+ (.*)")


def advice(text: str) -> str:
    """What to do about a failed build with this output."""
    return next(
        (hint for pattern, hint in _ADVICE if re.search(pattern, text, re.I)), "Correct the Dockerfile and run again."
    )


@dataclass
class BuildLog:
    """What a running build of the classic builder said: current step, its last lines, how many steps it announced."""

    step: str = ""
    announced: int = 0
    layer: str = ""
    lines: collections.deque[str] = field(default_factory=lambda: collections.deque(maxlen=LAST_LINES))

    def add(self, text: str) -> bool:
        """Take a piece of output; True when it begins a new step."""
        begun = False
        for line in _COLOR.sub("", text).replace("\r", "\n").splitlines():
            step = _STEP.match(line)
            layer = _LAYER.match(line)
            if step:
                number = int(step.group(1))
                self.announced = int(step.group(2)) if number == 1 else 0
                self.step = textwrap.shorten(line, 200, placeholder=" ...")
                self.lines.clear()
                begun = True
            elif layer:
                self.layer = layer.group(1)
            elif line.strip() and not line.startswith((" ---> ", "Removing intermediate container")):
                self.lines.append(line)
        return begun

    def failure(self, name: str, reason: str) -> str:
        """The report of a failed build."""
        lines = "\n".join(f"  {line}" for line in self.lines)
        where = f" at {self.step}" if self.step else ""
        said = f"\nLast lines of that step:\n{lines}" if lines else ""
        look = (
            f" To look around: docker run --rm -it {self.layer} sh" if self.layer and "non-zero code" in reason else ""
        )
        return f"Image {name} failed{where}\nReason: {reason}{said}\n{advice(reason + lines)}{look}"


@dataclass
class BuildkitLog(BuildLog):
    """What a running ``docker buildx build --progress plain`` said; its steps run at the same time."""

    reason: str = ""
    _titles: dict[str, str] = field(default_factory=dict)
    _outputs: dict[str, collections.deque[str]] = field(default_factory=dict)
    _stages: set[str] = field(default_factory=set)

    def add(self, text: str) -> bool:
        """Take a piece of output; True when it begins a new step."""
        begun = False
        for line in _COLOR.sub("", text).replace("\r", "\n").splitlines():
            found = _VERTEX.match(line)
            if found:
                begun = self._vertex(found.group(1), found.group(2)) or begun
            elif line.startswith("ERROR: "):
                self.reason = line.removeprefix("ERROR: ")
        return begun

    def _vertex(self, number: str, text: str) -> bool:
        step = _STAGE_STEP.match(text)
        timed = _TIMED.match(text)
        if text.startswith("ERROR: "):
            self.reason = text.removeprefix("ERROR: ")
            self.step = self._titles.get(number, "")
            self.lines = self._outputs.get(number, self.lines)
        elif timed:
            self._outputs.setdefault(number, collections.deque(maxlen=LAST_LINES)).append(timed.group(1))
        elif number not in self._titles and text.startswith("["):
            self._titles[number] = self.step = textwrap.shorten(text, 200, placeholder=" ...")
            stage = step.group(1) or "" if step else None
            self.announced = int(step.group(3)) if step and stage not in self._stages else 0
            self._stages |= {stage} if stage is not None else set()
            return step is not None
        return False
