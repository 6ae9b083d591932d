"""Which proxy a server is reached through: the environment variables that curl and most programs know."""

from __future__ import annotations

from collections.abc import Mapping

from yarl import URL


def proxy_for(url: URL, environment: Mapping[str, str]) -> str | None:
    """Return what HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names for a URL, None when NO_PROXY excludes its host."""
    host = url.host or ""
    for entry in _variable(environment, "no_proxy").split(","):
        name = entry.strip().removeprefix("*").removeprefix(".").lower()
        if entry.strip() == "*" or (
            name and (host == name or host.endswith(f".{name}") or name == f"{host}:{url.port}")
        ):
            return None
    return _variable(environment, f"{url.scheme}_proxy") or _variable(environment, "all_proxy") or None


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""
