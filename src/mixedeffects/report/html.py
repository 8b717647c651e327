"""A report as one page of HTML that needs nothing else: no network, no fonts, no style sheets.

A content security policy in the page forbids every request; its scripts are allowed by their
hashes. Charts are Vega-Lite specifications in the page, drawn by the Vega that is written into it
once; their expressions are interpreted, never compiled, so that the policy holds.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import nullcontext
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from mixedeffects.display.words.phrases import minus
from mixedeffects.plot.bundle import javascript_bundle
from mixedeffects.plot.narrow import narrowed
from mixedeffects.report.equation_lines import breakable
from mixedeffects.report.library import needed
from mixedeffects.report.pictures import Painter

# points beyond which a chart does not fit beside another
WIDE = 540
# characters that could end a script, or start a comment, within it
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def painter(interactive):
    """What draws the pictures; of charts drawn by scripts in the page, no one."""
    return nullcontext() if interactive else Painter("svg")


def write(document, path, painter, *, pictures="files"):
    """Write the page.

    Parameters
    ----------
    pictures : str
        Without meaning here: everything is in the page.
    """
    path.write_text(page(document, painter), encoding="utf-8")


def page(document, painter=None):
    """The page as text; without a painter its charts are drawn by scripts in it."""
    markup = needed("markupsafe").Markup
    figures, interactive = list(document.figures()), painter is None
    scripts, specs, pictures = [], "", {}
    if figures and painter is None:
        wide = {figure.key: specification(figure) for figure in figures}
        narrow = {key: narrowed(spec) for key, spec in wide.items()}
        specs = embedded({"wide": wide, "narrow": narrow})
        scripts = [bundle(), _file("page.js")]
    elif painter is not None:
        pictures = {figure.key: painter.picture(figure) for figure in figures}
    environment = _environment()
    return environment.get_template("page.html.jinja").render(
        document=document,
        style=markup(_file("page.css")),
        specs=markup(specs),
        scripts=[markup(script) for script in scripts],
        policy=policy(scripts),
        interactive=interactive,
        n_figures=len(figures),
        picture=lambda figure: markup(pictures[figure.key]),
        alt=words_of,
        # the script of a page measures what it drew itself
        wide=lambda figure: not interactive and is_wide(pictures[figure.key]),
        cell=true_minus,
        formula=lambda block: markup(block.equation.html),
        narrow=lambda block: markup(breakable(block.equation.html)),
        shown=lambda block: markup(with_scopes(block.thing._repr_html_())),
        unbroken=unbroken,
        runs=runs,
    )


def runs(blocks):
    """Blocks that stand together: tables, the tables with the chart that follows them, charts.

    Returns list of (str, list): "grids", "pair", "figures", or "one" of any other kind.

    Examples
    --------
    >>> from mixedeffects.report.record import Figure, Grid, Paragraph
    >>> table, chart = Grid("", (), ()), Figure("", None, "")
    >>> [kind for kind, _ in runs([Paragraph(""), table, table, chart, chart, table])]
    ['one', 'pair', 'figures', 'grids']
    """
    out: list[tuple[str, list[Any]]] = []
    for block in blocks:
        last, members = out[-1] if out else ("", [])
        if block.kind == "grid" and last == "grids":
            members.append(block)
        elif block.kind == "grid":
            out.append(("grids", [block]))
        elif block.kind == "figure" and last == "grids":
            out[-1] = ("pair", [*members, block])
        elif block.kind == "figure" and last == "figures":
            members.append(block)
        else:
            out.append(("figures" if block.kind == "figure" else "one", [block]))
    return out


def words_of(figure):
    """A chart in words, for those who do not see it."""
    return ". ".join([figure.chart.title, *figure.chart.subtitle, figure.caption])


def specification(figure):
    """A chart's Vega-Lite specification, described in words."""
    return {**figure.chart.to_dict(), "description": words_of(figure)}


def is_wide(svg):
    """Whether a picture needs the width of the page.

    Examples
    --------
    >>> is_wide('<svg class="marks" width="600" height="300">'), is_wide('<svg width="300">')
    (True, False)
    """
    found = re.search(r'<svg[^>]* width="([\d.]+)', svg)
    return found is not None and float(found[1]) > WIDE


def true_minus(text):
    """A number with a minus sign in place of a hyphen; other text as it is.

    Examples
    --------
    >>> true_minus("-1.5"), true_minus("-0.00"), true_minus("-x")
    ('−1.5', '0.00', '-x')
    """
    return minus(text) if text[:1] == "-" and text[1:2].isdigit() else text


def unbroken(text):
    """Words in which a letter stays beside its number, as in "p = 0.043" and "95% CI".

    Examples
    --------
    >>> unbroken("t = 2.10, p < 0.001").count("\\u00a0")
    4
    """
    text = re.sub(r"\b(p|t|z|F|df|ICC|R²|χ²) ([=<>]) (?=[−\d.])", "\\1\u00a0\\2\u00a0", text)
    return text.replace("% CI ", "%\u00a0CI\u00a0")


def with_scopes(markup):
    """A table's heads of columns named as such, for those who hear it; an empty one is a cell.

    Examples
    --------
    >>> print(with_scopes('<th style="a"></th><th style="a">p</th>'))
    <td style="a"></td><th scope="col" style="a">p</th>
    """
    return re.sub(r"<th( [^>]*)></th>", r"<td\1></td>", markup).replace("<th ", '<th scope="col" ')


def embedded(value: Any) -> str:
    """JSON that can stand in a script element, whatever texts are in it.

    Examples
    --------
    >>> print(embedded({"name": "</script>"}))
    {"name":"\\u003c/script\\u003e"}
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escaped in UNSAFE.items():
        text = text.replace(character, escaped)
    return text


def policy(scripts) -> str:
    """The content security policy: these scripts, styles of the page, nothing from elsewhere.

    Examples
    --------
    >>> policy([])[:36]
    "default-src 'none'; script-src 'none"
    """
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes or chr(39) + 'none' + chr(39)}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


@lru_cache(maxsize=1)
def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script; the same for all pages of a process."""
    needed("vl_convert")
    text = javascript_bundle()
    # as an HTML parser reads it, for the hash
    return text.replace("\r\n", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _environment():
    jinja2 = needed("jinja2")
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_file), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip


def _file(name: str) -> str:
    """A file of the template."""
    return files("mixedeffects.report").joinpath("template", name).read_text(encoding="utf-8")
