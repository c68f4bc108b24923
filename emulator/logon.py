"""The logon of one connection: two phases of O5LOGON, the new session, and changes of its password later."""

from __future__ import annotations

from emulator.auth import Exchange, made_up_verifier
from emulator.errors import OraError, RemoteProtocolError
from emulator.session import Database, Logon, Session
from emulator.ttc import messages


class LogonExchange:
    """The server's side of a logon; lives on, because a later change of the password uses its session key."""

    def __init__(self, database: Database, service_name: str) -> None:
        """Begin before phase one.

        Args:
            database: What to log on to.
            service_name: The service that the listener found.
        """
        self._database = database
        self._service_name = service_name
        self._exchange: Exchange | None = None
        self._user = ""
        #: What the client said of itself in phase one.
        self._phase_one: dict[str, str] = {}

    def challenge(self, request: messages.AuthRequest) -> bytes:
        """Answer phase one: the parameters of the challenge. A user who does not exist gets one too."""
        self._user = request.user.strip('"') if request.user.startswith('"') else request.user.upper()
        self._phase_one = request.pairs
        verifier = self._database.verifier(self._user)
        self._exchange = Exchange(verifier or made_up_verifier(self._user))
        return messages.make_parameters(self._exchange.challenge())

    def open_session(self, request: messages.AuthRequest) -> tuple[Session, bytes]:
        """Verify phase two; return the session, and the parameters that tell the client of it.

        Raises:
            OraError: 1017 and what else refuses a user.
            RemoteProtocolError: There was no phase one.
        """
        exchange = self._exchange
        if exchange is None:
            raise RemoteProtocolError("logon phase two before phase one")
        session = self._log_on(exchange, request)
        try:
            if "AUTH_NEWPASSWORD" in request.pairs:
                session.change_password(_new_password(exchange, request.pairs))
        except BaseException:
            session.close(commit=False)
            raise
        attributes = [(key, value, 0) for key, value in session.logon_attributes().items()]
        attributes.append(("AUTH_SVR_RESPONSE", exchange.proof(), 0))
        return session, messages.make_parameters(attributes)

    def _log_on(self, exchange: Exchange, request: messages.AuthRequest) -> Session:
        pairs = {**self._phase_one, **request.pairs}
        verified = exchange.verify(pairs.get("AUTH_SESSKEY", ""), pairs.get("AUTH_PASSWORD", ""))
        if not verified or self._database.verifier(self._user) is None:
            raise OraError(1017)
        proxy = pairs.get("PROXY_CLIENT_NAME")
        return self._database.open_session(
            Logon(
                user=self._user,
                proxy_client=proxy.upper() if proxy else None,
                service_name=self._service_name,
                program=pairs.get("AUTH_PROGRAM_NM", ""),
                machine=pairs.get("AUTH_MACHINE", ""),
                terminal=pairs.get("AUTH_TERMINAL", ""),
                os_user=pairs.get("AUTH_SID", ""),
                process=pairs.get("AUTH_PID", ""),
                driver=pairs.get("SESSION_CLIENT_DRIVER_NAME", ""),
                contexts={(space.upper(), name.upper()): value for space, name, value in request.contexts},
            )
        )

    def change_password(self, session: Session, pairs: dict[str, str]) -> None:
        """Change the password of the session's user, who proves the old one.

        Raises:
            OraError: 28008, the old one is wrong; or what the new one is refused with.
        """
        if self._exchange is None:
            raise RemoteProtocolError("a change of the password before the logon")
        try:
            old = self._exchange.decrypt_password(pairs.get("AUTH_PASSWORD", ""))
            new = self._exchange.decrypt_password(pairs.get("AUTH_NEWPASSWORD", ""))
        except ValueError:
            raise OraError(28008) from None
        verifier = self._database.verifier(self._user)
        if verifier is None or not verifier.matches(old):
            raise OraError(28008)
        session.change_password(new)


def _new_password(exchange: Exchange, pairs: dict[str, str]) -> str:
    try:
        return exchange.decrypt_password(pairs["AUTH_NEWPASSWORD"])
    except ValueError:
        raise OraError(988) from None
