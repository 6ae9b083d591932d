"""A project whose runs act: a python tool that pays, by its safety and approval, and a sink that counts by keys."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from textwrap import dedent

from agentcore.testing.loopback import Answer

FILES = {
    "agentcore.yaml": """
        # yaml-language-server: $schema=agentcore.schema.json
        name: bank
        models:
          local:
            provider: openai
            price: {{ input_usd_per_million: 0 }}
            options: {{ model: tiny, base_url: "{url}" }}
        tools:
          pay: {{ provider: python, options: {{ file: bank.py, functions: [pay] }}, safety: {safety}{approval} }}
        team: {{ supervisor: planner, workers: [payer], answer: writer }}
        """,
    "agents/planner.yaml": "role: supervisor\ninstructions: You plan.\n",
    "agents/payer.yaml": """
        description: pays
        instructions: You pay.
        uses: none
        tools: [pay]
        tool_use: output
        limits: {{ attempts: 1, escalations: 0 }}
        """,
    "agents/writer.yaml": "instructions: You write.\nuses: earlier\n",
    "policies/all.cedar": '@id("all")\npermit (principal, action, resource);\n',
    "scenarios/pay.yaml": "goal: Pay what is due.\n",
    "bank.py": '''
        import os
        import time
        from pathlib import Path

        from agentcore import ToolContext, ToolError, tool


        def find(arguments: dict, context: ToolContext):
            paid = Path("sink.txt")
            lines = paid.read_text().splitlines() if paid.exists() else []
            return "found" if any(line.split()[0] == context.key for line in lines) else None


        def undo(arguments: dict, result, context: ToolContext) -> None:
            with open("undone.txt", "a") as undone:
                undone.write(context.key + "\\\\n")


        @tool(safety="compensable", look_up=find if "LOOK_UP" in os.environ else None, compensate=undo)
        def pay(to: str, amount: int, context: ToolContext) -> str:
            """Pay an amount."""
            if amount < 0:
                raise ToolError("the amount is negative")
            with open("sink.txt", "a") as sink:
                sink.write(f"{{context.key}} {{to}} {{amount}}\\\\n")
            while Path("hold").exists():
                time.sleep(0.02)
            return f"paid {{amount}} to {{to}}"
        ''',
}


class BankScript:
    """What the model answers. payments: (to, amount), a step each."""

    def __init__(self, *payments: tuple[str, int]) -> None:
        self.payments = payments or (("Ann", 40),)
        self.calls: Counter[str] = Counter()
        self.delay_seconds = 0.0

    def __call__(self, received) -> Answer:
        messages = received.body["messages"]
        prompt = "\n".join(str(message.get("content")) for message in messages)
        who = prompt.split(".")[0]
        self.calls[who] += 1
        if who == "You plan":
            steps = [{"agent": "payer", "task": f"pay {amount} to {to}"} for to, amount in self.payments]
            return Answer(text=json.dumps({"steps": steps}))
        if who == "You pay":
            to, amount = next(each for each in self.payments if f"pay {each[1]} to {each[0]}" in prompt)
            return Answer(
                tool_calls=(("pay", json.dumps({"to": to, "amount": amount})),), delay_seconds=self.delay_seconds
            )
        return Answer(text="All is paid.")


def write_bank(folder: Path, url: str, *, safety: str = "unsafe", approval: str = "") -> None:
    """Write the project. approval: the value of the key, none when empty."""
    filled = {"url": url, "safety": safety, "approval": f", approval: {approval}" if approval else ""}
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        plain = dedent(text).lstrip() if name.endswith(".cedar") else dedent(text).lstrip().format(**filled)
        path.write_text(plain.replace("\\\\n", "\\n"), encoding="utf-8")


def sink(folder: Path) -> list[str]:
    """Return the payments that reached the outside, as `to amount`."""
    path = folder / "sink.txt"
    return [line.partition(" ")[2] for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
