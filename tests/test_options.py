"""Files are refused before any work where they cannot be written, by everything that writes."""

from __future__ import annotations

import pytest

import mixedeffects as me


def test_paths_that_no_file_can_have_are_refused_alike(tmp_path):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    for write in (fit.save, fit.report, fit.plot.qq().save):
        with pytest.raises(me.OptionError, match=r"no folder .*nowhere.* for 'x.html'"):
            write(tmp_path / "nowhere" / "x.html")
        with pytest.raises(me.OptionError, match="is a folder; give the name of a file in it"):
            write(tmp_path)
        with pytest.raises(me.OptionError, match="path=3 must be the name of a file"):
            write(3)
