# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of a bundle share."""

from __future__ import annotations

import pytest


class Recorder:
    """Stands for the runner of commands: keeps the words of each, and lets a test answer for a program."""

    def __init__(self):
        self.commands, self.options, self.answers = [], [], {}

    def __call__(self, command, **options):
        words = [str(word) for word in command]
        self.commands.append(words)
        self.options.append(options)
        for word, answer in self.answers.items():
            if word in words:
                return answer(words, options) or ""
        return ""

    def having(self, word):
        """Return the commands that have a word."""
        return [words for words in self.commands if word in words]


@pytest.fixture
def run():
    """A runner that starts nothing."""
    return Recorder()
