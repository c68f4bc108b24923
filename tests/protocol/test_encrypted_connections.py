"""TCPS, wallets and tnsnames.ora, through the fleet's own way of connecting: TLS ends in front of the server."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleet.errors import DatabaseError
from fleet.sessions import Database, session
from fleet.settings import Settings, load_settings
from tests.fix_emulator import OWNER_PASSWORD, Owner, Primary
from tests.loopback_listener import LoopbackListener

_KEY_PASSWORD = "wallet-secret"


def write_certificate(directory: Path) -> tuple[Path, Path]:
    """Write a key and a certificate for localhost, signed by itself; return their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_path, certificate_path = directory / "server.key", directory / "server.pem"
    no_password, locked = serialization.NoEncryption(), serialization.BestAvailableEncryption(_KEY_PASSWORD.encode())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    key_path.write_bytes(key.private_bytes(*form, no_password))
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    wallet = directory / "wallet"
    wallet.mkdir()
    (wallet / "ewallet.pem").write_bytes(key.private_bytes(*form, locked) + certificate_path.read_bytes())
    return key_path, certificate_path


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def relay(client: socket.socket, server: socket.socket) -> None:
    """Relay both ways until one side ends."""
    with client, server:
        back = threading.Thread(target=pump, args=(server, client))
        back.start()
        pump(client, server)
        back.join()


@pytest.fixture(scope="module")
def certified(primary: Primary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port where TLS is spoken, and the directory of the wallet that trusts it."""
    directory = tmp_path_factory.mktemp("tls")
    key, certificate = write_certificate(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED  # the client shows the wallet's certificate

    def accepted(plain: socket.socket) -> None:
        try:
            client = context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError):  # a client that does not trust the certificate
            plain.close()
            return
        server = socket.create_connection(("127.0.0.1", primary.port))
        threading.Thread(target=relay, args=(client, server), daemon=True).start()

    listener = LoopbackListener(accepted)
    yield listener.port, directory / "wallet"
    listener.close()


def settings_of(owner: Owner, dsn: str, **more: str) -> Settings:
    given = {"db_user": owner.name, "db_password": OWNER_PASSWORD, "db_dsn": dsn, **more}
    return load_settings(overrides=given, environment={})


def answer(settings: Settings) -> str:
    with session(Database.primary(settings), module="test") as connected, connected.cursor() as cursor:
        cursor.execute("select sys_context('userenv', 'service_name') from dual")
        return str(cursor.fetchone()[0])


def test_a_wallet_lets_the_fleet_trust_a_database_over_tls(owner: Owner, certified: tuple[int, Path]) -> None:
    port, wallet = certified
    dsn = f"tcps://localhost:{port}/mypdb_rw"
    wanted = {"wallet_directory": str(wallet), "wallet_password": _KEY_PASSWORD}
    assert answer(settings_of(owner, dsn, **wanted)) == "mypdb_rw"


def test_without_a_wallet_an_unknown_certificate_is_refused(owner: Owner, certified: tuple[int, Path]) -> None:
    port, _ = certified
    with pytest.raises(DatabaseError, match="certificate") as caught:
        answer(settings_of(owner, f"tcps://localhost:{port}/mypdb_rw"))
    assert "WALLET_DIRECTORY" in caught.value.advice


def test_a_wrong_wallet_password_is_an_error_that_does_not_show_it(owner: Owner, certified: tuple[int, Path]) -> None:
    port, wallet = certified
    wrong = {"wallet_directory": str(wallet), "wallet_password": "not-this-one"}
    settings = settings_of(owner, f"tcps://localhost:{port}/mypdb_rw", **wrong)
    with pytest.raises(DatabaseError) as caught:
        answer(settings)
    assert "not-this-one" not in f"{caught.value!r} {settings!r} {Database.primary(settings)!r}"


def test_a_directory_without_a_wallet_is_named(owner: Owner, certified: tuple[int, Path], tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"ewallet\.pem") as caught:
        answer(settings_of(owner, f"tcps://localhost:{certified[0]}/mypdb_rw", wallet_directory=str(tmp_path)))
    assert "WALLET_DIRECTORY" in caught.value.advice


def test_a_dsn_may_be_an_alias_of_tnsnames(owner: Owner, primary: Primary, tmp_path: Path) -> None:
    address = f"(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT={primary.port}))"
    alias = f"PICTURES = (DESCRIPTION={address}(CONNECT_DATA=(SERVICE_NAME=mypdb_rw)))\n"
    (tmp_path / "tnsnames.ora").write_text(alias, encoding="ascii")
    assert answer(settings_of(owner, "pictures", tns_admin=str(tmp_path))) == "mypdb_rw"
    with pytest.raises(DatabaseError, match=r"(?i)photos") as caught:
        answer(settings_of(owner, "photos", tns_admin=str(tmp_path)))
    assert "TNS_ADMIN" in caught.value.advice
