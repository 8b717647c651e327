"""The page's script on disk: kept by its versions, whole or made again, never needed."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mixedeffects.plot import bundle
from mixedeffects.plot.bundle import cache_folder, javascript_bundle


class Converter:
    """vl-convert as far as it is asked, which counts how often the script is made."""

    def __init__(self, version="1.9.0", text="var vega = '…';\n"):
        self.__version__, self.text, self.made = version, text, 0

    def get_vega_version(self):
        return "6.2.0"

    def get_vega_embed_version(self):
        return "7.0.2"

    def get_vegalite_versions(self):
        return ["6.1", "6.4"]

    def javascript_bundle(self, vl_version=None):
        self.made += 1
        return self.text + (vl_version or "")


@pytest.fixture
def script(monkeypatch, tmp_path):
    """The script as a new process would get it, from this converter."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))

    def read(converter, version=None):
        monkeypatch.setattr(bundle, "vl_convert", lambda: converter)
        return javascript_bundle.__wrapped__(version)

    yield read
    javascript_bundle.cache_clear()


def test_it_is_made_once_for_each_version(script, tmp_path):
    one, other = Converter(), Converter("2.0.0", "newer")
    assert [script(one) for _ in range(3)] == [one.text] * 3
    assert one.made == 1
    assert script(other) == "newer" and script(one) == one.text
    assert (one.made, other.made) == (1, 1)
    assert [script(other, "6.1"), script(other, "6.1")] == ["newer6.1"] * 2 and other.made == 2
    kept = sorted(p.name for p in (tmp_path / "caches" / "mixedeffects").iterdir())
    names = ("1.9.0-6.2.0-7.0.2-6.1-6.4", "2.0.0-6.2.0-7.0.2-6.1", "2.0.0-6.2.0-7.0.2-6.1-6.4")
    assert kept == sorted(f"vega-{name}.js" for name in names)


@pytest.mark.parametrize("damage", [lambda b: b[:-3], lambda b: b"", lambda b: b + b"x"])
def test_a_damaged_file_is_made_again(script, tmp_path, damage):
    converter = Converter()
    script(converter)
    (path,) = (tmp_path / "caches" / "mixedeffects").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert script(converter) == converter.text and converter.made == 2
    assert script(converter) == converter.text and converter.made == 2


def test_without_a_folder_that_can_be_written_it_is_made(script, monkeypatch, tmp_path):
    converter = Converter()
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", Path(os.devnull)):
        monkeypatch.setenv("XDG_CACHE_HOME", str(place))
        assert script(converter) == converter.text
    assert converter.made == 2
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(shut))
    assert script(converter) == converter.text

    def homeless():
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder() is None
    assert script(converter) == converter.text


def test_a_failed_write_leaves_nothing_behind(script, monkeypatch, tmp_path):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(bundle.os, "replace", full)
    converter = Converter()
    assert script(converter) == converter.text
    assert list((tmp_path / "caches" / "mixedeffects").iterdir()) == []


def test_many_may_write_at_once(script, tmp_path):
    converters = [Converter(text="x" * 200_000) for _ in range(8)]
    script(converters[0])
    (path,) = (tmp_path / "caches" / "mixedeffects").iterdir()

    def one(converter):
        bundle._write(path, converter.text)
        return bundle._read(path)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, converters)) == {"x" * 200_000}
    assert list(path.parent.iterdir()) == [path]


def test_it_is_where_caches_are(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / ".cache" / "mixedeffects"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "mixedeffects"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")  # which the specification has ignored
    assert cache_folder() == tmp_path / "Library" / "Caches" / "mixedeffects"
