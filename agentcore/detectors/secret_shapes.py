"""Secrets in the shapes that files, addresses and commands hold them in: key blocks, headers, URLs, options."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from agentcore.detectors.secret_rule import Rule
from agentcore.detectors.secret_values import (
    is_any,
    is_basic,
    is_block,
    is_key,
    is_password,
    is_random,
    is_token,
    is_url_password,
)

_DATABASES: Final = (
    "postgres mysql mariadb mongodb redis valkey amqp mssql sqlserver oracle clickhouse cockroachdb cassandra neo4j "
    "bolt couchbase kafka nats ldap influxdb elasticsearch snowflake db2 hive presto trino vertica memcached"
)
_HOST: Final = r"@[\w.\[$%{-]"
_BASE64_LINES: Final = r"(?:(?:\s|\\[nr]|[\"',>|#*+])*+[A-Za-z0-9+/]{16,}+={0,2}){1,400}+"


def _rule(id: str, type: str, keywords: str, pattern: str, accepts: Callable[[str], bool]) -> Rule:
    names = tuple(keywords.split(","))
    return Rule(id=id, type=type, keywords=names, pattern=re.compile(pattern, re.ASCII), accepts=accepts)


SHAPES: Final[tuple[Rule, ...]] = (
    _rule(
        "private-key",
        "PRIVATE_KEY",
        "-----begin",
        r"(?P<secret>-----BEGIN[A-Z0-9 ]{0,40} ?PRIVATE KEY(?: BLOCK)?-----(?:"
        r"(?:[^-]|-(?!----))*+-----END[A-Z0-9 ]{0,40} ?PRIVATE KEY(?: BLOCK)?-----"
        # A key that is cut off: its headers and as many lines of it as there are.
        rf"|(?:(?:\s|\\[nr])*+[A-Z][A-Za-z-]{{1,20}}:[^\n\\]{{0,100}})*+{_BASE64_LINES}))",
        is_block,
    ),
    _rule(
        "putty-key",
        "PRIVATE_KEY",
        "private-lines:",
        r"(?i:private-lines:)\s{0,3}\d{1,4}\s{1,4}(?P<secret>(?:[A-Za-z0-9+/=]{1,80}+\s{0,2}+){1,200}+)",
        is_block,
    ),
    _rule("jwk", "PRIVATE_KEY", '"d"', r'"d"\s{0,4}:\s{0,4}"(?P<secret>[\w-]{40,800})"', is_random),
    _rule(
        "seed-phrase",
        "SEED_PHRASE",
        "mnemonic,seed phrase,seed_phrase,recovery phrase,recovery_phrase,secret phrase,secret_phrase",
        r"(?i:mnemonic|(?:seed|recovery|secret)[ _]phrase)\W{1,10}(?:is\W{1,3})?"
        r"(?P<secret>(?:[a-z]{3,8} ){11}(?:(?:[a-z]{3,8} ){12}|(?:[a-z]{3,8} ){9}|(?:[a-z]{3,8} ){6}"
        r"|(?:[a-z]{3,8} ){3})?"
        r"[a-z]{3,8})\b",
        is_any,
    ),
    _rule(
        "aws-credentials-line",
        "AWS_SECRET_KEY",
        "akia,asia",
        r"A(?:KI|SI)A[A-Z0-9]{16}[\"'\s,;:|/]{1,6}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        is_random,
    ),
    _rule(
        "twilio-pair",
        "TWILIO_KEY",
        "ac",
        r"(?<!\w)AC[0-9a-f]{32}[\"'\s,:;|]{1,6}(?P<secret>[0-9a-f]{32})(?!\w)",
        is_random,
    ),
    _rule(
        "oracle-url",
        "DATABASE_PASSWORD",
        ":thin:",
        r":thin:[\w$]{1,60}/(?P<secret>[^\s@/\"']{4,100})@",
        is_url_password,
    ),
    _rule(
        "pair-of-arguments",
        "GENERIC_SECRET",
        "auth,credential,creds,login",
        r"(?i:auth|credentials?|creds|login)\w{0,10}[\"']?\s{0,3}[:=]?\s{0,3}\w{0,20}[(\[]\s{0,3}"
        r"[\"'][^\"'\n]{1,80}[\"']"
        r"\s{0,3},\s{0,3}[\"'](?P<secret>[^\"'\n]{6,120})[\"']",
        is_password,
    ),
    _rule(
        "name-and-password",
        "GENERIC_SECRET",
        "creds,credential,user,login",
        r"(?i:creds|credentials?|user(?:name)? ?/ ?pass(?:word)?|login)(?: are| is)?[:=]? {1,3}"
        r"[\"'`]?[\w.@-]{2,60}[\"'`]?"
        r"(?: ?/ ?|:| and )[\"'`]?(?P<secret>[^\s\"'`,;/]{6,100})",
        is_password,
    ),
    _rule("azure-sas", "AZURE_SAS", "sig=", r"(?<=[?&;\"'])sig=(?P<secret>[A-Za-z0-9%+/_-]{36,100}={0,2})", is_random),
    _rule(
        "database-url",
        "DATABASE_PASSWORD",
        _DATABASES.replace(" ", ","),
        rf"(?i:{_DATABASES.replace(' ', '|')})\w{{0,4}}(?:\+\w{{1,12}})?://[^\s/:@\"'<>]{{0,80}}:"
        rf"(?P<secret>[^\s\"'<>/]{{1,120}}){_HOST}",
        is_url_password,
    ),
    _rule(
        "url-password",
        "URL_PASSWORD",
        "://",
        rf"://[^\s/:@\"'<>\\]{{0,80}}:(?P<secret>[^\s/\"'<>\\]{{1,120}}){_HOST}",
        is_url_password,
    ),
    _rule(
        "sentry-dsn", "SENTRY_DSN", "://", r"://(?P<secret>[0-9a-f]{32}(?::[0-9a-f]{32})?)@[\w.-]{3,80}/\d", is_random
    ),
    _rule("url-token", "URL_PASSWORD", "://", rf"://(?P<secret>[\w-]{{20,120}}){_HOST}", is_token),
    _rule(
        "bearer",
        "BEARER_TOKEN",
        "bearer",
        r"(?i:bearer)(?:\s|%20|[:=\"'])\s{0,3}[\"'`<]{0,2}(?P<secret>[\w.~+/-]{16,2000}={0,2})",
        is_token,
    ),
    _rule(
        "authorization-token",
        "BEARER_TOKEN",
        "authorization",
        r"(?i:authorization)[\"'\]]{0,3}\s{0,3}[:=,]\s{0,3}[\"'`]{0,2}"
        r"(?:(?i:token|apikey|api-key|key|bot|ssws|splunk"
        r"|geniekey)\s{1,2}(?i:token=)?\"?)?(?P<secret>[\w.~+/-]{16,2000}={0,2})",
        is_token,
    ),
    _rule("okta", "OKTA_TOKEN", "ssws", r"(?i:ssws)\s{1,3}(?P<secret>00[\w-]{38,42})(?![\w-])", is_random),
    _rule(
        "basic-auth",
        "BASIC_AUTH",
        "basic",
        r"(?i:basic)(?:\s|%20){1,3}[\"']?(?P<secret>[A-Za-z0-9+/]{8,400}={0,2})(?![\w+/=])",
        is_basic,
    ),
    _rule(
        "docker-auth",
        "DOCKER_AUTH",
        'auth",auth\\"',
        r'(?i:auth\\?")\s{0,5}:\s{0,5}\\?"(?P<secret>[A-Za-z0-9+/]{10,400}={0,2})\\?"',
        lambda text: is_basic(text) or is_key(text),
    ),
    _rule(
        "netrc",
        "NETRC_PASSWORD",
        "login",
        r"(?i:login)\s{1,4}\S{1,100}\s{1,8}(?i:password)\s{1,4}(?P<secret>[^\s\"']{4,200})",
        is_url_password,
    ),
    _rule(
        "npmrc",
        "NPM_TOKEN",
        ":_auth,:_password",
        r":_(?i:authtoken|auth|password)\s{0,3}=\s{0,3}\"?(?P<secret>[^\s\"$;]{8,400})",
        lambda text: is_token(text) or is_basic(text) or is_password(text),
    ),
    _rule(
        "command-user",
        "COMMAND_PASSWORD",
        "-u,--user,--proxy-user",
        r"(?i:(?<!\S)-u|--(?:proxy-)?user)[ =]{0,3}[\"']?[^\s:\"'$]{1,80}:(?P<secret>[^\s\"'@/]{4,120})(?=[\s\"']|$)",
        is_url_password,
    ),
    _rule(
        "command-password",
        "COMMAND_PASSWORD",
        "sshpass,mysql,mongo,redis-cli,docker login,psql,ldapsearch,smbclient",
        r"(?i:sshpass|mysql(?:dump|admin|import)?|mongo(?:sh|dump|restore)?|redis-cli|docker login|psql|ldapsearch"
        r"|smbclient) (?:[^\n|&;]{0,120}? )?(?:-p|-a|-w|--password[ =])[ =]?[\"']?(?P<secret>[^\s\"'-][^\s\"']{4,80})",
        is_password,
    ),
)
"""The rules of these shapes. What they match reads on no further than its own characters, or a bounded number."""
