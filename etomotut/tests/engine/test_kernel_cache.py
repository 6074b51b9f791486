"""Where compiled loops are kept when the package cannot be written."""

import os
import tempfile

import pytest

from etomotut.engine import kernels


def test_the_cache_is_a_closed_folder_of_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert kernels._find_cache() == str(tmp_path / "cache" / "etomotut")
    assert os.stat(tmp_path / "cache" / "etomotut").st_mode & 0o777 == 0o700


def test_without_a_home_it_is_in_the_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert kernels._find_cache() == str(tmp_path / f"etomotut-{os.getuid()}")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have owners on POSIX only")
def test_a_folder_that_others_may_write_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "etomotut").mkdir()
    (tmp_path / "etomotut").chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert kernels._find_cache() == str(tmp_path / f"etomotut-{os.getuid()}")
