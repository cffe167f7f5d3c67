"""What a model lacks to be asked on this machine: its package, its key, its address, its region."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from corpus.errors import ModelError, UsageError, VouchError
from rag.models.cards import ModelCard, ModelSettings
from rag.models.vendors import VENDORS, address_of, module_of

AZURE_VERSION_ENV = "OPENAI_API_VERSION"
"""The variable that holds the version of Azure's API, where ``options`` names none."""


def missing(card: ModelCard, settings: ModelSettings, key: str) -> VouchError | None:
    """Returns what a model lacks to be asked on this machine, its package, key or address; None when nothing."""
    vendor = VENDORS[card.provider]
    if importlib.util.find_spec(module_of(vendor)) is None:
        return ModelError(
            f"{card.name} needs the package {vendor.package}, which is not installed.",
            code="model_not_installed",
            hint=f"Install it: {pip()} install {vendor.package}",
        )
    variable = settings.api_key_env or next(iter(vendor.keys), "")
    if variable and not key:
        return ModelError(
            f"{card.name} needs a key, and the environment variable {variable} is not set.",
            code="model_no_key",
            hint=f"export {variable}=…, or name a file in api_key_file.",
        )
    if card.provider == "bedrock":
        return _missing_of_bedrock(card.name, settings)
    if card.provider == "azure" and not (
        settings.options.get("api_version") or os.environ.get(AZURE_VERSION_ENV)
    ):
        return UsageError(
            f"[models.{card.name}] names no version of Azure's API.",
            code="bad_setting",
            hint=f'Say it: options = {{ api_version = "2024-10-21" }}, or export {AZURE_VERSION_ENV}=…',
        )
    if card.provider in ("azure", "openai-compatible") and not address_of(settings):
        other = f", or export {vendor.base_url_env}=…" if vendor.base_url_env else ""
        example = "https://NAME.openai.azure.com" if card.provider == "azure" else "http://127.0.0.1:8001/v1"
        return UsageError(
            f"[models.{card.name}] has no base_url.",
            code="bad_setting",
            hint=f'For example base_url = "{example}"{other}.',
        )
    return None


def _missing_of_bedrock(name: str, settings: ModelSettings) -> VouchError | None:
    import boto3

    if not region_of(settings):
        return UsageError(
            f"{name} needs a region of AWS, and none is set.",
            code="bad_setting",
            hint='export AWS_REGION=eu-central-1, or options = { region_name = "eu-central-1" }.',
        )
    profile = settings.options.get("credentials_profile_name")
    if os.environ.get("AWS_BEARER_TOKEN_BEDROCK") or settings.options.get("aws_access_key_id"):
        return None
    try:
        found = boto3.Session(profile_name=profile).get_credentials()
    except Exception as error:  # a profile that there is not, a file that cannot be read
        return ModelError(
            f"The credentials of {name} cannot be read: {error}", code="model_no_key", hint="aws configure"
        )
    if found is None:
        return ModelError(
            f"{name} needs credentials of AWS, and there are none.",
            code="model_no_key",
            hint="export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…, or AWS_PROFILE=…, or run: aws configure",
        )
    return None


def region_of(settings: ModelSettings) -> str:
    """Returns the region of AWS that a model is asked in, "" where none is set."""
    import boto3

    own = settings.options.get("region_name") or os.environ.get("AWS_REGION")
    try:
        return str(own or boto3.Session().region_name or "")
    except Exception:  # AWS_PROFILE names a profile that there is not; the credentials say so
        return ""


def pip() -> str:
    """Returns the pip of this program's environment, where that lies below the working folder: the pip that a shell
    finds is another's there. Elsewhere ``pip``, since a hint may go over HTTP and no path of this machine does.
    """
    own = Path(sys.prefix)
    below = own.is_relative_to(Path.cwd()) and os.environ.get("VIRTUAL_ENV") != str(own)
    return f"{(own / 'bin' / 'pip').relative_to(Path.cwd())}" if below else "pip"
