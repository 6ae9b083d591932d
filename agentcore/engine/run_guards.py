"""RunGuards: the guards in one run. What they have said is recorded, and what is recorded is not asked for again."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore.domain.errors import GuardDenied
from agentcore.domain.event import TextGuarded
from agentcore.domain.guarding import GuardPlace
from agentcore.domain.ids import EffectId
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.guards import NOTHING_FOUND, Guards


@dataclass(frozen=True, slots=True, kw_only=True)
class RunGuards:
    """Looks at the texts of a run that are neither its task nor the outcome of a call.

    Those carry what was found in their labels. Here it is a fact of its own (TextGuarded), recorded only when there is
    something to say, so that a replay comes to the same without any detector.
    """

    guards: Guards
    effects: Effects

    def may_look(self, place: GuardPlace) -> bool:
        """Return whether there may be anything to say there, by a guard or by the record."""
        effects = self.effects
        return bool(self.guards.at(place)) or effects.script is not None or effects.recorder.history.guards_have_spoken

    async def looked(self, place: GuardPlace, value: JSON, caller: Caller, what: str) -> tuple[JSON, Label]:
        """Return a value as it goes on, itself when nothing was taken out, and its label.

        caller: who has the text; its label is the text's own.  what: for messages. Raises GuardDenied or JournalError.
        """
        if not self.may_look(place):
            return value, caller.label
        script, recorder = self.effects.script, self.effects.recorder
        id = self.effects.next_id(caller, place)
        said = recorder.history.guarded(caller.step, caller.attempt, id)
        if said is None:
            if script is None:
                said = await self._ask(place, value, caller, id, what)
            else:
                upcoming = script.upcoming(id)
                said = upcoming if isinstance(upcoming, TextGuarded) else None
            if said is None:
                return value, caller.label
            await recorder.record(said)
        if said.denied:
            raise GuardDenied(said.denied)
        return value if said.value is None else said.value, caller.label.join(said.found)

    async def _ask(
        self, place: GuardPlace, value: JSON, caller: Caller, id: EffectId, what: str
    ) -> TextGuarded | None:
        step, attempt = caller.step, caller.attempt
        try:
            changed, found = await self.guards.looked(place, value, what)
        except GuardDenied as denied:
            return TextGuarded(id=id, step=step, attempt=attempt, found=NOTHING_FOUND, denied=denied.message)
        if found is NOTHING_FOUND:
            return None
        return TextGuarded(id=id, step=step, attempt=attempt, found=found, value=None if changed is value else changed)
