# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of materials of an image, in the form of CycloneDX.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import json
import traceback
import typing as t
import uuid
import warnings
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.databases import Package
from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import too_old

CYCLONEDX_IMPORT_ERROR: str | None = None
try:
    from cyclonedx import __version__ as CYCLONEDX_VERSION
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import Tool
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL
except ImportError:
    CYCLONEDX_IMPORT_ERROR = traceback.format_exc()

SUFFIX = ".cdx.json"
# Another one makes all documents anew: raise it when the same image gives another list.
REVISION = 1
_VENDOR, _TOOL = "fortytwo.ft_services", "image_sbom"


def require_cyclonedx(module: AnsibleModule) -> None:
    """Fail with installation advice when the Python package is missing or too old."""
    if CYCLONEDX_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("cyclonedx-python-lib"), exception=CYCLONEDX_IMPORT_ERROR)
    problem = too_old("cyclonedx-python-lib", CYCLONEDX_VERSION, (11, 6, 0))
    if problem:
        module.fail_json(msg=problem)


def serial_of(image_id: str, reference: str | None) -> str:
    """The document's serial number: the same for as long as it would say the same."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{_VENDOR}/{_TOOL}/{REVISION}/{reference}/{image_id}").urn


def serial_in(path: Path) -> str | None:
    """The serial number of the document in a file; None where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get("serialNumber")
    except (OSError, ValueError, AttributeError):
        return None
    return str(found) if found else None


def document(
    image_id: str, reference: str | None, distribution: tuple[str, str], packages: t.Sequence[Package]
) -> bytes:
    """The document about an image, with all its packages, as JSON."""
    name, version = _name_and_version(reference or image_id)
    image = Component(
        name=name,
        version=version,
        type=ComponentType.CONTAINER,
        bom_ref=image_id,
        properties=[Property(name="image:id", value=image_id)],
    )
    parts = [_component(*row) for row in sorted(_by_purl(packages).items())]
    if distribution[0]:
        system = Component(
            name=distribution[0],
            version=distribution[1] or None,
            type=ComponentType.OPERATING_SYSTEM,
            bom_ref=f"os:{distribution[0]}",
        )
        parts.insert(0, system)
    bom = Bom(components=parts, serial_number=uuid.UUID(serial_of(image_id, reference)))
    bom.metadata.component = image
    bom.metadata.tools.tools.add(Tool(vendor=_VENDOR, name=_TOOL, version=str(REVISION)))
    bom.register_dependency(image, parts)
    with warnings.catch_warnings():
        # It misses which package needs which: that is not looked into.
        warnings.simplefilter("ignore")
        text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return f"{text}\n".encode()


def _name_and_version(reference: str) -> tuple[str, str | None]:
    name, colon, tag = reference.rpartition(":")
    return (name, tag) if colon and "/" not in tag and not reference.startswith("sha256:") else (reference, None)


def _by_purl(packages: t.Sequence[Package]) -> dict[str, list[Package]]:
    """What several files tell of is one package of the image."""
    found: dict[str, list[Package]] = {}
    for package in packages:
        found.setdefault(_purl(package).to_string(), []).append(package)
    return found


def _purl(package: Package) -> PackageURL:
    if package.repacks:
        return PackageURL.from_string(package.repacks)
    qualifiers = {key: text for key, text in package.qualifiers.items() if text}
    if package.origin:
        # The key by which scanners find what is published about the source.
        qualifiers["upstream"] = package.origin
    return PackageURL(
        package.kind, package.namespace or None, package.name, package.version or None, qualifiers or None
    )


def _component(purl: str, packages: list[Package]) -> Component:
    first = packages[0]
    places = dict.fromkeys(package.found_in for package in packages if package.found_in)
    return Component(
        name=first.name,
        group=first.namespace if first.kind in ("composer", "golang") and first.namespace else None,
        version=first.version or None,
        type=ComponentType.LIBRARY,
        bom_ref=purl,
        purl=PackageURL.from_string(purl),
        licenses=[LicenseFactory().make_from_string(first.license)] if first.license else None,
        properties=[Property(name="image:found_in", value=place) for place in places],
    )
