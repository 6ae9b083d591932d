import pytest

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.testing.contracts.journal import JournalContract


class TestMemoryJournal(JournalContract):
    @pytest.fixture
    async def journal(self):
        journal = MemoryJournal()
        yield journal
        await journal.aclose()
