"""A small audit chain, made without a store."""

from __future__ import annotations

from agentcore.adapters.audit.notary import Change, Insert, Notary, Query
from agentcore.adapters.audit.vault import Vault, is_signed
from agentcore.audit.checkpoint import Checkpoint, Signed
from agentcore.audit.entry import Draft, Link
from agentcore.audit.merkle import Frontier
from agentcore.audit.verify import Chain, Head

SECRET = b"s" * 32
TENANT = "acme"


def draft(number: int, **more: object) -> Draft:
    facts = {"at": 1_000_000 + number, "kind": "decision", "principal": "clerk", "action": "call_tool", **more}
    payload = {"arguments": {"amount": number}} if number % 2 else None
    return Draft(None, {**facts, "resource": f"tool{number}"}, payload, {"amount": number}, tenant=TENANT, user="ann")


def appended(notary: Notary, drafts: list[Draft]) -> list[Link]:
    """Append drafts with a notary whose store has nothing; return the rows."""
    rows: list[Link] = []
    steps = notary.append(drafts)
    step = next(steps)
    try:
        while True:
            match step:
                case Insert(inserted):
                    rows += [Link(*row[1:]) for row in inserted]
                case Query() | Change():
                    pass
            step = steps.send(())
    except StopIteration:
        return rows


def chain(length: int) -> list[Link]:
    return appended(Notary(lambda: SECRET, shared=False), [draft(number) for number in range(1, length + 1)])


def signed(links: list[Link], size: int) -> Signed:
    vault = Vault(SECRET)
    tree = Frontier().extend(bytes.fromhex(link.hash) for link in links[:size])
    checkpoint = Checkpoint(
        tenant=TENANT, size=size, head=links[size - 1].hash, root=tree.root().hex(), at=5, key=vault.key_id
    )
    body = checkpoint.body()
    return Signed(body.decode(), vault.sign(body), [peak.hex() for peak in tree.peaks])


def head(links: list[Link]) -> Head:
    return Head(size=len(links), hash=links[-1].hash)


def fault(links: list[Link], checkpoints: list[Signed] = (), stands: Head | None = None):
    """Return what is wrong first, None when nothing is."""
    public = Vault(SECRET).public_key

    def trusted(key: str, body: bytes, signature: bytes) -> bool | None:
        return is_signed(public, body, signature) if key == Vault(SECRET).key_id else None

    along = Chain(TENANT, {f"checkpoint {n}": each for n, each in enumerate(checkpoints, start=1)}, trusted)
    for link in links:
        along.add(link)
    return along.end(stands)
