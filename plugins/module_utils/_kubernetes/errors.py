# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes API errors mean. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.proxies import Proxy

# A webhook that does not answer yet: its pod starts, or its certificate is being put in place. A webhook that answers
# "denied" is a verdict, and never matches.
_WEBHOOK_DOWN = re.compile(r"failed calling webhook|conversion webhook for .* failed", re.DOTALL)
_SERVER_HICCUP = re.compile(r"etcdserver: |connection refused|connection reset|context deadline exceeded|i/o timeout")
# A verdict whatever its status: a webhook may choose any, also one that otherwise means "try again".
_DENIED = re.compile(r"denied (the )?request")
_OTHER_UID = re.compile(r"Precondition failed: UID in precondition")
_PRECONDITION = re.compile(r"Precondition failed: ")
# Kubernetes words this in many ways, one for each kind.
_IMMUTABLE = re.compile(
    r"is immutable|updates to \S+ spec for fields other than|pod updates may not change fields other than|"
    r"cannot change roleRef|updates to (parameters|provisioner|reclaimPolicy|volumeBindingMode) (is|are) forbidden",
    re.IGNORECASE,
)
_NOT_YET_THERE = re.compile(r'serviceaccount "[^"]*" not found')


class KubeError(Exception):
    """A request that failed: the API server's verdict, or no answer at all (status 0)."""

    def __init__(
        self,
        message: str,
        status: int = 0,
        reason: str = "",
        causes: list[dict[str, str]] | None = None,
        transient: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        """``transient``: worth another try; ``retry_after``: seconds that the server asks to wait before it."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason
        self.causes = causes or []
        self.transient = transient
        self.retry_after = retry_after

    @property
    def webhook_down(self) -> bool:
        """True when an admission or conversion webhook could not be asked."""
        return self.status == 500 and bool(_WEBHOOK_DOWN.search(self.message))

    @property
    def other_uid(self) -> bool:
        """True when the object to delete is gone, and another one has its name."""
        return self.status == 409 and bool(_OTHER_UID.search(self.message))

    @property
    def immutable(self) -> bool:
        """True when fields of the object that is there can never change: only a new object can have the new values."""
        return self.status == 422 and bool(_IMMUTABLE.search(self.message))

    @property
    def conflicts(self) -> list[tuple[str, str]]:
        """(manager, field) of every field that another field manager owns."""
        found = []
        for cause in self.causes:
            if cause.get("reason") == "FieldManagerConflict":
                name = re.search(r'conflict with "([^"]+)"', cause.get("message", ""))
                found.append((name.group(1) if name else "another manager", cause.get("field", "")))
        return found


class KubeConnectionError(KubeError):
    """The API server cannot be reached or does not let this user in: no object is to blame."""


def is_transient(status: int, reason: str, message: str, causes: list[dict[str, str]]) -> bool:
    """True when the same request may succeed a moment later."""
    if _DENIED.search(message) or _PRECONDITION.search(message):
        return False
    if status in (429, 502, 503, 504):
        return True
    if status == 500:
        # Errors without a reason are verdicts that the server forgot to classify, such as an unknown field in an apply.
        return reason in ("InternalError", "ServerTimeout") or bool(_SERVER_HICCUP.search(message))
    if status == 409:
        return not any(cause.get("reason") == "FieldManagerConflict" for cause in causes)
    if status == 403:
        terminating = any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
        return terminating or bool(_NOT_YET_THERE.search(message))
    return False


def error_of(status: int, data: bytes, headers: t.Mapping[str, str]) -> KubeError:
    """The error in an answer of status 400 or above."""
    try:
        body = json.loads(data)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {"message": data.decode(errors="replace").strip() or f"HTTP status {status}"}
    details = body.get("details") or {}
    causes = [cause for cause in details.get("causes") or [] if isinstance(cause, dict)]
    message, reason = str(body.get("message") or f"HTTP status {status}"), str(body.get("reason") or "")
    try:
        retry_after = float(headers.get("Retry-After") or details.get("retryAfterSeconds") or 0)
    except ValueError:
        retry_after = 0.0
    transient = is_transient(status, reason, message, causes)
    return KubeError(message, status, reason, causes, transient, min(retry_after, 10.0))


def warning_texts(headers: t.Mapping[str, str]) -> list[str]:
    """Texts of the server's Warning headers (code agent "text")."""
    value = headers.get("Warning") or ""
    return [text.replace('\\"', '"') for text in re.findall(r'299 \S+ "((?:[^"\\]|\\.)*)"', value)]


def through(proxy: Proxy | None) -> str:
    """The proxy in words for the middle of a sentence; empty without one."""
    return f" through the proxy {proxy.shown} ({proxy.source})" if proxy else ""


def connection_advice(error: Exception, proxy: Proxy | None = None, url: str = "") -> str:
    """Why a connection failed, and what to do, in one or two sentences."""
    # Without urllib3's own object names in front.
    text = re.sub(r"^HTTPS?Connection\w*\([^)]*\): ", "", str(error))
    if proxy:
        host = urlsplit(url).hostname or url
        return (
            f"{text}. If the cluster can be reached without the proxy, add {host} to NO_PROXY in the environment of "
            f"the task or to the option no_proxy. Otherwise check the proxy, and that it lets requests to {host} pass."
        )
    if "CERTIFICATE_VERIFY_FAILED" in text:
        if any(words in text for words in ("key usage", "Key Identifier", "Basic Constraints")):
            return (
                f"its certificate lacks what Python 3.13 and later demand ({text}). Renew the cluster's certificates."
            )
        return (
            f"its certificate is not trusted ({text}). The cluster was probably recreated: fetch its kubeconfig again."
        )
    if "refused" in text or "No route" in text or "timed out" in text or "unreachable" in text:
        return (
            f"{text}. Check that the cluster runs (for minikube: minikube status) and is the one meant; "
            "start it, or name another by the options kubeconfig and context."
        )
    return f"{text}. Check the cluster's address in the kubeconfig and the options kubeconfig and context."
