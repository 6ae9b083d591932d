"""Values that are secrets by their names, where a provider's values have no prefix."""

from __future__ import annotations

from typing import Final

from agentcore.detectors.secret_rule import Rule, named, owned

_UUID: Final = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_HEX32: Final = r"[0-9a-f]{32}"
_HEX40: Final = r"[0-9a-f]{40}"

_NAMED: Final = (
    ("aws-secret-key", "AWS_SECRET_KEY", "secret+access+key aws+secret aws+key", r"[A-Za-z0-9/+]{40}"),
    ("aws-session-token", "AWS_SESSION_TOKEN", "session+token security+token", r"[A-Za-z0-9/+=%]{80,4000}"),
    ("azure-storage", "AZURE_KEY", "account+key storage+key", r"[A-Za-z0-9+/]{86}=="),
    ("azure-shared-access", "AZURE_KEY", "shared+access+key primary+key secondary+key", r"[A-Za-z0-9+/]{43}="),
    ("azure-subscription", "AZURE_KEY", "subscription+key", r"[0-9a-f]{32}"),
    ("cloudflare-global", "CLOUDFLARE_KEY", "x-auth-key", r"[0-9a-f]{37}"),
    ("wireguard", "PRIVATE_KEY", "private+key preshared+key", r"[A-Za-z0-9+/]{43}="),
    ("rails-master", "RAILS_KEY", "rails+master+key master+key", _HEX32),
    ("rails-secret", "RAILS_KEY", "secret+key+base", r"[0-9a-f]{64,128}"),
    ("django", "DJANGO_SECRET_KEY", "secret_key", r"(?:django-insecure-)?[\w!@#$%^&*(+=)-]{50}"),
    ("kube-client-key", "PRIVATE_KEY", "client-key-data", r"[A-Za-z0-9+/]{60,8000}={0,2}"),
)

_OWNED: Final = (
    ("aws-named", "AWS_SECRET_KEY", "aws amazon", r"[A-Za-z0-9/+]{40}"),
    ("azure-devops", "AZURE_DEVOPS_TOKEN", "azure devops vsts ado+", r"[a-z2-7]{52}"),
    ("azure-named", "AZURE_KEY", "azure openai cosmos cognitive apim", r"(?:[0-9a-f]{32}|[A-Za-z0-9+/]{86}==)"),
    ("alibaba-secret", "ALIBABA_SECRET_KEY", "alibaba aliyun alicloud", r"[A-Za-z0-9]{30}"),
    ("tencent-secret", "TENCENT_SECRET_KEY", "tencent", r"[A-Za-z0-9]{32}"),
    ("heroku", "HEROKU_KEY", "heroku", _UUID),
    ("scaleway", "SCALEWAY_KEY", "scaleway scw", _UUID),
    ("railway", "RAILWAY_TOKEN", "railway", _UUID),
    ("postmark", "POSTMARK_TOKEN", "postmark", _UUID),
    ("snyk-uuid", "SNYK_TOKEN", "snyk", _UUID),
    ("codecov", "CODECOV_TOKEN", "codecov", rf"(?:{_UUID}|{_HEX32})"),
    ("opsgenie", "OPSGENIE_KEY", "opsgenie", _UUID),
    ("mongodb-atlas", "MONGODB_ATLAS_KEY", "atlas mongodb", _UUID),
    ("datadog", "DATADOG_KEY", "datadog dd+", rf"(?:{_HEX40}|{_HEX32}|ddapp_[A-Za-z0-9]{{34}})"),
    ("cloudflare", "CLOUDFLARE_KEY", "cloudflare cf+", r"(?:[\w-]{40}|[0-9a-f]{37})"),
    ("twilio-auth", "TWILIO_KEY", "twilio", _HEX32),
    ("newrelic-named", "NEW_RELIC_KEY", "new+relic newrelic", rf"(?:{_HEX40}|[0-9a-f]{{64}})"),
    ("sentry-named", "SENTRY_TOKEN", "sentry", r"[0-9a-f]{64}"),
    ("github-named", "GITHUB_TOKEN", "github gh+", _HEX40),
    ("gitlab-named", "GITLAB_TOKEN", "gitlab", r"[\w-]{20}"),
    ("atlassian-named", "ATLASSIAN_TOKEN", "atlassian jira confluence bitbucket", r"[A-Za-z0-9]{24}"),
    ("circleci-named", "CIRCLECI_TOKEN", "circle", _HEX40),
    ("travis", "TRAVIS_TOKEN", "travis", r"[\w-]{22}"),
    ("vercel-named", "VERCEL_TOKEN", "vercel zeit", r"[A-Za-z0-9]{24}"),
    ("netlify-named", "NETLIFY_TOKEN", "netlify", r"[\w-]{40,46}"),
    ("sonar-named", "SONAR_TOKEN", "sonar", _HEX40),
    ("mailgun-named", "MAILGUN_KEY", "mailgun", r"[0-9a-f]{32}(?:-[0-9a-f]{8}-[0-9a-f]{8})?"),
    ("paypal", "PAYPAL_SECRET", "paypal braintree", r"(?:[AE][\w-]{79}|[0-9a-f]{32})"),
    ("square-named", "SQUARE_TOKEN", "square", r"EAAA[\w-]{60}"),
    ("plaid-named", "PLAID_TOKEN", "plaid", r"[0-9a-f]{30}"),
    ("snowflake", "SNOWFLAKE_SECRET", "snowflake snowsql", r"[^\s\"'`<>;,]{8,400}"),
    ("databricks-named", "DATABRICKS_TOKEN", "databricks", r"[0-9a-f]{32,36}"),
    ("okta-named", "OKTA_TOKEN", "okta", r"(?:00[\w-]{40}|[\w-]{40,64})"),
    ("discord-named", "DISCORD_TOKEN", "discord", r"[\w-]{32}"),
    ("twitter-named", "TWITTER_TOKEN", "twitter consumer",
     r"(?:\d{6,20}-[A-Za-z0-9]{30,50}|[A-Za-z0-9]{25}|[A-Za-z0-9]{45,50})"),
    ("facebook-named", "FACEBOOK_TOKEN", "facebook fb+ instagram meta+", _HEX32),
    ("linkedin", "LINKEDIN_SECRET", "linkedin", r"(?:WPL_AP1\.[\w.=+/]{16,60}|[A-Za-z0-9]{16})"),
    ("twitch", "TWITCH_TOKEN", "twitch", r"(?:oauth:)?[a-z0-9]{30}"),
    ("spotify", "SPOTIFY_SECRET", "spotify", _HEX32),
    ("zendesk", "ZENDESK_TOKEN", "zendesk", r"[A-Za-z0-9]{40}"),
    ("pagerduty-named", "PAGERDUTY_KEY", "pagerduty pager+duty", r"(?:[\w+-]{20}|[0-9a-f]{32})"),
    ("algolia", "ALGOLIA_KEY", "algolia", _HEX32),
    ("fastly", "FASTLY_TOKEN", "fastly", r"[\w-]{32}"),
    ("trello", "TRELLO_KEY", "trello", rf"(?:{_HEX32}|[0-9a-f]{{64}}|ATTA[0-9a-fA-F]{{72}})"),
    ("dropbox-named", "DROPBOX_TOKEN", "dropbox", r"[a-z0-9]{15}"),
    ("intercom", "INTERCOM_TOKEN", "intercom", r"[\w=]{60}"),
    ("cohere", "COHERE_KEY", "cohere co+api", r"[A-Za-z0-9]{40}"),
    ("mistral", "MISTRAL_KEY", "mistral", r"[A-Za-z0-9]{32}"),
    ("deepgram", "DEEPGRAM_KEY", "deepgram", _HEX40),
    ("assemblyai", "ASSEMBLYAI_KEY", "assembly", _HEX32),
    ("wandb-named", "WANDB_KEY", "wandb", _HEX40),
    ("together-named", "TOGETHER_KEY", "together", r"[0-9a-f]{64}"),
    ("linode", "LINODE_TOKEN", "linode", r"[0-9a-f]{64}"),
    ("hetzner", "HETZNER_TOKEN", "hetzner hcloud", r"[A-Za-z0-9]{64}"),
    ("vultr", "VULTR_KEY", "vultr", r"[A-Z0-9]{36}"),
    ("confluent", "CONFLUENT_KEY", "confluent kafka", r"(?:[A-Z0-9]{16}|[A-Za-z0-9+/]{64})"),
    ("elastic", "ELASTIC_KEY", "elastic", r"[A-Za-z0-9+/=_-]{40,80}"),
    ("binance", "CRYPTO_EXCHANGE_KEY", "binance kraken coinbase bitfinex kucoin", r"[A-Za-z0-9+/]{43,88}={0,2}"),
    ("infura", "INFURA_KEY", "infura alchemy etherscan", r"[\w-]{32,34}"),
    ("rollbar", "ROLLBAR_TOKEN", "rollbar bugsnag honeybadger amplitude mixpanel", _HEX32),
    ("artifactory-named", "ARTIFACTORY_KEY", "artifactory jfrog", r"[A-Za-z0-9]{64,73}"),
    ("docker-named", "DOCKER_TOKEN", "docker", rf"(?:{_UUID})"),
    ("asana-named", "ASANA_TOKEN", "asana", _HEX32),
    ("launchdarkly-named", "LAUNCHDARKLY_KEY", "launchdarkly", _HEX40),
    ("newsapi", "WEB_API_KEY", "newsapi openweather giphy weather", _HEX32),
)  # fmt: skip

NAMES: Final[tuple[Rule, ...]] = (*map(named, _NAMED), *map(owned, _OWNED))
"""The rules of all these names."""
