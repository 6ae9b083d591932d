"""The doctor's look at a model's server: does it answer, and does it take the key?"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from pydantic import BaseModel
from yarl import URL

from agentcore.adapters.models.openai import OpenAIOptions, request_headers
from agentcore.adapters.models.proxy import proxy_for
from agentcore.domain.errors import ConfigError
from agentcore.surfaces.cli.finding import Finding

ANSWER_SECONDS = 3.0

KEY_REJECTED = frozenset({401, 403})


async def server_finding(name: str, options: BaseModel, environment: Mapping[str, str]) -> Finding | None:
    """Return what there is to say about the server of a model, None when its options name no address.

    It is asked for its list of models, which costs nothing. Any answer in HTTP will do: not every server has one.
    """
    address = getattr(options, "base_url", None)
    if not isinstance(address, str):
        return None
    what = f"model {name}"
    try:
        status = await _status(name, address, options, environment)
    except (aiohttp.ClientError, ConfigError, TimeoutError, OSError, ValueError) as error:
        why = str(error) or f"no answer within {ANSWER_SECONDS:g} s"
        mend = "start the server, or check base_url, the network and HTTPS_PROXY"
        return Finding(what=what, state="fail", found=f"{address} cannot be reached: {why}", mend=mend)
    if status in KEY_REJECTED:
        found = f"{address} answers, but rejects the key, or that there is none (HTTP {status})"
        mend = "check the variable that api_key_env names, and what the key may be used for"
        return Finding(what=what, state="warn", found=found, mend=mend)
    return Finding(what=what, state="ok", found=f"{address} answers (HTTP {status})")


async def _status(name: str, address: str, options: BaseModel, environment: Mapping[str, str]) -> int:
    url = URL(address)
    headers: dict[str, str] = {}
    if isinstance(options, OpenAIOptions):
        headers = request_headers(name, options, environment)
        url = (url / "models").with_query(url.query)
    async with (
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), proxy=proxy_for(url, environment), headers=headers
        ) as session,
        session.get(url, allow_redirects=False) as reply,
    ):
        return reply.status
