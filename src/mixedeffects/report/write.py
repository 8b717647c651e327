"""`fit.report()`: a fitted model as a document that stands alone."""

from __future__ import annotations

from importlib import import_module

from mixedeffects.errors import OptionError
from mixedeffects.inference.df.methods import check_ddf
from mixedeffects.inference.normal import check_level
from mixedeffects.options import check_file
from mixedeffects.report.charts import chosen_charts
from mixedeffects.report.library import require
from mixedeffects.report.record import Wishes
from mixedeffects.report.sections import document

# ending of the file -> module of this room with a function `write`
WRITERS = {".html": "html", ".md": "markdown", ".docx": "word"}
PICTURES = ("files", "inline")


def report(
    fit,
    path,
    *,
    title=None,
    data=None,
    level=0.95,
    ddf=None,
    charts="auto",
    code=None,
    interactive=True,
    pictures="files",
):
    """Write everything about a fit into one document: data, model, results, checks, words, code.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    path : str or path
        Ending in .html (one page that needs nothing else, and no network), .md or .docx.
    title : str, optional
        Of the page; by default the response and the kind of model.
    data : table, optional
        The table the model was fitted to: its columns that the model does not use are named.
    level : float
        Coverage of all intervals.
    ddf : str, optional
        Degrees of freedom of the fixed effects, as in `test`.
    charts : "auto", "none" or list of str
        Names of charts of ``fit.plot``; "auto" takes those that suit the model and names those
        that do not, with the reason.
    code : str, optional
        Lines of Python that make `data`, for the section with the code.
    interactive : bool
        Of a page of HTML: charts with tooltips, drawn by scripts in the page itself; False for
        pictures and no script at all, for mail and archives.
    pictures : {"files", "inline"}
        Of Markdown: in a folder ``<name>_files`` beside it, or within the text as data URIs.

    Returns
    -------
    pathlib.Path
        Of the file written.

    Raises
    ------
    OptionError
        Another ending, a folder that does not exist, an unknown chart, level or ddf.
    DataError
        `data` are not the rows of the fit.
    MissingDependencyError
        A package of ``pip install 'mixedeffects[report]'`` is missing.

    Examples
    --------
    >>> import mixedeffects as me, tempfile, pathlib
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> fit.report(folder / "sleep.md", charts="none").read_text().splitlines()[0]
    '# Reaction: a linear mixed model'
    """
    path = check_path(path)
    if pictures not in PICTURES:
        raise OptionError(f"pictures={pictures!r} is not one of {', '.join(PICTURES)}")
    if not isinstance(interactive, bool):
        raise OptionError(f"interactive={interactive!r} must be True or False")
    for name, text in (("title", title), ("code", code)):
        if not (text is None or isinstance(text, str)):
            raise OptionError(f"{name}={text!r} must be text")
    check_level(level)
    check_ddf(fit, ddf)
    check_packages(path, charts)
    writer = import_module(f"mixedeffects.report.{WRITERS[path.suffix.lower()]}")
    with writer.painter(interactive) as painter:
        started = None if painter is None else painter.start
        wishes = Wishes(level, ddf, chosen_charts(charts), data, code, started)
        found = document(fit, title, wishes)
        writer.write(found, path, painter, pictures=pictures)
    return path


def check_path(path):
    """Where a report is to be written, refused before any work where it cannot be.

    Returns a `pathlib.Path`.

    Raises
    ------
    OptionError
        An ending that is none of a report's, a folder that does not exist.

    Examples
    --------
    >>> check_path("report.html").name
    'report.html'
    """
    path = check_file(path)
    if path.suffix.lower() not in WRITERS:
        endings = ", ".join(WRITERS)
        hint = f"; for a page: {str(path) + '.html'!r}" if not path.suffix else ""
        if path.suffix.lower() == ".pdf":
            hint = f"; a browser prints a page as PDF: {str(path.with_suffix('.html'))!r}"
        raise OptionError(f"{path.name!r} must end in one of {endings}{hint}")
    return path


def check_packages(path, charts):
    """Refuse a report whose packages are not installed before any work.

    Parameters
    ----------
    path : path
        As `check_path` returns it.
    charts : "auto", "none" or list of str
        Which of them are drawn.

    Raises
    ------
    MissingDependencyError
    """
    require(path.suffix.lower(), charts != "none")
