# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates from an authority that speaks ACME. Private to the collection fortytwo.ft_services.

The protocol is the library acme's. Here is what it is asked for, and in which words its refusals are told.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import json
import traceback
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._certificates import CertificateError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import (
    private_folder,
    write_private,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates.pair import (
    Pair,
    covers,
    install,
    read_installed,
)

ACME_ERROR: str | None = None
try:
    import josepy
    import requests
    from acme import challenges, client, crypto_util, errors, messages
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    ACME_ERROR = traceback.format_exc()

ACCOUNT_FILE = "acme-account.key"
WELL_KNOWN = "/.well-known/acme-challenge/"
# Of a certificate's whole time: short ones are renewed later than the number of days says.
LEAST_SHARE = 3
# Seconds that one request may take.
REQUEST_TIMEOUT = 30
# How often the library, which tries twice itself, sends a request whose nonce the authority does not know.
NONCE_TRIES = 4
# Token and content of a proof; without content it is to be taken away.
Publish = t.Callable[[str, str], None]


@dataclasses.dataclass(frozen=True)
class Wish:
    """Which certificate is wanted, from whom, and where it goes. ``timeout`` is of the whole order, in seconds."""

    directory: str
    names: tuple[str, ...]
    folder: Path
    name: str
    email: str | None
    ca_file: str | None
    renew_before_days: int
    timeout: int

    @property
    def record(self) -> Path:
        """File that says which authority the certificate is from."""
        return self.folder / f"{self.name}.json"


def renewal_time(certificate: x509.Certificate, days: int) -> datetime:
    """When a certificate is due: so many days before its end, but not before two thirds of its time are over."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return end - min(timedelta(days=days), (end - begin) / LEAST_SHARE)


def why_issue(pair: Pair | None, recorded: str | None, wish: Wish, now: datetime) -> str:
    """Return why a new certificate is needed; an empty text when the one that is there still serves."""
    if pair is None:
        return "it did not exist"
    if recorded != wish.directory:
        return "the authority changed"
    if not all(covers(pair.leaf, name) for name in wish.names):
        return "its names changed"
    if pair.leaf.not_valid_after_utc <= now:
        return "it has ended"
    if renewal_time(pair.leaf, wish.renew_before_days) <= now:
        return f"it ends on {pair.leaf.not_valid_after_utc:%Y-%m-%d}"
    return ""


def recorded_directory(wish: Wish) -> str | None:
    """Return the authority that the certificate in the folder is from; None when that is not known."""
    try:
        content = json.loads(wish.record.read_text())
    except (OSError, ValueError):
        return None
    return content.get("directory") if isinstance(content, dict) else None


class RenewalError(CertificateError):
    """A renewal failed, and the old certificate is still good."""

    def __init__(self, reason: str, pair: Pair) -> None:
        """``pair`` is the old one."""
        super().__init__(reason)
        self.pair = pair
        self.until = f"{pair.leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"


class Authority:
    """An authority that speaks ACME, and the account there."""

    def __init__(self, wish: Wish) -> None:
        """Connect, and make the account when there is none. CertificateError when that fails."""
        self.wish = wish
        self.key = josepy.JWKEC(key=account_key(wish.folder))
        network = connect(self.key, wish.ca_file)
        with told(wish):
            self.client = client.ClientV2(client.ClientV2.get_directory(wish.directory, network), network)
            try:
                self.client.new_account(
                    messages.NewRegistration.from_data(email=wish.email, terms_of_service_agreed=True)
                )
            except errors.ConflictError as error:
                # The account is there already.
                network.account = messages.RegistrationResource(uri=error.location, body=messages.Registration())

    def issue(self, publish: Publish) -> Pair:
        """Order a certificate with a key of its own, prove that the names are ours, and return both."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        domains, addresses = split_names(self.wish.names)
        deadline = datetime.now() + timedelta(seconds=self.wish.timeout)
        tokens: list[str] = []
        try:
            with told(self.wish):
                order = self.client.new_order(crypto_util.make_csr(pem, domains=domains, ipaddrs=addresses))
                for authorization in order.authorizations:
                    if authorization.body.status != messages.STATUS_VALID:
                        self.prove(authorization, publish, tokens)
                done = self.client.poll_and_finalize(order, deadline)
            chain = x509.load_pem_x509_certificates(done.fullchain_pem.encode())
        finally:
            for token in tokens:
                publish(token, "")
        return Pair(chain, key)

    def prove(self, authorization: t.Any, publish: Publish, tokens: list[str]) -> None:
        """Lay out the proof for one name, and have the authority look at it."""
        name = authorization.body.identifier.value
        offered = [entry for entry in authorization.body.challenges if isinstance(entry.chall, challenges.HTTP01)]
        if not offered:
            raise CertificateError(
                f"{self.wish.directory} offers no proof by HTTP for {name}: ask for names without a star, "
                "or use another authority"
            )
        response, content = offered[0].response_and_validation(self.key)
        token = offered[0].chall.encode("token")
        publish(token, content)
        tokens.append(token)
        self.client.answer_challenge(offered[0], response)


def connect(key: josepy.JWKEC, ca_file: str | None) -> client.ClientNetwork:
    """Return how an authority is spoken to, with the account's key."""

    class Patient(client.ClientNetwork):
        """Asks for a new nonce as often as an authority with several servers may need."""

        def post(self, *args: t.Any, **kwargs: t.Any) -> requests.Response:
            for _again in range(NONCE_TRIES - 1):
                try:
                    return super().post(*args, **kwargs)
                except messages.Error as error:
                    if error.code != "badNonce":
                        raise
            return super().post(*args, **kwargs)

    return Patient(
        key,
        alg=josepy.ES256,
        # requests takes the path of a file here, too.
        verify_ssl=t.cast(bool, ca_file or True),
        user_agent="fortytwo.ft_services acme_certificate",
        timeout=REQUEST_TIMEOUT,
    )


def split_names(names: t.Iterable[str]) -> tuple[list[str], list[ipaddress.IPv4Address | ipaddress.IPv6Address]]:
    """Return the DNS names, and the addresses."""
    domains, addresses = [], []
    for name in names:
        try:
            addresses.append(ipaddress.ip_address(name))
        except ValueError:
            domains.append(name.lower())
    return domains, addresses


def account_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key of the account, which is made when there is none."""
    path = folder / ACCOUNT_FILE
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        pem = serialization.Encoding.PEM
        write_private(path, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return key
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise CertificateError(f"{path} is damaged. Remove it: a new account is made") from error
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{path} holds no ECDSA key. Remove it: a new account is made")
    return found


@contextlib.contextmanager
def told(wish: Wish) -> t.Iterator[None]:
    """Turn what the library raises into a sentence that says what to do."""
    try:
        yield
    except errors.ValidationError as error:
        raise CertificateError("; ".join(refusals(error.failed_authzrs)) + advice(wish)) from error
    except errors.TimeoutError as error:
        raise CertificateError(
            f"{wish.directory} did not decide within {wish.timeout} s. Run again, or with a longer timeout"
        ) from error
    except errors.IssuanceError as error:
        raise CertificateError(f"{wish.directory} issued nothing: {problem(error.error)}") from error
    except messages.Error as error:
        raise CertificateError(f"{wish.directory} refused the order: {problem(error)}{hint(error)}") from error
    except requests.exceptions.SSLError as error:
        raise CertificateError(
            f"{wish.directory}: its own certificate is not trusted. With an authority of your own, "
            "name the file with its root as ca_file"
        ) from error
    except requests.exceptions.Timeout as error:
        raise CertificateError(f"{wish.directory} did not answer within {REQUEST_TIMEOUT} s") from error
    except (requests.exceptions.RequestException, errors.Error, josepy.errors.Error, KeyError, ValueError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise CertificateError(f"{wish.directory} gave no answer of ACME: {said}. Check the address") from error


def problem(error: messages.Error) -> str:
    """An authority's own words, and the protocol's name of the error."""
    inner = [f"{entry.identifier.value}: {problem(entry)}" for entry in error.subproblems or [] if entry.identifier]
    text = "; ".join([error.detail or error.description or "no reason given", *inner])
    return f"{text} ({error.code or error.typ})"


def hint(error: messages.Error) -> str:
    """What to do about refusals that nothing here can mend."""
    return {
        "rateLimited": ". Wait as long as it says; an order for the same names again and again only makes it longer",
        "invalidContact": ". Correct the address of e-mail",
        "externalAccountRequired": ". This authority has accounts that are made beforehand, which are not supported",
        "unsupportedIdentifier": ". Ask for a DNS name",
    }.get(error.code or "", "")


def refusals(authorizations: t.Iterable[t.Any]) -> list[str]:
    """What the authority saw when it looked for the proofs."""
    return [
        f"the proof for {entry.body.identifier.value} was not accepted: {problem(challenge.error)}"
        for entry in authorizations
        for challenge in entry.body.challenges
        if challenge.error is not None
    ]


def advice(wish: Wish) -> str:
    """What has to be true for a proof to be found."""
    return (
        f". The authority asks for http://{wish.names[0]}{WELL_KNOWN}... on port 80: the name has to lead to this "
        "platform, and that port has to be open from where the authority is. Mend that before the next try, as "
        "authorities count failures"
    )


def ensure(wish: Wish, publish: Publish, dry: bool) -> tuple[Pair | None, Pair | None, str]:
    """Return the pair before and after, and why there is a new one; with ``dry`` the new one is None."""
    now = datetime.now(UTC)
    before = read_installed(wish.folder, wish.name)
    reason = why_issue(before, recorded_directory(wish), wish, now)
    if not reason:
        return before, before, ""
    if dry:
        return before, None, reason
    private_folder(wish.folder, dry)
    try:
        after = Authority(wish).issue(publish)
    except CertificateError as error:
        if before is None or why_issue(before, recorded_directory(wish), wish, before.leaf.not_valid_before_utc):
            raise
        if before.leaf.not_valid_after_utc <= datetime.now(UTC):
            raise
        raise RenewalError(str(error), before) from error
    install(wish.folder, wish.name, after, dry)
    write_private(wish.record, json.dumps({"directory": wish.directory}).encode() + b"\n", 0o644)
    return before, after, reason
