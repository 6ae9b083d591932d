"""What the documents tell people to type exists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AGENTCORE = Path(sys.executable).parent / "agentcore"

BLOCK = re.compile(r"^```(?:console|sh|bash|shell)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:agentcore|make) [^`]+)`")
WORD = re.compile(r"[a-z][a-z-]*$")


def commands(program: str) -> set[str]:
    """Return the command lines that documents show for a program, without what follows a pipe or a comment."""
    found = set()
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in BLOCK.findall(text) for line in block.splitlines()] + INLINE.findall(text)
        for line in lines:
            bare = re.split(r"\s[|#&>]|&&", line.strip().removeprefix("$ ").removeprefix(".venv/bin/"))[0]
            if bare.startswith(f"{program} "):
                found.add(bare)
    return found


def verbs_and_flags(line: str) -> tuple[tuple[str, ...], frozenset[str]]:
    words = shlex.split(line)[1:]
    verbs = []
    for word in words:
        if not WORD.match(word):
            break
        verbs.append(word)
    return tuple(verbs), frozenset(word.partition("=")[0] for word in words if word.startswith("--"))


def test_commands_in_documents_exist():
    wrong = []
    helps: dict[tuple[str, ...], str] = {}
    for line in sorted(commands("agentcore")):
        verbs, flags = verbs_and_flags(line)
        if verbs not in helps:
            # --help is eager: what follows a verb, such as a name, is not looked at, but an unknown verb is an error.
            done = subprocess.run([AGENTCORE, *verbs, "--help"], capture_output=True, text=True, check=False)
            helps[verbs] = done.stdout if done.returncode == 0 else ""
        if not helps[verbs]:
            wrong.append(f"{line}: no such command")
        wrong += [f"{line}: no {flag}" for flag in flags if helps[verbs] and flag not in helps[verbs]]
    assert wrong == []


def test_make_targets_in_documents_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for line in commands("make") for word in line.split()[1:] if WORD.match(word)}
    assert named - targets == set()


def test_every_make_target_for_people_is_in_the_contributing_guide():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for_people = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)) - {"help"}
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert {target for target in for_people if f"make {target}" not in guide} == set()
