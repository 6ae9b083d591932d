from __future__ import annotations

import pytest

from agentcore.domain.store_url import StoreUrl


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://host/db", "postgres://host/db"),
        ("postgresql://me@host:5432/db", "postgresql://me@host:5432/db"),
        ("postgres://me:secret@host:5432/db?sslmode=require", "postgres://me@host:5432/db?sslmode=require"),
        ("postgres://me:sec@ret@host/db", "postgres://me@host/db"),
        ("postgres://me:se/cret@host/db", "postgres://me@host/db"),
        ("postgres://:secret@host/db", "postgres://@host/db"),
        ("postgres://me@host/db?password=secret&sslmode=require", "postgres://me@host/db?sslmode=require"),
        ("postgres://host/db?user=me&password=secret", "postgres://host/db?user=me"),
        ("postgres://me:secret@a:1,b:2/db", "postgres://me@a:1,b:2/db"),
    ],
)
def test_a_password_is_not_shown(url, shown):
    store = StoreUrl(url)
    assert (str(store), repr(store)) == (shown, f"StoreUrl({shown!r})")
    assert store.secret == url


def test_postgres_has_two_names():
    assert StoreUrl("postgres://host/db").is_postgres
    assert StoreUrl("postgresql://host/db").is_postgres
    assert not StoreUrl("mysql://host/db").is_postgres
