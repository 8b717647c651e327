"""Pictures of a report's charts, drawn here and by a process beside it."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import vl_convert

import mixedeffects as me
from mixedeffects.report import pictures
from mixedeffects.report.pictures import Painter
from mixedeffects.report.record import Figure

NAMES = ("qq", "variance", "coefficients", "trajectories")


@pytest.fixture(scope="module")
def figures():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    charts = {name: getattr(fit.plot, name)() for name in NAMES}
    return [Figure(name, chart, "") for name, chart in charts.items()]


def expected(figures, kind="svg", **options):
    """From the text of a specification: numbers in it are read, and may differ by a rounding."""
    draw = getattr(vl_convert, f"vegalite_to_{kind}")
    return [draw(json.dumps(figure.chart.to_dict()), **options) for figure in figures]


def drawn(figures, kind, **options):
    with Painter(kind, **options) as painter:
        for figure in figures:
            painter.start(figure)
        return [painter.picture(figure) for figure in figures]


def test_pictures_are_those_of_the_charts_whoever_draws_them(figures, monkeypatch):
    monkeypatch.setattr(pictures, "cores", lambda: 1000)
    assert drawn(figures, "svg") == expected(figures)
    found = drawn(figures, "png", scale=1.0)
    assert found == expected(figures, "png", scale=1.0)


def test_the_process_draws_and_ends(figures, monkeypatch):
    started = []
    real = subprocess.Popen

    def popen(*arguments, **options):
        started.append(real(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(pictures, "cores", lambda: 1000)
    monkeypatch.setattr(pictures.subprocess, "Popen", popen)
    with Painter("svg") as painter:
        # what is left is not drawn here
        painter._left = lambda most=None: []
        for figure in figures:
            painter.start(figure)
        found = [painter.picture(figure) for figure in figures]
        del painter._left
    assert found == expected(figures)
    assert [process.poll() for process in started] == [0]
    with pytest.raises(KeyError), Painter("svg") as painter:
        for figure in figures:
            painter.start(figure)
        raise KeyError
    assert len(started) == 2 and started[1].poll() == 0


@pytest.mark.parametrize("program", ["no process", "ends at once", "ends early", "answers nothing"])
def test_without_a_process_pictures_are_drawn_here(figures, program, monkeypatch):
    real = subprocess.Popen
    text = {
        "ends at once": "",
        "ends early": "import sys; sys.stdin.readline(); sys.stdout.write('12')",
        "answers nothing": "import sys\nfor _ in sys.stdin:\n"
        "    sys.stdout.buffer.write(bytes(8)); sys.stdout.flush()",
    }.get(program)

    def popen(command, **options):
        if text is None:
            raise OSError("no process")
        return real([command[0], "-c", text], **options)

    monkeypatch.setattr(pictures, "cores", lambda: 1000)
    monkeypatch.setattr(pictures.subprocess, "Popen", popen)
    assert drawn(figures, "svg") == expected(figures)


def test_a_chart_that_cannot_be_drawn_says_why(monkeypatch):
    class Chart:
        def to_dict(self):
            return {"mark": ["none"], "layer": 1}

    monkeypatch.setattr(pictures, "cores", lambda: 1000)
    figures = [Figure(str(i), Chart(), "") for i in range(4)]
    with pytest.raises(ValueError, match="conversion failed"):
        drawn(figures, "svg")


def test_no_process_for_a_few_charts_or_from_another_program(figures, monkeypatch):
    monkeypatch.setattr(pictures, "cores", lambda: 1000)
    assert pictures.can_have_a_process()
    monkeypatch.setattr(pictures.subprocess, "Popen", None)  # cannot be called
    assert len(drawn(figures[:2], "svg")) == 2
    for executable in ("", None, "/usr/bin/uwsgi"):
        monkeypatch.setattr(pictures.sys, "executable", executable)
        assert not pictures.can_have_a_process()


def test_several_reports_at_a_time(figures, monkeypatch):
    monkeypatch.setattr(pictures, "cores", lambda: 1000)
    whole = expected(figures)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: drawn(figures, "svg"), range(2))) == [whole, whole]


def test_no_process_beside_others_that_want_all_processors(monkeypatch):
    monkeypatch.setattr(pictures, "cores", lambda: 2)
    for load, free in ((0.5, True), (2.5, True), (4.0, False)):
        monkeypatch.setattr(pictures.os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert pictures.can_have_a_process() == free
