# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""InfluxDB on a volume without room for bytes or for files: in a write, a start, a backup, a restore."""

from __future__ import annotations

import shutil
import signal
import time

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.influxdb_server import Influx
from ansible_collections.fortytwo.ft_services.tests.integration.images.volumes import (
    NEEDS_MOUNT,
    a_start_waits_for_room,
    mounted,
    served,
)
from ansible_collections.fortytwo.ft_services.tests.patience import until

pytestmark = [pytest.mark.skipif(not shutil.which("influxd"), reason="needs InfluxDB's server"), NEEDS_MOUNT]
NOW = int(time.time()) - 200_000


@pytest.fixture
def volume():
    with mounted("size=80m,nr_inodes=2000") as volume:
        yield volume


@pytest.fixture
def server(volume):
    with served(Influx, volume) as server:
        assert server.write(NOW)[0] == 204
        yield server


def refused(server):
    status, said = server.write(NOW, count=1)
    return status == 403 and "not authorized to write" in said


def taken(server, first):
    # A connection is cut while it starts anew.
    return server.write(first)[0] == 204


@pytest.mark.parametrize("what", ["bytes", "files"])
def test_writes_are_refused_in_time_and_taken_again_by_themselves(server, volume, what):
    first, points = server.process, 1000
    if what == "bytes":
        # The rest is the writes' own.
        volume.fill(left=14)
    else:
        volume.fill_files(left=50)
        until(lambda: "is nearly full" in server.log())
    for _attempt in range(100):
        if not taken(server, NOW + points):
            break
        points += 1000
        # A quick writer, but not one that has the whole machine.
        time.sleep(0.1)
    until(lambda: refused(server))
    assert volume.room()[0] > 2
    # Who reads is served all the same.
    assert server.count() == points
    volume.empty()
    until(lambda: taken(server, NOW + points))
    assert server.count() == points + 1000
    assert server.process is first
    assert first.poll() is None
    assert "has room again" in server.log()
    # What it took is on the disk.
    server.stop(signal.SIGKILL)
    server.start()
    assert server.count() == points + 1000


def test_a_volume_that_was_full_to_the_end_is_written_again(server, volume):
    points = 1000
    volume.fill()
    # Without a look at the volume in between, the log of writes is cut in the middle of one, and never written again.
    for _attempt in range(5):
        points += 1000 * taken(server, NOW + points)
    assert not taken(server, NOW + points)
    until(lambda: "is nearly full" in server.log())
    assert server.count() >= points
    volume.empty()
    # Its container starts it anew.
    server.started_anew()
    assert "starts anew to write again" in server.log()
    until(lambda: taken(server, NOW + points))
    assert server.count() >= points + 1000


def test_a_start_waits_for_room(server, volume):
    a_start_waits_for_room(server, volume)
    assert server.count() == 1000


@pytest.mark.parametrize("what", ["bytes", "files"])
def test_a_backup_of_a_full_volume_is_whole_or_none(server, volume, tmp_path, what):
    (volume.fill if what == "bytes" else volume.fill_files)()
    done = server.backup(tmp_path / "tar")
    assert done.returncode != 0
    assert b"the measurements cannot be kept" in done.stderr
    assert b"make room" in done.stderr
    assert not (volume.path / "backup").exists()
    volume.empty()
    until(lambda: server.run("ready").returncode == 0)
    assert server.backup(tmp_path / "tar").returncode == 0


@pytest.mark.parametrize("what", ["bytes", "files"])
@pytest.mark.parametrize("left", [0, 3])
def test_a_restore_without_room_changes_nothing_and_says_so(server, volume, tmp_path, what, left):
    points = 1000
    for _write in range(20):
        points += 1000 * taken(server, NOW + points)
    assert server.backup(tmp_path / "tar").returncode == 0
    assert taken(server, NOW + points)
    if what == "bytes":
        volume.fill(left=left)
    else:
        volume.fill_files(left=left * 4)
    done = server.restore(tmp_path / "tar")
    assert done.returncode == 1, done.stderr
    assert b"nothing was changed" in done.stderr
    assert b"make room" in done.stderr
    assert server.count() == points + 1000
    assert sorted(path.name for path in volume.path.iterdir()) == ["fillers", "influxdb"]
    until(lambda: "is nearly full" in server.log())
    volume.empty()
    until(lambda: "has room again" in server.log())
    # It does so where the volume was full to the end.
    if "starts anew" in server.log():
        server.started_anew()
    assert server.count() == points + 1000
    done = server.restore(tmp_path / "tar")
    assert done.returncode == 0, done.stderr
    server.started_anew()
    assert server.count() == points
