# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issues the certificates of a folder once more, with the same names, as if that had been some days ago.

Usage: age_certificates.py FOLDER DAYS. Prints the name of each, and the day on which it ends now.
"""

from __future__ import annotations

import pathlib
import sys
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def main() -> None:
    """Replace NAME.crt for all names but the CA's; keys stay."""
    folder, days = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    authority = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    if not isinstance(authority, ec.EllipticCurvePrivateKey):
        raise SystemExit(f"{folder}/ca.key holds no ECDSA key")
    begin = datetime.now(UTC) - timedelta(days=days)
    for path in sorted(folder.glob("*.crt")):
        if path.stem == "ca":
            continue
        old = x509.load_pem_x509_certificate(path.read_bytes())
        builder = (
            x509.CertificateBuilder()
            .subject_name(old.subject)
            .issuer_name(old.issuer)
            .public_key(old.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + (old.not_valid_after_utc - old.not_valid_before_utc))
        )
        for extension in old.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        new = builder.sign(authority, hashes.SHA256())
        path.write_bytes(new.public_bytes(serialization.Encoding.PEM))
        print(path.stem, new.not_valid_after_utc.date())


if __name__ == "__main__":
    main()
