"""An ACME authority (RFC 8555), such as Let's Encrypt, by the libraries `acme` and `josepy` (extra `acme`)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from failover.certificates.proofs import Proof
from service.errors import InvalidInput, OutlastError, Refused, Unavailable

PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"
DEADLINE = timedelta(minutes=5)  # for the authority to look and to issue
REQUEST_SECONDS = 30
MOST_CLOCK_ERROR = timedelta(minutes=10)
"""By which this machine's clock may differ from the authority's: what is left of a certificate is judged by it."""

Prove = Callable[[Sequence[Proof]], AbstractContextManager[None]]
"""Keeps the records of these proofs in DNS while it is open."""

_HINTS: Mapping[str, str] = {
    "caa": "let this authority issue: add its name to the CAA records of the zone",
    "dns": "is the zone delegated? `dig NS` of the domain has to show the hosted zone's own name servers everywhere",
    "unauthorized": "the authority found another record: is the hosted zone the one that the domain is delegated to?",
    "incorrectResponse": "is the hosted zone the one that the domain is delegated to? (--zone-id)",
    "rateLimited": "wait until the time that it names; rehearse with --staging, whose limits are wide",
    "externalAccountRequired": "take a key id and an HMAC key from the authority: --eab-kid, OUTLAST_EAB_HMAC_KEY",
    "rejectedIdentifier": "this authority gives no certificate for that name; --directory names another one",
    "badCSR": "the authority wants another kind of key or of names",
    "connection": "the authority could not reach the zone's name servers; try again",
}


@dataclass(frozen=True)
class Binding:
    """An account that somebody has with the authority already: key id, and HMAC key as base64url."""

    kid: str
    hmac_key: str = field(repr=False)


@dataclass(frozen=True)
class Registrant:
    """Who asks: the account's private key (PEM), an address for warnings, and the account it belongs to elsewhere."""

    account_key: bytes = field(repr=False)
    email: str = ""
    binding: Binding | None = None


def issue(
    directory: str, registrant: Registrant, names: Sequence[str], prove: Prove, *, now: datetime, agent: str
) -> tuple[bytes, str]:
    """A new private key, and the chain of a certificate of it for `names`, both PEM.

    Raises Unavailable or Refused, in the authority's own words, and InvalidInput for an account key that is none.
    """
    acme = _Libraries.load()
    with acme.translate_errors(f"get a certificate for {', '.join(names)} from {directory}"):
        client, key = _connect(acme, directory, registrant, now, agent)
        private = make_certificate_key()
        order = client.new_order(acme.crypto_util.make_csr(private, domains=list(names)))
        challenges = list(_challenges(acme, order, key))
        with prove([(domain, value) for _, domain, value, _ in challenges]):
            for body, _, _, response in challenges:
                client.answer_challenge(body, response)
            # The library compares with the naive clock of this machine.
            order = client.poll_and_finalize(order, datetime.now() + DEADLINE)
    return private, str(order.fullchain_pem)


def make_account_key() -> bytes:
    """ECDSA P-256, as PEM: every ACME authority takes it (RFC 8555, 6.2)."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def make_certificate_key() -> bytes:
    """RSA of 2048 bits, as PEM: what every client and every cloud takes. A new one each time."""
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def _connect(acme: _Libraries, directory: str, registrant: Registrant, now: datetime, agent: str) -> tuple[Any, Any]:
    """A client whose account is known to the authority, and the account's key."""
    key, algorithm = _load_key(acme, registrant.account_key)
    net = acme.client.ClientNetwork(key, alg=algorithm, user_agent=agent, timeout=REQUEST_SECONDS)
    response = net.get(directory)
    check_clock(response.headers.get("Date", ""), now)
    client = acme.client.ClientV2(acme.messages.Directory.from_json(response.json()), net)
    _register(acme, client, key, registrant)
    return client, key


def _load_key(acme: _Libraries, pem: bytes) -> tuple[Any, Any]:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        hint = "write a PEM file with an unencrypted private key, or leave it out to have one made"
        raise InvalidInput(f"the account's key cannot be read: {error}", hint=hint) from error
    if isinstance(key, rsa.RSAPrivateKey):
        return acme.josepy.JWKRSA.load(pem), acme.josepy.RS256
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return acme.josepy.JWKEC.load(pem), acme.josepy.ES256
    raise InvalidInput("the account's key is of a kind that is not taken", hint="make it RSA, or EC of the curve P-256")


def _register(acme: _Libraries, client: Any, key: Any, registrant: Registrant) -> None:
    """Find the account of the key, or open one: whoever asks for certificates agrees to the authority's terms."""
    given: dict[str, Any] = {"terms_of_service_agreed": True}
    if registrant.email:
        given["email"] = registrant.email
    if registrant.binding:
        given["external_account_binding"] = acme.messages.ExternalAccountBinding.from_data(
            key.public_key(), registrant.binding.kid, registrant.binding.hmac_key, client.directory
        )
    try:
        client.new_account(acme.messages.NewRegistration.from_data(**given))
    except acme.errors.ConflictError as known:
        found = acme.messages.RegistrationResource(body=acme.messages.Registration(), uri=known.location)
        client.net.account = found


def _challenges(acme: _Libraries, order: Any, key: Any) -> Iterator[tuple[Any, str, str, Any]]:
    """The challenge of each domain that is not proven yet, the domain, the value of its record, and our answer."""
    for authorization in order.authorizations:
        domain = str(authorization.body.identifier.value)
        if authorization.body.status == acme.messages.STATUS_VALID:
            continue  # the authority remembers it from a while ago
        offered = [one for one in authorization.body.challenges if isinstance(one.chall, acme.challenges.DNS01)]
        if not offered:
            what = f"the authority takes no proof by DNS for {domain}"
            raise Unavailable(what, hint="--directory names another authority")
        response, value = offered[0].response_and_validation(key)
        yield offered[0], domain, str(value), response


def check_clock(date: str, now: datetime) -> None:
    """Compare this machine's clock with the authority's, as its answer's header tells it. Raises Unavailable."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return
    difference = abs(now - theirs.astimezone(UTC))
    if difference > MOST_CLOCK_ERROR:
        what = f"this machine's clock says {now:%Y-%m-%d %H:%M}, the authority's {theirs:%Y-%m-%d %H:%M} UTC"
        raise Unavailable(what, hint="set the clock: a certificate is judged by it, here and by every client")


@dataclass(frozen=True)
class _Libraries:
    """What the extra installs; imported only by who renews."""

    client: Any
    challenges: Any
    crypto_util: Any
    errors: Any
    messages: Any
    josepy: Any
    requests: Any

    @classmethod
    def load(cls) -> _Libraries:
        try:
            parts = [importlib.import_module(f"acme.{name}") for name in cls.__dataclass_fields__ if name not in _ALONE]
            return cls(*parts, *map(importlib.import_module, _ALONE))
        except ImportError as error:
            what = f"a certificate is asked for by a library that is not installed: {error}"
            raise Unavailable(what, hint="pip install 'outlast[acme]'") from error

    @contextmanager
    def translate_errors(self, doing: str) -> Iterator[None]:
        """Raise what the libraries raise in our words; what is in them already passes."""
        try:
            yield
        except OutlastError:
            raise
        except self.errors.ValidationError as error:
            found = [body.error for each in error.failed_authzrs for body in each.body.challenges if body.error]
            raise _refusal(doing, found) from error
        except self.errors.IssuanceError as error:
            raise _refusal(doing, [error.error]) from error
        except self.messages.Error as error:
            raise _refusal(doing, [error, *(error.subproblems or ())]) from error
        except self.errors.TimeoutError as error:
            what = f"could not {doing}: it did not decide within {DEADLINE.total_seconds():.0f} s"
            raise Unavailable(what, hint="renew again: what was proven by then is still known to it") from error
        except self.requests.exceptions.SSLError as error:
            hint = "is this machine's clock right, and does it trust the authority's own certificate?"
            raise Unavailable(f"could not {doing}: {error}", hint=hint) from error
        except (self.errors.Error, self.josepy.errors.Error, self.requests.exceptions.RequestException) as error:
            what = f"could not {doing}: {str(error) or type(error).__name__}"
            raise Unavailable(what, hint="does the address name an ACME directory, and does it answer?") from error


_ALONE = ("josepy", "requests")


def _refusal(doing: str, found: Sequence[Any]) -> OutlastError:
    """The authority's problems, each once; the hint is that of the first which has one."""
    told = "; ".join(dict.fromkeys(f"{one.code or one.typ}: {one.detail}" for one in found))
    hint = next((_HINTS[one.code] for one in found if one.code in _HINTS), "see what it says, then renew again")
    kind = Unavailable if any(one.code in ("serverInternal", "connection") for one in found) else Refused
    return kind(f"could not {doing}: {told}", hint=hint)
