"""Secrets that nobody issued, made from what providers document of their formats, and the lines they turn up in.

Written from those descriptions, and not from the rules of the detector: nothing here is imported from it. Prefixes are
put together at run time, so that no scanner of a code host takes this file for one that leaks.
"""

from __future__ import annotations

import base64
import binascii
import json
import random
import string
import uuid
from collections.abc import Callable

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
HEX = "0123456789abcdef"
ALNUM = LOWER + UPPER + DIGITS
URLSAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"
BASE32 = UPPER + "234567"

Make = Callable[[random.Random], str]


def of(alphabet: str, size: int, *, head: str = "", tail: str = "") -> Make:
    """Return what makes random characters of an alphabet between a head and a tail."""
    return lambda chance: head + "".join(chance.choices(alphabet, k=size)) + tail


def joined(*parts: str | Make) -> Make:
    return lambda chance: "".join(part if isinstance(part, str) else part(chance) for part in parts)


def any_of(*makers: Make) -> Make:
    return lambda chance: chance.choice(makers)(chance)


def new_uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def checked(prefix: str) -> Make:
    """Return what makes tokens of thirty characters and their CRC32 in base 62, as GitHub and npm do."""

    def make(chance: random.Random) -> str:
        body = "".join(chance.choices(ALNUM, k=30))
        number, tail = binascii.crc32(body.encode()), ""
        for _ in range(6):
            number, digit = divmod(number, 62)
            tail = (DIGITS + UPPER + LOWER)[digit] + tail
        return f"{prefix}_{body}{tail}"

    return make


def jwt(chance: random.Random) -> str:
    parts = [
        {"alg": chance.choice(["HS256", "RS256"]), "typ": "JWT"},
        {"sub": str(chance.randrange(10**9)), "iat": 17},
    ]
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.{of(URLSAFE, 43)(chance)}"


def key_block(kind: str) -> Make:
    def make(chance: random.Random) -> str:
        body = base64.b64encode(chance.randbytes(400)).decode()
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        return f"-----{'BEGIN'} {kind}-----\n{lines}\n-----{'END'} {kind}-----"

    return make


def password(chance: random.Random) -> str:
    """Return a password as people and generators make them."""
    style = chance.randrange(4)
    if style == 0:
        return of(ALNUM + "!@#%^*-_+=?", chance.randrange(10, 25))(chance)
    if style == 1:
        return of(ALNUM, chance.randrange(12, 25))(chance)
    word = chance.choice(["Sunshine", "Dragon", "Falcon", "Winter", "Monkey", "Coffee", "Purple", "Harbor", "Tiger"])
    if style == 2:
        return f"{word}{chance.randrange(10, 9999)}{chance.choice('!@#$%?')}"
    leet = word.translate(str.maketrans("aeio", "4310"))
    return f"{leet}{chance.choice('!@#-_')}{chance.randrange(10, 999)}{chance.choice(['x', 'Q', 'zz'])}"


def nonempty(make: Make) -> Make:
    """Return what makes secrets that hold a digit and a capital letter, as long random ones do."""

    def until(chance: random.Random) -> str:
        while True:
            made = make(chance)
            if any(map(str.isdigit, made)) and any(map(str.isupper, made)):
                return made

    return until


TOKENS: dict[str, Make] = {
    "aws-access-key": any_of(of(BASE32, 16, head="AK" + "IA"), of(BASE32, 16, head="AS" + "IA")),
    "gcp-api-key": of(URLSAFE, 35, head="AI" + "za"),
    "google-client-secret": of(URLSAFE, 28, head="GOC" + "SPX-"),
    "google-access-token": of(URLSAFE, 160, head="ya" + "29.a0"),
    "azure-client-secret": joined(of(ALNUM, 3), of(DIGITS, 1), "Q" + "~", of(ALNUM + "._~-", 33), of(ALNUM, 1)),
    "github": any_of(*(checked("gh" + kind) for kind in "pousr")),
    "github-unchecked": of(ALNUM, 36, head="gh" + "p_"),
    "github-fine-grained": joined("github" + "_pat_", of(ALNUM, 22), "_", of(ALNUM, 59)),
    "gitlab": any_of(*(of(URLSAFE[:-2], 20, head=f"gl{kind}-") for kind in ("pat", "dt", "rt", "ft", "soat"))),
    "slack-bot": joined("xo" + "xb-", of(DIGITS, 12), "-", of(DIGITS, 13), "-", of(ALNUM, 24)),
    "slack-user": joined("xo" + "xp-", of(DIGITS, 12), "-", of(DIGITS, 12), "-", of(DIGITS, 13), "-", of(HEX, 32)),
    "slack-app": joined("xa" + "pp-1-A", of(UPPER + DIGITS, 10), "-", of(DIGITS, 13), "-", of(HEX, 64)),
    "slack-webhook": joined(
        "https://hooks.sla" + "ck.com/services/T",
        of(UPPER + DIGITS, 8), "/B", of(UPPER + DIGITS, 8), "/", of(ALNUM, 24),
    ),
    "stripe": any_of(*(of(ALNUM, size, head=f"{kind}k_{mode}_")
                       for kind in "sr" for mode in ("live", "test") for size in (24, 99))),
    "stripe-webhook": of(ALNUM, 32, head="wh" + "sec_"),
    "openai-old": joined("s" + "k-", of(ALNUM, 20), "T3Blbk" + "FJ", of(ALNUM, 20)),
    "openai-project": joined("s" + "k-proj-", of(URLSAFE, 74), "T3Blbk" + "FJ", of(ALNUM, 74)),
    "anthropic": joined("s" + "k-ant-api03-", of(URLSAFE, 93), "AA"),
    "huggingface": of(LOWER + UPPER, 34, head="h" + "f_"),
    "groq": of(ALNUM, 52, head="gs" + "k_"),
    "replicate": of(ALNUM, 37, head="r" + "8_"),
    "perplexity": of(ALNUM, 48, head="pp" + "lx-"),
    "openrouter": of(HEX, 64, head="s" + "k-or-v1-"),
    "twilio": of(HEX, 32, head="S" + "K"),
    "sendgrid": joined("S" + "G.", of(URLSAFE, 22), ".", of(URLSAFE, 42), of(ALNUM, 1)),
    "mailgun": of(HEX, 32, head="ke" + "y-"),
    "mailchimp": joined(of(HEX, 32), "-us", of("123456789", 1)),
    "brevo": joined("xkey" + "sib-", of(HEX, 64), "-", of(ALNUM, 16)),
    "resend": joined("r" + "e_", of(ALNUM, 8), "_", of(ALNUM, 24)),
    "npm": checked("np" + "m"),
    "pypi": of(URLSAFE, 160, head="pyp" + "i-AgEIcHlwaS5vcmc", tail="k"),
    "rubygems": of(HEX, 48, head="ruby" + "gems_"),
    "docker-hub": of(URLSAFE[:-2], 27, head="dck" + "r_pat_"),
    "digitalocean": of(HEX, 64, head="do" + "p_v1_"),
    "newrelic": of(UPPER + DIGITS, 27, head="NR" + "AK-"),
    "sentry": of(HEX, 64, head="sntr" + "yu_"),
    "shopify": of(HEX, 32, head="shp" + "at_"),
    "square": joined("sq0" + "csp-", of(URLSAFE, 42), of(ALNUM, 1)),
    "square-access": joined("EA" + "AA", of(URLSAFE, 59), of(ALNUM, 1)),
    "paypal-braintree": joined("access" + "_token$production$", of(LOWER + DIGITS, 16), "$", of(HEX, 32)),
    "discord-bot": joined("M", of(ALNUM, 23), ".", of(URLSAFE, 6), ".", of(URLSAFE, 26), of(ALNUM, 1)),
    "discord-webhook": joined("https://disc" + "ord.com/api/webhooks/", of("123456789", 18), "/", of(ALNUM, 68)),
    "telegram": joined(of("123456789", 10), ":" + "AA", of(URLSAFE, 32), of(ALNUM, 1)),
    "atlassian": of(ALNUM + "-_", 175, head="ATA" + "TT3xFfGF0", tail="=1A2B3C4D"),
    "linear": of(ALNUM, 40, head="lin" + "_api_"),
    "notion": any_of(of(ALNUM, 43, head="secr" + "et_"), of(ALNUM, 46, head="nt" + "n_")),
    "databricks": of(HEX, 32, head="da" + "pi"),
    "vault": of(URLSAFE[:-2], 90, head="hv" + "s."),
    "terraform-cloud": joined(of(ALNUM, 14), ".atla" + "sv1.", of(ALNUM, 67)),
    "pulumi": of(HEX, 40, head="pu" + "l-"),
    "grafana": joined("gls" + "a_", of(ALNUM, 32), "_", of(HEX, 8)),
    "age": of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58, head="AGE-SEC" + "RET-KEY-1"),
    "airtable": joined("pa" + "t", of(ALNUM, 14), ".", of(HEX, 64)),
    "figma": of(ALNUM + "-", 39, head="fig" + "d_", tail="a"),
    "doppler": of(ALNUM, 43, head="dp" + ".pt."),
    "dynatrace": joined("dt0" + "c01.", of(BASE32, 24), ".", of(BASE32, 64)),
    "planetscale": of(ALNUM, 43, head="psca" + "le_tkn_"),
    "postman": joined("PM" + "AK-", of(HEX, 24), "-", of(HEX, 34)),
    "supabase": of(HEX, 40, head="sb" + "p_"),
    "tailscale": joined("tsk" + "ey-auth-", of(ALNUM, 12), "CNTRL-", of(ALNUM, 32)),
    "jwt": jwt,
    "private-key": any_of(
        *(key_block(f"{kind}PRIVATE" + " KEY") for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "))
    ),
    "pgp-key": key_block("PGP PRIVATE" + " KEY BLOCK"),
}  # fmt: skip
"""Format → what makes a token of it, which says what it is wherever it stands."""

NAMED: dict[str, tuple[tuple[str, ...], Make]] = {
    "aws-secret-key": (("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "SecretAccessKey"), of(BASE64, 40)),
    "aws-session-token": (("aws_session_token", "SessionToken"), of(BASE64, 300)),
    "azure-storage": (("AccountKey", "AZURE_STORAGE_KEY"), of(BASE64, 86, tail="==")),
    "cloudflare": (("CLOUDFLARE_API_TOKEN", "cf_api_token"), of(URLSAFE[:-2], 40)),
    "datadog": (("DD_API_KEY", "datadog_api_key"), of(HEX, 32)),
    "heroku": (("HEROKU_API_KEY", "heroku_token"), new_uuid),
    "twilio-auth": (("TWILIO_AUTH_TOKEN", "twilioAuthToken"), of(HEX, 32)),
    "mailgun-named": (("MAILGUN_API_KEY",), joined(of(HEX, 32), "-", of(HEX, 8), "-", of(HEX, 8))),
    "django": (("SECRET_KEY",), of(LOWER + DIGITS + "!@#%^&*(-_=+)", 48, head="a", tail="b")),
    "flask": (("SECRET_KEY", "JWT_SECRET", "session_secret"), of(HEX, 64)),
    "generic-password": (("password", "DB_PASSWORD", "adminPassword", "smtp_passwd", "POSTGRES_PASSWORD"), password),
    "generic-key": (
        ("api_key", "API_KEY", "apiKey", "x-api-key", "service_api_key", "client_secret", "CLIENT_SECRET"),
        any_of(nonempty(of(ALNUM, 24)), nonempty(of(ALNUM, 40)), of(HEX, 40), nonempty(of(URLSAFE[:-2], 32))),
    ),
    "generic-token": (
        ("auth_token", "access_token", "ACCESS_TOKEN", "refreshToken", "bot_token", "secret"),
        any_of(nonempty(of(ALNUM, 20)), nonempty(of(ALNUM, 32)), of(HEX, 32), nonempty(of(URLSAFE[:-2], 48))),
    ),
    "encryption-key": (("ENCRYPTION_KEY", "signing_key", "hmacKey"), of(BASE64, 43, tail="=")),
}
"""Format → names that it is known by, and what makes one; without its name nobody could tell."""

SHAPED: dict[str, tuple[str, Make]] = {
    "postgres-url": ("DATABASE_URL=postgresql://app:{}@db.internal:5432/orders", nonempty(of(ALNUM, 18))),
    "mongodb-url": ("uri: mongodb+srv://svc:{}@cluster0.mongodb.net/?retryWrites=true", nonempty(of(ALNUM, 16))),
    "redis-url": ("REDIS_URL=redis://:{}@cache:6379/0", nonempty(of(ALNUM, 20))),
    "amqp-url": ("broker = 'amqp://worker:{}@mq.internal:5672//'", nonempty(of(ALNUM, 14))),
    "basic-auth-url": ("git clone https://deploy:{}@git.corp.internal/team/app.git", nonempty(of(ALNUM, 22))),
    "jdbc": (
        "jdbc:sqlserver://db:1433;databaseName=x;user=sa;password={};encrypt=true",
        nonempty(of(ALNUM + "!#*", 16)),
    ),
    "odbc": ("Server=tcp:db;Database=x;User ID=app;Password={};Encrypt=True;", nonempty(of(ALNUM + "!#*", 18))),
    "bearer": ("curl -H 'Authorization: Bearer {}' https://svc.internal/v1", nonempty(of(URLSAFE[:-2], 40))),
    "basic": ("Authorization: Basic {}", lambda c: base64.b64encode(f"svc:{of(ALNUM, 14)(c)}".encode()).decode()),
    "netrc": ("machine api.internal login deploy password {}", nonempty(of(ALNUM, 20))),
    "npmrc": ("//registry.npmjs.org/:_authToken={}", new_uuid),
    "docker-auth": (
        '{{"auths": {{"registry.internal": {{"auth": "{}"}}}}}}',
        lambda c: base64.b64encode(f"robot:{of(ALNUM, 20)(c)}".encode()).decode(),
    ),
    "azure-sas": (
        "https://acct.blob.core.windows.net/c/f?sv=2023-01-03&sp=r&se=2026-01-01&sig={}",
        lambda c: (
            base64.b64encode(c.randbytes(32)).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        ),
    ),
    "curl-user": ("curl -u admin:{} https://svc.internal/health", nonempty(of(ALNUM, 16))),
    "kubeconfig": ("    token: {}", nonempty(of(ALNUM, 48))),
    "table": ("| admin password | {} |", nonempty(of(ALNUM, 14))),
    "xml": ("<connection><password>{}</password></connection>", nonempty(of(ALNUM, 14))),
    "php": ("define('DB_PASSWORD', '{}');", password),
    "php-array": ("    'password' => '{}',", password),
    "java": ('private String dbPassword = "{}";', password),
    "typed-python": ('    password: str = "{}"', password),
    "c": ('#define WIFI_PASSWORD "{}"', password),
    "properties": ("spring.datasource.password={}", password),
    "option": ("deploy --user admin --password {} --yes", nonempty(of(ALNUM, 14))),
    "option-key": ("tool --api-key={} push", nonempty(of(ALNUM, 32))),
    "docker-option": ("docker run -e DB_PASSWORD={} app:1", nonempty(of(ALNUM, 16))),
    "mysql-option": ("mysql -u root -p{} shop", nonempty(of(ALNUM, 12))),
    "sshpass": ("sshpass -p '{}' ssh root@host", nonempty(of(ALNUM, 12))),
    "query": ("GET https://api.internal/v1/items?api_key={}&page=2", nonempty(of(ALNUM, 32))),
    "chat-password": ("the password is {}, please keep it to yourself", nonempty(of(ALNUM, 12))),
    "chat-login": ("you can log in with these creds: admin:{}", nonempty(of(ALNUM, 14))),
    "chat-key": ("My API key is {}", nonempty(of(ALNUM, 36))),
    "arguments": ('requests.get(url, auth=("admin", "{}"))', nonempty(of(ALNUM, 16))),
    "kubernetes": ("- name: DB_PASSWORD\n  value: {}", nonempty(of(ALNUM, 16))),
    "ansible": ("ansible_become_pass: {}", nonempty(of(ALNUM, 12))),
    "header": ("X-Auth-Token: {}", of(HEX, 32)),
    "git-address": ("git clone https://oauth2:{}@git.corp.internal/a/b.git", nonempty(of(ALNUM, 30))),
    "aws-line": ("AK" + "IA7QRSTUVWXYZ23456,{}", of(BASE64, 40)),
    "escaped-json": ('"{{\\"password\\": \\"{}\\", \\"user\\": \\"a\\"}}"', nonempty(of(ALNUM, 14))),
    "azure-service-bus": (
        "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}",
        of(BASE64, 43, tail="="),
    ),
}
"""Format → the line that it stands in, and what makes one."""

SETTINGS = (
    "{name}={value}",
    'export {name}="{value}"',
    "{name}: {value}",
    '  {name}: "{value}"',
    '{{"{name}": "{value}", "region": "eu-west-1"}}',
    "{name} = '{value}'",
    'const {name} = "{value}";',
    'os.environ["{name}"] = "{value}"',
    "ENV {name}={value}",
    '<add key="{name}" value="{value}" />',
    "- name: {name}\n  value: {value}",
    'client = Client({name}="{value}", timeout=30)',
    "2026-01-02 10:11:12 INFO loaded {name}={value} from the environment",
    "| {name} | `{value}` |",
    "{name} := `{value}`",
)
"""What a value and its name stand in."""

ANYWHERE = (
    "here is the new one: {value}",
    "hey, can you rotate {value} please? it was in the logs",
    "Use `{value}` for staging.",
    "```\n{value}\n```",
    'login("{value}")',
    "GET /v1/items?auth={value}&page=2 HTTP/1.1",
    '{{"text": "first\\n{value}\\nlast"}}',
    "[2026-01-02T10:11:12Z] request failed, credential {value}: 403",
    "({value})",
    "curl -H 'X-Key: {value}' https://api.example.com",
    "# old: {value}",
)
"""What a token that says what it is may stand in, too."""


def secrets(chance: random.Random, each: int) -> list[tuple[str, str, str]]:
    """Return (format, text, secret), so many of each format."""
    made: list[tuple[str, str, str]] = []
    for _ in range(each):
        for kind, make in TOKENS.items():
            value = make(chance)
            context = chance.choice(SETTINGS + ANYWHERE)
            name = chance.choice(["TOKEN", "api_key", "serviceKey", "value", "KEY_1", "deploy"])
            if "\n" in value and ("\\n" in context or chance.random() < 0.5):
                value = value.replace("\n", "\\n")
            made.append((kind, context.format(name=name, value=value), value))
        for kind, (names, make) in NAMED.items():
            value = make(chance)
            made.append((kind, chance.choice(SETTINGS).format(name=chance.choice(names), value=value), value))
        for kind, (context, make) in SHAPED.items():
            value = make(chance)
            made.append((kind, context.format(value), value))
    return made


def harmless(chance: random.Random, each: int) -> list[str]:
    """Return lines that look as if they held a secret and hold none, so many of each sort."""

    def image() -> str:
        return base64.b64encode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + chance.randbytes(90)).decode()

    def hexed(size: int) -> str:
        return "".join(chance.choices(HEX, k=size))

    number = chance.randrange
    sorts: list[Callable[[], str]] = [
        lambda: f"id: {new_uuid(chance)}",
        lambda: f'{{"request_id": "{new_uuid(chance)}", "status": 200}}',
        lambda: f"commit {hexed(40)}",
        lambda: f"GITHUB_SHA={hexed(40)}",
        lambda: f"image: registry.internal/app@sha256:{hexed(64)}",
        lambda: f'"integrity": "sha512-{base64.b64encode(chance.randbytes(64)).decode()}",',
        lambda: f"    --hash=sha256:{hexed(64)} \\",
        lambda: f'{{ url = "https://files.internal/{hexed(2)}/{hexed(60)}/x-1.0.whl", hash = "sha256:{hexed(64)}" }}',
        lambda: f"md5sum: {hexed(32)}  archive.tar.gz",
        lambda: f'ETag: "{hexed(32)}"',
        lambda: f"trace_id={hexed(32)} span_id={hexed(16)}",
        lambda: f'<img src="data:image/png;base64,{image()}">',
        lambda: f"background: url(data:image/png;base64,{image()})",
        lambda: f"icon = '{image()}'",
        lambda: f'{chance.choice(["api_key", "token", "password"])} = "{chance.choice(PLACEHOLDERS)}"',
        lambda: f"{chance.choice(['API_KEY', 'DB_PASSWORD', 'AUTH_TOKEN'])}={chance.choice(PLACEHOLDERS)}",
        lambda: f"Authorization: Bearer {chance.choice(PLACEHOLDERS)}",
        lambda: chance.choice(CODE),
        lambda: f"cache_key = '{hexed(32)}'",
        lambda: f'password_hash: "$2b$12${of(ALNUM, 53)(chance)}"',
        lambda: f"public_key = '{of(BASE64, 43)(chance)}='",
        lambda: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{of(BASE64, 43)(chance)} user@host",
        lambda: f'"primary_key": {number(10**6)}, "next_token": "{hexed(24)}"',
        lambda: f"order {number(10**9)} shipped, tracking 1Z{of(UPPER + DIGITS, 16)(chance)}",
        lambda: f"https://docs.google.com/document/d/{of(URLSAFE, 44)(chance)}/edit",
        lambda: f"v{number(9)}.{number(20)}.{number(99)}-rc{number(9)} ({hexed(7)})",
        lambda: f"github.com/a/b v1.{number(9)}.0 h1:{of(BASE64, 43)(chance)}=",
        lambda: f'checksum = "{hexed(64)}"',
        lambda: key_block("CERTIFICATE")(chance),
        lambda: key_block("PUBLIC KEY")(chance),
        lambda: f"pk_live_{of(ALNUM, 24)(chance)}",
        lambda: f'"kty": "EC", "x": "{of(URLSAFE, 43)(chance)}", "y": "{of(URLSAFE, 43)(chance)}"',
        lambda: f"csrfmiddlewaretoken={of(ALNUM, 64)(chance)}",
        lambda: f"traceparent: 00-{hexed(32)}-{hexed(16)}-01",
        lambda: f"x-amz-id-2: {of(BASE64, 76)(chance)}",
        lambda: f'client_id = "{of(ALNUM, 32)(chance)}"',
        lambda: f'kms_key_id = "arn:aws:kms:eu-west-1:{number(10**11, 10**12)}:key/{new_uuid(chance)}"',
        lambda: f"fingerprint: SHA256:{of(BASE64, 43)(chance)}",
        lambda: f"transaction 0x{hexed(64)} from 0x{hexed(40)}",
        lambda: f"postgres://user:{chance.choice(['password', 'pass', '${DB_PASS}', '<password>'])}@localhost:5432/db",
    ]
    return [sort() for _ in range(each) for sort in sorts]


PLACEHOLDERS = (
    "YOUR_API_KEY", "your-token-here", "<token>", "xxxxxxxxxxxxxxxx", "changeme", "${API_KEY}", "{{ vault_token }}",
    "os.environ['API_KEY']", "REPLACE_ME", "********", "...", "example", "$TOKEN", "<your-password>",
    "my-secret-token", "$(cat /run/key)", "process.env.API_KEY", "sk-" + "x" * 32, "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "X" * 36,
    "1234567890abcdef1234567890abcdef", "abcdefghijklmnopqrstuvwxyz", "test", "password", "secret", "dummy_key",
    "%(password)s", "{token}", "null", "insert-key-here", "placeholder", "TODO", "00000000000000000000000000000000",
)  # fmt: skip

CODE = (
    "password = getpass.getpass('Password: ')",
    "token = self._get_token(request)",
    "def login(self, username: str, password: str) -> Token:",
    "if not secret: raise ValueError('the secret is required')",
    "api_key = config['api_key']",
    "secret_name: prod/database/credentials",
    "max_tokens=4096, token_type='bearer', auth_method='client_secret_basic'",
    "const { data: { accessToken } } = await client.refreshToken(refreshToken);",
    "valueFrom: { secretKeyRef: { name: db-credentials, key: password } }",
    "Please reset your password; the token is valid for 24 hours.",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    "kwargs.setdefault('password', settings.DATABASE_PASSWORD)",
    "password-policy: minimum-length-12",
    "Forgot your password? Enter the code that we sent to you.",
    "SECRET_KEY_LENGTH = 32",
    "aws_secret_access_key = var.aws_secret_access_key",
    '<input type="password" name="password" placeholder="Password">',
    "PASSWORD_RESET_TIMEOUT_DAYS = 3",
    "secretName: my-tls-secret",
    'token_endpoint = "https://login.example.org/oauth/token"',
    "token: Token = Depends(get_current_token)",
    "secret_key: str = Field(..., min_length=32)",
    '"password": "Passwort vergessen?"',
    "Password must contain at least 8 characters and 1 digit",
    "kubectl create secret generic db --from-literal=password=$PASSWORD",
    "private_key_path: ~/.ssh/id_ed25519",
    'api_version = "2024-02-15-preview"',
    "function a(b,c){var d=b[c];return d.token||d.key?e(d.token):null}",
    "{password:e.password,token:t.token,secret:n}",
    "docker run -u 1000:1000 image; tar -xf a.tar; chown -u root:wheel x",
    "pwd: /home/user/project",
    "AUTH_USER_MODEL = 'accounts.User'",
    "author: Jane Doe; keyboard: qwerty; monkey=banana42",
    "apiVersion: v1",
    "Bearer authentication is required; Basic authentication is supported.",
)
