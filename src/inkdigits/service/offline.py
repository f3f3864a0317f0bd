"""The sheet as one file that needs no server. In: the page's parts, and the digit network as JavaScript. Out:
the page, and the policy under which its inline parts may run.

The parts are those of the page that asks a server, as ES modules. Each becomes a function's body here, for a
file that was saved to disk may import nothing. The network is written by `scripts/offline_network.py`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

from inkdigits.reading.card import GLYPH_FILE, WEIGHTS, load_card
from inkdigits.reading.glyph import NORMALISER_VERSION

STATIC = Path(str(files("inkdigits.service") / "static"))
NETWORK = STATIC / "offline" / "network.js"
_STYLES = ("base.css", "read.css", "answer.css")
_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


@functools.cache
def offline_page() -> tuple[str, str]:
    """The page, and its content security policy."""
    card = load_card(WEIGHTS / GLYPH_FILE, NORMALISER_VERSION)
    style = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in _STYLES)
    script = "\n".join(
        [
            NETWORK.read_text(encoding="utf-8"),
            f"const network = inkdigits[{json.dumps(card.name)}];",
            f"const threshold = {card.threshold};",
            *_modules(STATIC / "offline" / "main.js"),
        ]
    )
    page = (STATIC / "offline" / "page.html").read_text(encoding="utf-8")
    # Not str.format: scripts are full of braces. The page's end first, for the script holds any text.
    page = page.replace("{script}", script).replace("{style}", style)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy


def _modules(main: Path) -> list[str]:
    """A module and all that it imports, each once and after what it imports, as statements of one script."""
    names: dict[Path, str] = {}
    statements: list[str] = []

    def visit(path: Path) -> str:
        if path not in names:
            body = _IMPORT.sub(
                lambda found: f"const {{ {found[1]} }} = {visit((path.parent / found[2]).resolve())};\n",
                path.read_text(encoding="utf-8"),
            )
            given = ", ".join(_EXPORT.findall(body))
            names[path] = f"module{len(names)}"
            body = _EXPORT.sub("", body)
            statements.append(f"const {names[path]} = (() => {{\n{body}\nreturn {{ {given} }};\n}})();")
        return names[path]

    visit(main.resolve())
    return statements


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
