"""Vault: seals what is personal under a key of its subject, and signs checkpoints. Only this module knows ciphers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from agentcore.audit.canonical import canonical
from agentcore.domain.json import JSON

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SUBJECT_BYTES: Final = 8


class SubjectKey:
    """The key of one subject. id: the random name under which the subject stands in the chain."""

    def __init__(self, id: str, key: bytes) -> None:
        self.id = id
        self._cipher = AESGCM(_derived(key, b"seal"))
        self._commit = _derived(key, b"commit")

    def commit(self, value: JSON) -> str:
        """Return a commitment to a value, 64 hexadecimal digits: without the key nobody can tell what it may be."""
        return hmac.digest(self._commit, canonical(value), "sha256").hex()

    def seal(self, data: bytes, place: str) -> bytes:
        """Return data encrypted (AES-256-GCM), to be opened at the same place alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return what was sealed. Raises ValueError when it was changed, or is another's."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise ValueError("it cannot be opened with its subject's key") from error

    def seal_text(self, value: JSON, place: str) -> str:
        """Return a JSON value sealed, as Base64."""
        return base64.b64encode(self.seal(canonical(value), place)).decode()

    def open_text(self, sealed: str, place: str) -> str:
        """Return the JSON text of a value that was sealed. Raises ValueError."""
        return self.open(base64.b64decode(sealed, validate=True), place).decode()


class Vault:
    """What the master secret of a store can do."""

    def __init__(self, secret: bytes) -> None:
        self._wrap = AESGCM(_derived(secret, b"wrap"))
        self._signing = Ed25519PrivateKey.from_private_bytes(_derived(secret, b"sign"))
        self.public_key = self._signing.public_key().public_bytes_raw()
        self.key_id = key_id(self.public_key)

    def new_key(self, tenant: str, user: str) -> tuple[SubjectKey, str]:
        """Return a new key for a user, and its text as it may be stored."""
        id, key = secrets.token_hex(_SUBJECT_BYTES), secrets.token_bytes(_KEY_BYTES)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        wrapped = nonce + self._wrap.encrypt(nonce, key, _owner(tenant, id, user))
        return SubjectKey(id, key), base64.b64encode(wrapped).decode()

    def key(self, tenant: str, id: str, user: str, stored: str) -> SubjectKey:
        """Return a key that was stored. Raises ValueError when it was changed, or stored under another secret."""
        try:
            wrapped = base64.b64decode(stored, validate=True)
            key = self._wrap.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _owner(tenant, id, user))
        except (InvalidTag, ValueError) as error:
            raise ValueError(f"the key of the subject {id} cannot be read with this store's secret") from error
        return SubjectKey(id, key)

    def sign(self, body: bytes) -> str:
        """Return the signature (Ed25519) as hexadecimal digits."""
        return self._signing.sign(body).hex()


def is_signed(public_key: bytes, body: bytes, signature: bytes) -> bool:
    """Return whether the owner of a public key has signed this."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public_key: bytes) -> str:
    """Return the name of a public key: 16 hexadecimal digits."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def _derived(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"agentcore audit " + use).derive(secret)


def _owner(tenant: str, id: str, user: str) -> bytes:
    return canonical([tenant, id, user])
