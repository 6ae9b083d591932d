"""TaskScope: which of the tools that change something a task needs, by the words of those who may say it.

The words are the user's, and those of the plan that was made before anything else was read. A tool is needed when they
ask for what it does (its verb) and, unless the verb alone says it, name what it does it to (its nouns):

    "Please pay the bill in bill.txt"     send_money yes     update_password no

Words are compared by their stems and by small groups of English synonyms, so it errs: it is a net below the policies
for single calls, not instead of them. After Progent (Shi et al., 2025), whose policies are narrowed to the task first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]*")
_ENDINGS: Final = ("ings", "ing", "ies", "ied", "es", "ed", "s", "d", "e")
_SHORTEST_STEM: Final = 3

_VERBS: Final[Mapping[str, str]] = {
    "transfer": "send pay transfer refund wire reimburse return remit donate settle repay",
    "tell": "send write message tell inform email mail reply respond answer notify post say ask forward share contact "
    "text remind let congratulate thank dm draft",
    "publish": "post publish upload put announce release",
    "add": "add invite include join enrol enroll insert append attach register put write note extend assign",
    "remove": "remove delete cancel erase kick drop unsubscribe clear revoke uninvite discard clean",
    "update": "update change modify adjust edit set correct rename move reschedule switch fix reset postpone shift "
    "push delay extend replace",
    "create": "create make schedule plan book reserve save generate write new set arrange organize organise open add "
    "put store prepare block draft record",
    "share": "share grant give allow permit send invite",
    "run": "run execute start launch call invoke deploy",
    "buy": "buy purchase order book reserve rent hire subscribe",
}
_SELF_TELLING: Final = frozenset({"transfer", "tell", "buy", "publish"})
"""Groups of verbs that say enough by themselves."""

_NOUNS: Final[Mapping[str, str]] = {
    "money": "money payment transaction transfer bill rent invoice refund salary fee price cost amount order",
    "message": "message email mail dm note text reply inbox letter",
    "event": "event meeting appointment calendar schedule lunch dinner breakfast call session reminder visit "
    "interview workshop conference slot birthday party holiday reservation",
    "file": "file document doc folder drive attachment report list sheet spreadsheet notes plan minutes text summary",
    "person": "user people person member colleague contact participant everybody everyone guest friend",
    "group": "channel group team workspace slack room",
    "page": "webpage website page site url blog article web",
    "account": "account profile info information address detail password data record",
    "stay": "hotel accommodation stay hostel apartment room",
    "food": "restaurant table",
    "vehicle": "car taxi rental vehicle",
    "journey": "flight trip train ticket",
}
_NAME: Final = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+|[\w.+-]+@[\w-]+\.")
"""A name within a sentence, or the address of a mailbox: it stands for a person."""


def _stem(word: str) -> str:
    """Return a word without its ending, so that `scheduled`, `schedules` and `schedule` are one."""
    word = word.lower()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def _grouped(groups: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group, words in groups.items():
        for word in words.split():
            found.setdefault(_stem(word), set()).add(group)
    return {stem: frozenset(names) for stem, names in found.items()}


_VERB_GROUPS: Final = _grouped(_VERBS)
_NOUN_GROUPS: Final = _grouped(_NOUNS)


_FOLLOWS: Final = re.compile(
    r"\b(?:follow|do|perform|execute|complete|carry out|work through)\b[^.!?]*"
    r"\b(?:instructions?|tasks?|steps|to-?dos?|actions?)\b",
    re.IGNORECASE,
)
"""Words that leave it to somebody else what is to be done."""


@dataclass(frozen=True, slots=True)
class TaskScope:
    """What texts ask for.

    stems: of all their words.  follows: they ask to do what is written elsewhere.
    """

    stems: frozenset[str]
    follows: bool = False

    @staticmethod
    def of(texts: Iterable[str]) -> TaskScope:
        """Return what these texts ask for."""
        stems: set[str] = set()
        follows = False
        for text in texts:
            stems.update(_stems(text))
            follows = follows or _FOLLOWS.search(text) is not None
            if _NAME.search(text):
                stems.add(_stem("person"))
        return TaskScope(frozenset(stems), follows)

    def needs(self, tool: str, description: str = "") -> bool:
        """Return whether a tool that changes something is asked for. tool: its name, which begins with a verb.

        description: its first sentence is looked at when the name has no known verb.
        """
        name = _stems(tool)
        told = name if any(stem in _VERB_GROUPS for stem in name) else [*name, *_stems(description.partition(".")[0])]
        verb = next((stem for stem in told if stem in _VERB_GROUPS), None)
        if verb is None:
            return any(stem in self.stems for stem in name if len(stem) > _SHORTEST_STEM)
        asked = _groups(self.stems, _VERB_GROUPS) & _VERB_GROUPS[verb]
        if not asked and verb not in self.stems:
            return False
        if asked & _SELF_TELLING:
            return True
        nouns = [stem for stem in told if stem != verb]
        wanted = _groups(nouns, _NOUN_GROUPS)
        return not wanted or bool(wanted & _groups(self.stems, _NOUN_GROUPS) or self.stems.intersection(nouns))


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text)]


def _groups(stems: Iterable[str], groups: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(group for stem in stems for group in groups.get(stem, ()))
