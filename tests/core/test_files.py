"""Files are written whole or not at all: what is no regular file is left alone, and nothing stays after a crash."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lossary.core import files
from lossary.core.errors import LossaryError
from lossary.core.files import place_of, write_whole

pytestmark = [pytest.mark.backendless, pytest.mark.skipif(os.name == "nt", reason="links, pipes and modes of POSIX")]


@pytest.fixture(params=["no name", "a name"])
def way(request, monkeypatch):
    """With files that have no name until they are whole, and as on systems that do not know such files."""
    if request.param == "a name":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("way")
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to("middle")
    (tmp_path / "middle").symlink_to(tmp_path / "far" / "file")
    for content in ("new", "newer"):  # where there is none yet, and where there is one
        write_whole(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink() and (tmp_path / "middle").is_symlink()
        assert (tmp_path / "far" / "file").read_text() == content
    assert names(tmp_path) == ["far", "link", "middle"] and names(tmp_path / "far") == ["file"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_modes_are_kept_and_new_files_follow_the_mask(tmp_path, mode):
    (tmp_path / "old").write_text("old")
    (tmp_path / "old").chmod(mode)
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "old", b"\xff")
        write_whole(tmp_path / "new", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert (tmp_path / "old").read_bytes() == b"\xff"


def nodes(folder):
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "round").symlink_to("about")
    (folder / "about").symlink_to("round")
    (folder / "to the pipe").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "socket"))
    yield folder / "pipe", "pipe"
    yield folder / "to the pipe", "pipe"
    yield folder / "folder", "directory"
    yield folder / "round", "symbolic links"
    yield folder / "socket", "socket"
    yield Path("/dev/null"), "device"
    yield Path("/dev/full"), "device"
    yield folder / "no" / "file", "does not exist"
    yield folder / ("n" * 300), "too long"
    yield folder / "a\0b", "null"
    yield folder / "\ud800", "encode"


def test_what_is_no_regular_file_is_refused_and_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, said in nodes(tmp_path):
        kind = stat.S_IFMT(os.lstat(path).st_mode) if "\0" not in str(path) and os.path.lexists(path) else None
        for act in (place_of, lambda path: write_whole(path, "new")):
            with pytest.raises(LossaryError, match=said) as caught:
                act(path)
            assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))
        assert kind is None or stat.S_IFMT(os.lstat(path).st_mode) == kind
    assert not [name for name in names(tmp_path) if name.endswith(".part")]


@pytest.mark.usefixtures("way")
def test_a_full_disk_leaves_the_old_file(tmp_path):
    resource = pytest.importorskip("resource")
    (tmp_path / "old").write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(LossaryError, match="File too large"):
            write_whole(tmp_path / "old", "n" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / "old").read_text() == "old" and names(tmp_path) == ["old"]


WRITES = "import sys; from lossary.core.files import *; write_whole(sys.argv[1], 'x')"
KILLED = """
import os, sys
from lossary.core import files
if sys.argv[2] == "a name":
    del os.O_TMPFILE
def die(*all):
    os.kill(os.getpid(), 9)
setattr(files.os, sys.argv[3], die)
files.write_whole(sys.argv[1], "new")
"""


@pytest.mark.parametrize("how", ["no name", "a name"])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_killed_process_leaves_nothing_that_the_next_does_not_remove(tmp_path, how, moment):
    (tmp_path / "file").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "file", how, moment], check=False)
    assert done.returncode == -9 and (tmp_path / "file").read_text() == "old"
    if (how, moment) == ("no name", "fsync") and hasattr(os, "O_TMPFILE"):
        assert names(tmp_path) == ["file"]
    write_whole(tmp_path / "other", "x")
    assert names(tmp_path) == ["file", "other"]


@pytest.mark.usefixtures("way")
def test_what_another_process_is_writing_is_not_removed(tmp_path):
    with files._part(tmp_path) as part:
        part.named()
        held = subprocess.run(
            [sys.executable, "-c", WRITES, str(tmp_path / "other")],
            check=True,
        )
        assert not held.returncode and os.path.exists(part.name)
    assert names(tmp_path) == ["other"]


@pytest.mark.usefixtures("way")
def test_two_at_once_do_not_spoil_each_other(tmp_path):
    contents = [letter * 300_000 for letter in "abcd"]
    seen = set()

    def write(content):
        for _ in range(15):
            write_whole(tmp_path / "file", content)
            seen.add((tmp_path / "file").read_text())

    threads = [threading.Thread(target=write, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen <= set(contents) and names(tmp_path) == ["file"]


def test_giving_up_removes_what_is_being_written(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    with files._part(tmp_path):
        assert len(names(tmp_path)) == 1
        files.give_up()
        assert not names(tmp_path)


def test_the_file_that_results_are_printed_into_is_refused(tmp_path):
    code = "import sys; from lossary.core.files import place_of; place_of(sys.argv[1])"
    path = tmp_path / "printed"
    with open(path, "w") as printed:
        done = subprocess.run([sys.executable, "-c", code, path], stdout=printed, stderr=subprocess.PIPE, check=False)
    assert b"being printed to it" in done.stderr
