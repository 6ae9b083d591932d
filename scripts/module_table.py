"""Write the table of modules in ARCHITECTURE.md from their docstrings; with --check, only say whether it is right."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "ARCHITECTURE.md"
BEGIN = "<!-- modules: written by `make docs` -->\n"
END = "<!-- /modules -->\n"


def table(package: Path) -> str:
    """Return a Markdown table of all modules under a package: path, first sentence of the docstring."""
    modules = (path for path in package.rglob("*.py") if (path.parent / "__init__.py").exists())
    paths = sorted(modules, key=lambda path: (path.parent.parts, path.name))
    return "| module | what it is |\n| --- | --- |\n" + "".join(map(_row, paths))


def _row(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    what = " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|")
    module = path.relative_to(ROOT)
    if path.name == "__init__.py":
        return f"| **{module.parent}/** | **{what}** |\n"
    return f"| {module} | {what} |\n"


def main() -> None:
    """Rewrite the page, or check it."""
    page = PAGE.read_text(encoding="utf-8")
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{PAGE.name} lacks the lines {BEGIN.strip()} and {END.strip()}")
    right = f"{head}{begin}{table(ROOT / 'agentcore')}{end}{tail}"
    if right == page:
        return
    if "--check" in sys.argv[1:]:
        sys.exit(f"{PAGE.name} does not list the modules as they are; run: make docs")
    PAGE.write_text(right, encoding="utf-8")


if __name__ == "__main__":
    main()
