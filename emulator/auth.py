"""O5LOGON with the 12c verifier: how a client proves its password without sending it. Pure: no sockets.

Source: python-oracledb 26.1.0, thin mode, read as specification; checked against that driver.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

#: Rounds of PBKDF2 for the verifier and for the session key; the client obeys what the server says.
VERIFIER_ROUNDS = 4096
SESSION_ROUNDS = 3
#: Flags of AUTH_VFR_DATA: the 12c verifier.
VERIFIER_FLAGS = 0x4815
_SALT_SUFFIX = b"AUTH_PBKDF2_SPEEDY_KEY"
_BLOCK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is stored of a password: 16 bytes salt, 64 bytes hash."""

    salt: bytes
    hash: bytes

    def matches(self, password: str) -> bool:
        """Tell whether a password is the one that was stored."""
        return hmac.compare_digest(_hash(password, self.salt), self.hash)

    @property
    def key(self) -> bytes:
        """The AES-256 key of the exchange."""
        return self.hash[:32]


def make_verifier(password: str) -> Verifier:
    """Return a new verifier of a password."""
    salt = secrets.token_bytes(16)
    return Verifier(salt, _hash(password, salt))


def made_up_verifier(user: str) -> Verifier:
    """Return the verifier of a user who does not exist: the exchange ends in ORA-01017 like a wrong password."""
    seed = hashlib.sha512(_MADE_UP_SECRET + user.encode()).digest()
    return Verifier(seed[:16], hashlib.sha512(seed).digest())


_MADE_UP_SECRET = secrets.token_bytes(16)


class Exchange:
    """The server's side of one logon."""

    def __init__(self, verifier: Verifier) -> None:
        """Draw the server's half of the session key."""
        self._verifier = verifier
        self._server_half = secrets.token_bytes(32)
        self._salt = secrets.token_bytes(16)
        self._combined: bytes | None = None

    def challenge(self) -> list[tuple[str, str, int]]:
        """Return the pairs (name, value, flags) of the answer to phase one."""
        return [
            ("AUTH_SESSKEY", _hex(_encrypt(self._verifier.key, self._server_half)), 0),
            ("AUTH_VFR_DATA", _hex(self._verifier.salt), VERIFIER_FLAGS),
            ("AUTH_PBKDF2_CSK_SALT", _hex(self._salt), 0),
            ("AUTH_PBKDF2_VGEN_COUNT", str(VERIFIER_ROUNDS), 0),
            ("AUTH_PBKDF2_SDER_COUNT", str(SESSION_ROUNDS), 0),
        ]

    def verify(self, session_key: str, password: str) -> bool:
        """Tell whether phase two's AUTH_SESSKEY and AUTH_PASSWORD prove the password."""
        try:
            client_half = _decrypt(self._verifier.key, bytes.fromhex(session_key)[:32])
            text = (client_half + self._server_half).hex().upper().encode()
            self._combined = hashlib.pbkdf2_hmac("sha512", text, self._salt, SESSION_ROUNDS, 32)
            plain = self.decrypt_password(password)
        except ValueError:  # odd hex digits, bad padding, no UTF-8: all of it is a wrong password
            return False
        return hmac.compare_digest(_hash(plain, self._verifier.salt), self._verifier.hash)

    def decrypt_password(self, value: str) -> str:
        """Return a password that was sent under the session key.

        Raises:
            ValueError: It was not, or no session key is agreed yet.
        """
        if self._combined is None:
            raise ValueError("no session key")
        data = _decrypt(self._combined, bytes.fromhex(value))
        padding = data[-1] if data else 0
        if not 1 <= padding <= _BLOCK_BYTES:
            raise ValueError("bad padding")
        return data[_BLOCK_BYTES:-padding].decode()

    def proof(self) -> str:
        """Return AUTH_SVR_RESPONSE, by which the client knows the server."""
        assert self._combined is not None  # noqa: S101 - verify() came first
        plain = secrets.token_bytes(16) + b"SERVER_TO_CLIENT" + bytes([_BLOCK_BYTES]) * _BLOCK_BYTES
        return _hex(_encrypt(self._combined, plain))


@functools.lru_cache(maxsize=256)
def _hash(password: str, salt: bytes) -> bytes:
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt + _SALT_SUFFIX, VERIFIER_ROUNDS, 64)
    return hashlib.sha512(key + salt).digest()


def _hex(data: bytes) -> str:
    return data.hex().upper()


def _encrypt(key: bytes, data: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(bytes(_BLOCK_BYTES))).encryptor()
    return cipher.update(data) + cipher.finalize()


def _decrypt(key: bytes, data: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(bytes(_BLOCK_BYTES))).decryptor()
    return cipher.update(data) + cipher.finalize()
