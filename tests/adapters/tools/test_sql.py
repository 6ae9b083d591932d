# ruff: noqa: E501  a table is one line for a model, too

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.adapters.tools.csv_table import read_csv
from agentcore.adapters.tools.sql import PLUGIN, decimal_text
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, ToolError, ToolTimeout
from agentcore.domain.label import Confidentiality
from agentcore.ports.plugin import BuildContext
from agentcore.ports.tool import ToolContext
from agentcore.testing.contracts.tool import ToolContract

ORDERS = """\
order_id,customer,product,quantity,unit_price,ordered_on,status,note
1001,Acme,Falcon router,40,189.00,2026-08-03,shipped,
1002,Globex,Kestrel switch,12,245.50,2026-08-05,shipped,"said ""now"", twice"
1003,Initech,Heron access point,18,129.90,2026-08-11,open,
1004,Acme,Osprey firewall,3,940.00,2026-08-14,open,it's late
"""

CONTEXT = ToolContext(key="k", tenant="t", principal="p")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS)
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.execute('CREATE TABLE stock (product TEXT, price DECIMAL(10, 2), "order" INTEGER, photo BLOB)')
        connection.executemany(
            "INSERT INTO stock VALUES (?, ?, ?, ?)", [("Falcon", 189.0, 1, b"\0" * 9), ("Kestrel", 245.5, 2, None)]
        )
        connection.execute("CREATE VIEW cheap AS SELECT product FROM stock WHERE price < 200")
    connection.close()
    return tmp_path


def make(root: Path, **options):
    options = options or {"tables": {"orders": "orders.csv"}}
    (tool,) = PLUGIN.build("shop", PLUGIN.options.model_validate(options), BuildContext(root=root, environment={}))
    return tool


async def rows(tool, query: str):
    return (await tool.call({"query": query}, CONTEXT)).value["rows"]


class TestSql(ToolContract):
    arguments = {"query": "SELECT quantity, unit_price FROM orders WHERE customer = 'Acme'"}
    wrong = ({}, {"query": ""}, {"query": 1}, {"query": "SELECT " + "1" * 4000})
    failing = {"query": "SELECT nothing FROM orders"}

    @pytest.fixture
    async def tool(self, root):
        tool = make(root)
        yield tool
        await tool.aclose()


class TestSqlOverSqlite(ToolContract):
    arguments = {"query": "SELECT product, price FROM stock"}
    failing = {"query": "SELECT * FROM nowhere"}

    @pytest.fixture
    async def tool(self, root):
        tool = make(root, database="shop.sqlite")
        yield tool
        await tool.aclose()


def test_it_declares_that_it_reads(root: Path) -> None:
    assert make(root, database="shop.sqlite").definition.safety is Safety.READ


def test_a_model_is_told_tables_types_and_values(root: Path) -> None:
    assert make(root).definition.description == snapshot("""\
Runs one SELECT (SQLite) and returns its rows.
Table orders(order_id integer, customer text, product text, quantity integer, unit_price decimal, ordered_on date, status text, note text)
customer: 'Acme', 'Globex', 'Initech'
status: 'open', 'shipped'\
""")


def test_several_tables_and_a_name_that_needs_quotes(root: Path) -> None:
    tool = make(root, tables={"orders": "orders.csv"}, database="shop.sqlite", samples=0)
    assert tool.definition.description == snapshot("""\
Runs one SELECT (SQLite) and returns its rows.
Table orders(order_id integer, customer text, product text, quantity integer, unit_price decimal, ordered_on date, status text, note text)
Table stock(product text, price decimal, "order" integer, photo text)
Table cheap(product text)\
""")
    assert tool.describe({}).parameters["properties"]["query"] == snapshot(
        {"type": "string", "pattern": "^SELECT [^;\\n]+ FROM (?:orders|stock|cheap)(?: [^;\\n]+)?$", "maxLength": 400}
    )


async def test_the_values_that_a_step_names_are_told_and_kept(root: Path) -> None:
    tool = make(root)
    facts = {
        "task": "orders of Acme's that are shipped",
        "goal": "What did Globex and Acme order?",
        "earlier": "Initech",
    }
    assert tool.describe(facts).note == "Mentioned: customer = 'Acme' AND status = 'shipped'"
    assert tool.describe({"task": "Acme and Globex", "goal": "Initech"}).note == "Mentioned: nothing"
    assert (
        tool.describe({"task": "all orders", "goal": "Initech, in openness"}).note == "Mentioned: customer = 'Initech'"
    )
    context = ToolContext(key="k", tenant="t", principal="p", facts=facts)
    result = await tool.call({"query": "SELECT 1 AS n FROM orders LIMIT 1"}, context)
    assert result.value["mentioned"] == {"customer": "Acme", "status": "shipped"}


async def test_money_stays_as_it_was_written(root: Path) -> None:
    result = await make(root).call(
        {"query": "SELECT quantity, unit_price, quantity * unit_price AS total FROM orders WHERE order_id = 1003"},
        CONTEXT,
    )
    assert result.value == {
        "query": "SELECT quantity, unit_price, quantity * unit_price AS total FROM orders WHERE order_id = 1003",
        "mentioned": {},
        "columns": ["quantity", "unit_price", "total"],
        "rows": [{"quantity": 18, "unit_price": "129.90", "total": "2338.20"}],
        "row_count": 1,
        "truncated": False,
    }
    assert result.label.sources == {"tool:shop"}


async def test_numbers_compare_and_sort_as_numbers(root: Path) -> None:
    tool = make(root)
    assert await rows(tool, "SELECT MAX(unit_price) AS m FROM orders") == [{"m": "940.00"}]
    found = await rows(
        tool, "SELECT order_id FROM orders WHERE COALESCE(unit_price, 0) > 200 ORDER BY unit_price DESC"
    )
    assert found == [{"order_id": 1004}, {"order_id": 1002}]


async def test_sums_are_exact(root: Path) -> None:
    cents = "price\n" + "0.10\n" * 20_000 + "0.01\n"
    (root / "cents.csv").write_text(cents)
    tool = make(root, tables={"cents": "cents.csv"})
    query = "SELECT SUM(price) AS s, COUNT(*) AS n FROM cents"
    assert await rows(tool, query) == [{"s": "2000.01", "n": 20_001}]
    naive = sum(float(line) for line in cents.split()[1:])
    assert f"{naive:.15g}" != "2000.01"  # what SQLite's own SUM gives shows why


async def test_aggregates_say_what_sql_says(root: Path) -> None:
    tool = make(root)
    query = "SELECT SUM(quantity) s, AVG(quantity) a, SUM(DISTINCT quantity) d, SUM(note) x FROM orders"
    assert await rows(tool, query) == [{"s": 73, "a": "18.25", "d": 73, "x": "0"}]
    empty = "SELECT SUM(quantity) s, AVG(quantity) a FROM orders WHERE quantity > 99"
    assert await rows(tool, empty) == [{"s": None, "a": None}]
    window = "SELECT SUM(unit_price) OVER (ORDER BY order_id ROWS 1 PRECEDING) AS unit_price FROM orders"
    assert await rows(tool, window) == [{"unit_price": text} for text in ("189.00", "434.50", "375.40", "1069.90")]


async def test_odd_values(root: Path) -> None:
    tool = make(root, database="shop.sqlite")
    found = await rows(tool, "SELECT photo, photo, 9e999 AS big, product || '' AS p FROM stock LIMIT 1")
    assert found == [{"photo": "(9 bytes)", "photo_2": "(9 bytes)", "big": "inf", "p": "Falcon"}]
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT unit_pice FROM orders", "no column unit_pice; did you mean unit_price"),
        ("SELECT o.custommer FROM orders o", "no column o.custommer; did you mean customer"),
        ("SELECT zzz FROM orders", "no column zzz; there are order_id, customer"),
        ("SELECT * FROM order", "SQLite says: near"),
        ("SELECT * FROM orderz", "no table orderz; did you mean orders"),
        ("SELECT * FROM orders; DROP TABLE orders", "one statement"),
        ("SELECT TOTAL(quantity) FROM orders", "total may not be used"),
        ("DROP TABLE orders", "must be one SELECT"),
        ("UPDATE orders SET quantity = 0", "must be one SELECT"),
        ("PRAGMA query_only = 0", "must be one SELECT"),
        ("ATTACH 'x.db' AS x", "must be one SELECT"),
        ("EXPLAIN SELECT * FROM orders", "must be one SELECT"),
        ("/**/ SELECT 1", "must be one SELECT"),
        ("\uff33ELECT 1", "must be one SELECT"),
        ("WITH x AS (SELECT 1) DELETE FROM orders", "not allowed|query_only|readonly"),
        ("WITH x AS (SELECT 1) INSERT INTO orders SELECT * FROM orders", "not allowed|readonly"),
        ("SELECT * FROM sqlite_master", "the table sqlite_master is not one of orders"),
        ("SELECT sql FROM sqlite_schema", "is not one of orders"),
        ("SELECT * FROM pragma_database_list", "not allowed"),
        ("SELECT * FROM json_each('[1]')", "not allowed"),
        ("SELECT load_extension('x.so') FROM orders", "load_extension may not be used"),
        ("SELECT readfile('/etc/passwd') FROM orders", "no such function|not allowed"),
        ("SELECT writefile('x', 'y') FROM orders", "no such function|not allowed"),
        ("SELECT random() FROM orders", "random may not be used"),
        ("SELECT randomblob(9) FROM orders", "randomblob may not be used"),
        ("SELECT zeroblob(900000000) FROM orders", "zeroblob may not be used"),
        ("SELECT printf('%9999999d', 1) FROM orders", "printf may not be used"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n", "not allowed"),
        ("SELECT ? FROM orders", "SQLite says|binding"),
        ("SELECT " + "(" * 200 + "1" + ")" * 200 + " FROM orders", "SQLite says"),
        ("SELECT 1 " + "UNION SELECT 1 " * 30, "too many terms"),
        ("SELECT '\x00' FROM orders", "SQLite says|embedded null"),
        ("SELECT '\ud800' FROM orders", "SQLite says|surrogates|encode"),
    ],
)
async def test_what_is_refused_and_why(root: Path, query: str, message: str) -> None:
    before = hashlib.sha256((root / "shop.sqlite").read_bytes()).hexdigest()
    tool = make(root)
    with pytest.raises(ToolError, match=message):
        await tool.call({"query": query}, CONTEXT)
    both = make(root, tables={"orders": "orders.csv"}, database="shop.sqlite")
    with pytest.raises(ToolError):
        await both.call({"query": query}, CONTEXT)
    assert hashlib.sha256((root / "shop.sqlite").read_bytes()).hexdigest() == before
    assert len(await rows(both, "SELECT * FROM orders, stock")) == 8


@pytest.mark.parametrize(
    "query",
    [
        "WITH t AS (SELECT customer, COUNT(*) AS c FROM orders GROUP BY 1) SELECT COUNT(*) AS n FROM t WHERE c > 1",
        "SELECT EXISTS(SELECT 1 FROM main.orders WHERE customer LIKE 'Acme%') AS n",
        "select count(distinct strftime('%Y-%m', ordered_on)) as n from orders as o where o.quantity in (select max(quantity) from orders)",
    ],
)
async def test_what_is_allowed(root: Path, query: str) -> None:
    assert await rows(make(root), query) == [{"n": 1}]


async def test_a_database_cannot_be_written_even_without_the_authorizer(root: Path) -> None:
    connection = make(root, database="shop.sqlite")._source.connect()
    try:
        with pytest.raises(sqlite3.OperationalError, match=r"readonly|query_only"):
            connection.execute("DELETE FROM stock")
        connection.execute("PRAGMA query_only = 0")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM stock")
    finally:
        connection.close()


async def test_long_results_are_cut_and_say_so(root: Path) -> None:
    (root / "long.csv").write_text("n,text\n" + "".join(f"{i},{'x' * 3000}\n" for i in range(60)))
    tool = make(root, tables={"long": "long.csv"}, max_rows=5)
    cut = (await tool.call({"query": "SELECT n FROM long"}, CONTEXT)).value
    assert (cut["row_count"], cut["truncated"]) == (5, True)
    exact = (await tool.call({"query": "SELECT n FROM long LIMIT 5"}, CONTEXT)).value
    assert (exact["row_count"], exact["truncated"]) == (5, False)
    wide = make(root, tables={"long": "long.csv"}, max_rows=50)
    result = (await wide.call({"query": "SELECT * FROM long"}, CONTEXT)).value
    assert result["truncated"]
    assert len(json.dumps(result)) < 70_000
    one = (await wide.call({"query": "SELECT text || text AS t FROM long LIMIT 1"}, CONTEXT)).value
    assert one["truncated"]
    assert len(one["rows"][0]["t"]) == 4001


ENDLESS = "SELECT COUNT(*) FROM " + ", ".join(f"orders o{i}" for i in range(16))  # noqa: S608


async def test_endless_queries_are_interrupted(root: Path) -> None:
    tool = make(root, tables={"orders": "orders.csv"}, seconds=0.1)
    started = time.monotonic()
    with pytest.raises(ToolTimeout, match=r"longer than 0.1 s; ask for less"):
        await tool.call({"query": ENDLESS}, CONTEXT)
    assert time.monotonic() - started < 2
    assert tool.definition.seconds > 0.1


async def test_a_cancelled_query_stops_working(root: Path) -> None:
    tool = make(root, tables={"orders": "orders.csv"}, seconds=60.0)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    original = tool._query

    def query(*arguments):
        try:
            return original(*arguments)
        finally:
            loop.call_soon_threadsafe(ended.set)

    tool._query = query
    call = asyncio.create_task(tool.call({"query": ENDLESS}, CONTEXT))
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(ended.wait(), 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: the first line must name every column"),
        (b"a,,c\n1,2,3\n", ":1: the first line must name every column"),
        (b"a,A\n1,2\n", ":1: two columns have the same name"),
        (b"a,b\n1,2\n3\n", "row 3 has 1 fields, the header has 2"),
        (b"a\n\xff\xfe\n", "cannot read this CSV file"),
        (b'a\n"open\n', "cannot read this CSV file"),
    ],
)
def test_bad_csv_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=f"bad.csv.*{message}"):
        make(tmp_path, tables={"bad": "bad.csv"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tables": {}}, "neither tables nor a database"),
        ({"tables": {"a b": "orders.csv"}}, "is not a table's name"),
        ({"tables": {"a": "missing.csv"}}, "missing.csv: cannot read"),
        ({"database": "missing.sqlite"}, "missing.sqlite: no such file"),
        ({"database": "orders.csv"}, "orders.csv: cannot read this SQLite file"),
        ({"database": "shop.sqlite", "tables": {"stock": "orders.csv"}}, "also the name of a CSV"),
    ],
)
def test_bad_options_are_named(root: Path, options, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(root, **options)


def test_kinds_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "kinds.csv"
    path.write_text(
        "\ufeffid;zip;price;long;day;Unit Price;none\n1;01067;1.5;1234567890123456789;2026-01-01;3;\n-2;2;2.25;0.1;2026-01-02T10:00;;\n"
    )
    table = read_csv("kinds", path)
    assert [(column.name, column.kind, column.decimals) for column in table.columns] == [
        ("id", "integer", 0),
        ("zip", "text", 0),
        ("price", "decimal", 2),
        ("long", "text", 0),
        ("day", "date", 0),
        ("Unit_Price", "integer", 0),
        ("none", "text", 0),
    ]
    assert table.rows[1] == [-2, "2", 2.25, "0.1", "2026-01-02T10:00", None, None]


async def test_labels_carry_the_declared_confidentiality(root: Path) -> None:
    tool = make(root, tables={"orders": "orders.csv"}, confidentiality="personal")
    result = await tool.call({"query": "SELECT 1 FROM orders"}, CONTEXT)
    assert result.label.confidentiality is Confidentiality.PERSONAL


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False))
def test_decimals_survive_binary_floats(value) -> None:
    assert decimal_text(float(value), 2) == (f"{value:.2f}" if value else "0.00")
